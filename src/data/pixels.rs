//! Changes to images as they are read: transposed, cropped, resized, greyed, inverted.

use super::{Dataset, Values};
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::path::Path;

/// Changes to every image, made in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adjustments {
    /// Rows become columns, for images that were stored column by column.
    pub transpose: bool,
    /// Side in pixels of the square in the middle that is kept.
    pub crop: Option<usize>,
    /// Height and width to resize to. A pixel becomes the mean of the area that it covers (box
    /// filter).
    pub size: Option<[usize; 2]>,
    /// Height and width that images are brought to by a centre crop to these proportions, as large
    /// as it can be, and a resize by the box filter.
    pub cover: Option<[usize; 2]>,
    /// One channel, the luma 0.299 R + 0.587 G + 0.114 B; a fourth channel is dropped.
    pub grey: bool,
    /// 255 - value of bytes, 1 - value of floats.
    pub invert: bool,
}

impl Adjustments {
    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether height and width are what was asked for, whatever the image.
    pub(super) fn sets_size(&self) -> bool {
        self.crop.is_some() || self.size.is_some() || self.cover.is_some()
    }

    /// `data` with every image changed.
    ///
    /// # Errors
    /// When the samples are no images or are smaller than the crop; `source` names them.
    pub fn apply(&self, data: Dataset, source: &Path) -> Result<Dataset> {
        if self.is_empty() {
            return Ok(data);
        }
        let [channels, height, width] = *data.shape.as_slice() else {
            return Err(Error::input(format!(
                "{} holds vectors of {} features, not images: say what they are images of with --shape HEIGHTxWIDTH",
                source.display(),
                data.features()
            )));
        };
        let shape = [channels, height, width];
        let sentence = |what| Error::input(format!("{} {what}", source.display()));
        let after = self.shape_after(shape).map_err(sentence)?;
        let values = match data.values {
            Values::Bytes(values) => Values::Bytes(
                self.each(&values.whole(), shape, f32::from, 255.0, round)
                    .into(),
            ),
            values => {
                let values = values.to_floats();
                Values::Floats(
                    self.each(&values, shape, |value| value, 1.0, |value| value)
                        .into(),
                )
            }
        };
        Ok(Dataset {
            shape: after.to_vec(),
            values,
            ..data
        })
    }

    /// One image [channels, height, width] of bytes, or of floats from 0 to 65535, changed. An error
    /// is the end of a sentence that begins with the image's name.
    pub(super) fn image(
        &self,
        pixels: Values,
        shape: [usize; 3],
    ) -> Result<(Values, [usize; 3]), String> {
        if self.is_empty() {
            return Ok((pixels, shape));
        }
        let after = self.shape_after(shape)?;
        let pixels = match pixels {
            Values::Bytes(pixels) => Values::Bytes(
                self.each(&pixels.whole(), shape, f32::from, 255.0, round)
                    .into(),
            ),
            pixels => {
                let pixels = pixels.to_floats();
                Values::Floats(
                    self.each(&pixels, shape, |value| value, 65535.0, |value| value)
                        .into(),
                )
            }
        };
        Ok((pixels, after))
    }

    fn each<T: Copy + Send + Sync>(
        &self,
        values: &[T],
        shape: [usize; 3],
        read: impl Fn(T) -> f32 + Sync,
        peak: f32,
        write: impl Fn(f32) -> T + Sync,
    ) -> Vec<T> {
        let images = values.par_chunks_exact(shape.iter().product());
        let changed = images.flat_map_iter(|image| {
            let image = image.iter().map(|&value| read(value)).collect();
            self.change(image, shape, peak).into_iter().map(&write)
        });
        changed.collect()
    }

    /// The shape that an image of `shape` gets.
    fn shape_after(&self, shape: [usize; 3]) -> Result<[usize; 3], String> {
        let [mut channels, mut height, mut width] = shape;
        if self.transpose {
            (height, width) = (width, height);
        }
        if let Some(side) = self.crop {
            if side == 0 || side > height.min(width) {
                return Err(format!(
                    "has images of {height} x {width} pixels, of which no square of {side} can be cropped"
                ));
            }
            (height, width) = (side, side);
        }
        if let Some([rows, columns]) = self.size {
            if rows == 0 || columns == 0 {
                return Err("cannot be resized to nothing: a size is at least 1".into());
            }
            (height, width) = (rows, columns);
        }
        if let Some([rows, columns]) = self.cover {
            if rows == 0 || columns == 0 {
                return Err("cannot be resized to nothing: a size is at least 1".into());
            }
            (height, width) = (rows, columns);
        }
        if self.grey {
            channels = 1;
        }
        Ok([channels, height, width])
    }

    /// The image itself, once [`Self::shape_after`] has accepted its shape.
    fn change(
        &self,
        mut image: Vec<f32>,
        [channels, mut height, mut width]: [usize; 3],
        peak: f32,
    ) -> Vec<f32> {
        if self.transpose {
            image = planes(&image, height * width, |plane| {
                (0..height * width)
                    .map(|at| plane[at % height * width + at / height])
                    .collect()
            });
            (height, width) = (width, height);
        }
        if let Some(side) = self.crop {
            image = middle(&image, [height, width], [side, side]);
            (height, width) = (side, side);
        }
        if let Some(size) = self.size {
            image = resized(&image, [height, width], size);
            [height, width] = size;
        }
        if let Some(size) = self.cover {
            let part = largest_part([height, width], size);
            image = resized(&middle(&image, [height, width], part), part, size);
            [height, width] = size;
        }
        if self.grey && channels >= 3 {
            let pixels = height * width;
            let luma = |at: usize| {
                0.299 * image[at] + 0.587 * image[pixels + at] + 0.114 * image[2 * pixels + at]
            };
            image = (0..pixels).map(luma).collect();
        }
        if self.invert {
            image.iter_mut().for_each(|value| *value = peak - *value);
        }
        image
    }
}

/// The nearest byte.
pub(super) fn round(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

fn planes(image: &[f32], pixels: usize, change: impl Fn(&[f32]) -> Vec<f32>) -> Vec<f32> {
    image.chunks_exact(pixels).flat_map(change).collect()
}

/// The `part` [rows, columns] in the middle of every plane of an image.
fn middle(image: &[f32], [height, width]: [usize; 2], [rows, columns]: [usize; 2]) -> Vec<f32> {
    let (top, left) = ((height - rows) / 2, (width - columns) / 2);
    planes(image, height * width, |plane| {
        (top..top + rows)
            .flat_map(|row| plane[row * width + left..][..columns].iter().copied())
            .collect()
    })
}

/// Height and width of the largest part of an image that has the proportions of `size`, about.
fn largest_part([height, width]: [usize; 2], [rows, columns]: [usize; 2]) -> [usize; 2] {
    let share = |part: usize, whole: usize, of: usize| {
        let rounded = (2 * part * of + whole) / (2 * whole);
        rounded.max(1)
    };
    if height * columns > width * rows {
        [share(rows, columns, width).min(height), width]
    } else {
        [height, share(columns, rows, height).min(width)]
    }
}

/// Every plane of an image resized.
fn resized(image: &[f32], [height, width]: [usize; 2], [rows, columns]: [usize; 2]) -> Vec<f32> {
    if [height, width] == [rows, columns] {
        return image.to_vec();
    }
    let (down, across) = (coverage(height, rows), coverage(width, columns));
    planes(image, height * width, |plane| {
        resize(plane, width, &down, &across)
    })
}

/// For each of `new` pixels in a row, the first of `old` pixels that it covers and the share of
/// each; shares sum to 1.
fn coverage(old: usize, new: usize) -> Vec<(usize, Vec<f32>)> {
    let span = |at: usize| {
        // In units of 1/new of an old pixel, so that nothing is rounded.
        let (start, end) = (at * old, (at + 1) * old);
        let first = start / new;
        let shares = (first..end.div_ceil(new)).map(|pixel| {
            let covered = end.min((pixel + 1) * new) - start.max(pixel * new);
            covered as f32 / old as f32
        });
        (first, shares.collect())
    };
    (0..new).map(span).collect()
}

fn resize(
    plane: &[f32],
    width: usize,
    down: &[(usize, Vec<f32>)],
    across: &[(usize, Vec<f32>)],
) -> Vec<f32> {
    let mut resized = Vec::with_capacity(down.len() * across.len());
    for (top, heights) in down {
        for (left, widths) in across {
            let mut sum = 0.0;
            for (row, height) in heights.iter().enumerate() {
                let pixels = &plane[(top + row) * width + left..][..widths.len()];
                sum += height
                    * pixels
                        .iter()
                        .zip(widths)
                        .map(|(pixel, share)| pixel * share)
                        .sum::<f32>();
            }
            resized.push(sum);
        }
    }
    resized
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::RngExt;

    fn changed(adjustments: &Adjustments, shape: &[usize], values: Values) -> Result<Dataset> {
        let samples = values.len() / shape.iter().product::<usize>();
        let data = Dataset {
            samples,
            shape: shape.to_vec(),
            values,
            labels: None,
            parameter: None,
        };
        adjustments.apply(data, Path::new("x.npy"))
    }

    #[test]
    fn each_change_does_what_it_says() {
        let image: Vec<u8> = (0..12).map(|at| at * 10).collect();
        let case = |adjustments: Adjustments| {
            changed(
                &adjustments,
                &[1, 3, 4],
                Values::Bytes(image.clone().into()),
            )
            .unwrap()
        };
        let turned = case(Adjustments {
            transpose: true,
            ..Default::default()
        });
        assert_eq!(turned.shape, [1, 4, 3]);
        assert_eq!(
            turned.values,
            Values::Bytes(vec![0, 40, 80, 10, 50, 90, 20, 60, 100, 30, 70, 110].into())
        );
        let cropped = case(Adjustments {
            crop: Some(2),
            ..Default::default()
        });
        assert_eq!(
            (cropped.shape, cropped.values),
            (vec![1, 2, 2], Values::Bytes(vec![10, 20, 50, 60].into()))
        );
        let halved = case(Adjustments {
            size: Some([3, 2]),
            ..Default::default()
        });
        assert_eq!(
            halved.values,
            Values::Bytes(vec![5, 25, 45, 65, 85, 105].into())
        );
        // Three rows to two: one and a half rows each.
        let fraction = case(Adjustments {
            size: Some([2, 1]),
            ..Default::default()
        });
        assert_eq!(fraction.values, Values::Bytes(vec![28, 82].into()));
        let inverted = case(Adjustments {
            invert: true,
            ..Default::default()
        });
        assert_eq!(inverted.values.get(11), 145.0);
        let colours = Values::Bytes(vec![255, 0, 0, 0, 255, 0, 0, 0, 255].into());
        let grey = changed(
            &Adjustments {
                grey: true,
                ..Default::default()
            },
            &[3, 1, 3],
            colours,
        )
        .unwrap();
        assert_eq!(
            (grey.shape, grey.values),
            (vec![1, 1, 3], Values::Bytes(vec![76, 150, 29].into()))
        );
    }

    #[test]
    fn what_cannot_be_changed_is_said() {
        let refuse = |adjustments: &Adjustments, shape: &[usize]| {
            let values = Values::Floats(vec![0.0; shape.iter().product()].into());
            changed(adjustments, shape, values).unwrap_err().to_string()
        };
        let crop = Adjustments {
            crop: Some(3),
            ..Default::default()
        };
        assert!(
            refuse(&crop, &[1, 2, 4])
                .contains("x.npy has images of 2 x 4 pixels, of which no square of 3")
        );
        assert!(refuse(&crop, &[8]).contains("--shape"));
        let nothing = Adjustments {
            size: Some([0, 1]),
            ..Default::default()
        };
        assert!(refuse(&nothing, &[1, 2, 4]).contains("at least 1"));
    }

    proptest! {
        /// Resizing keeps the mean and never leaves the range, up or down.
        #[test]
        fn a_box_filter_keeps_the_mean(old in 1_usize..40, new in 1_usize..40, seed in any::<u64>()) {
            let mut generator = crate::random::Generator::new(seed, crate::random::Stream::Test, 0);
            let row: Vec<f32> = (0..old).map(|_| generator.random()).collect();
            let shares = coverage(old, new);
            let resized = resize(&row, old, &[(0, vec![1.0])], &shares);
            let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
            prop_assert!((mean(&row) - mean(&resized)).abs() < 1e-5);
            prop_assert!(shares.iter().all(|(first, shares)| first + shares.len() <= old));
            prop_assert!(shares.iter().all(|(_, shares)| (shares.iter().sum::<f32>() - 1.0).abs() < 1e-5));
        }
    }
}
