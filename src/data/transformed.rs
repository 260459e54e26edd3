//! Sets made from images, rotated, shifted or noisy, as in the paper's experiments.

use super::pixels::round;
use super::{Dataset, Scaling, ScalingKind, Values};
use crate::error::{Error, Result};
use crate::random::{Generator, Stream};
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;

/// The first step of [`Stream::Synthetic`] that noise uses; those before it are for the curves.
const NOISE: u64 = 1 << 32;

/// Each of the images `rows` rotated anticlockwise about its centre by k `degrees` / `count` for k
/// = 0, 1, ..., `count` - 1, image after image. Values between pixels are bilinear, what lies
/// outside of an image is `background`. The angles in degrees become [`Dataset::parameter`].
///
/// # Errors
/// When the samples are no images, or there is no such row.
pub fn rotated(
    data: &Dataset,
    rows: &[usize],
    count: usize,
    degrees: f64,
    background: f32,
) -> Result<Dataset> {
    let angles: Vec<f32> = (0..count)
        .map(|at| (degrees * at as f64 / count as f64) as f32)
        .collect();
    warped(data, rows, &angles, background, |angle, [x, y]| {
        let (sin, cos) = f64::from(angle).to_radians().sin_cos();
        [cos * x - sin * y, sin * x + cos * y]
    })
}

/// Each of the images `rows` scaled about its centre by `scale` and moved to the right by each of
/// `shifts` pixels, image after image. Values between pixels are bilinear, what lies outside of an
/// image is `background`. The shifts become [`Dataset::parameter`].
///
/// # Errors
/// When the samples are no images, or there is no such row.
pub fn shifted(
    data: &Dataset,
    rows: &[usize],
    shifts: &[f32],
    scale: f64,
    background: f32,
) -> Result<Dataset> {
    warped(data, rows, shifts, background, |shift, [x, y]| {
        [(x - f64::from(shift)) / scale, y / scale]
    })
}

/// The data in the unit range (as [`ScalingKind::Unit`] brings them there), as floats, with
/// Gaussian noise of standard deviation `deviation` in every value; cut off at 0 and 1 where
/// `clamp` says so. The noise of a sample depends on `seed` and on its place only.
pub fn noisy(data: &Dataset, deviation: f64, clamp: bool, seed: u64) -> Dataset {
    let mut values = Scaling::fit(ScalingKind::Unit, data).apply(&data.values);
    values
        .par_chunks_exact_mut(data.features())
        .enumerate()
        .for_each(|(sample, values)| {
            let mut generator = Generator::new(seed, Stream::Synthetic, NOISE + sample as u64);
            for value in values {
                let noisy =
                    *value + (deviation * generator.sample::<f64, _>(StandardNormal)) as f32;
                *value = if clamp { noisy.clamp(0.0, 1.0) } else { noisy };
            }
        });
    let (labels, parameter) = (data.labels.clone(), data.parameter.clone());
    Dataset {
        samples: data.samples,
        shape: data.shape.clone(),
        values: Values::Floats(values.into()),
        labels,
        parameter,
    }
}

/// Copies of images in which each pixel comes from where `source` says, in pixels to the right of
/// and below the centre, for each parameter.
fn warped(
    data: &Dataset,
    rows: &[usize],
    parameters: &[f32],
    background: f32,
    source: impl Fn(f32, [f64; 2]) -> [f64; 2] + Sync,
) -> Result<Dataset> {
    let [_, height, width] = *data.shape.as_slice() else {
        return Err(Error::input(format!(
            "only images can be moved, but the samples have the shape {:?}",
            data.shape
        )));
    };
    if let Some(row) = rows.iter().find(|&&row| row >= data.samples) {
        return Err(Error::input(format!(
            "there is no image {row}: the {} images count from 0",
            data.samples
        )));
    }
    let (area, n) = (height * width, data.features());
    let centre = [(width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0];
    let pairs: Vec<(usize, f32)> = rows
        .iter()
        .flat_map(|&row| parameters.iter().map(move |&parameter| (row, parameter)))
        .collect();
    let images = pairs.par_iter().flat_map_iter(|&(row, parameter)| {
        let places: Vec<[f64; 2]> = (0..area)
            .map(|at| {
                let offset = [
                    (at % width) as f64 - centre[0],
                    (at / width) as f64 - centre[1],
                ];
                let [x, y] = source(parameter, offset);
                [x + centre[0], y + centre[1]]
            })
            .collect();
        let mut image = vec![0.0; n];
        data.values.copy_floats(row * n, &mut image);
        image
            .chunks_exact(area)
            .flat_map(|plane| {
                places
                    .iter()
                    .map(|&place| bilinear(plane, height, width, place, background))
            })
            .collect::<Vec<f32>>()
    });
    let values = match data.values {
        Values::Bytes(_) => Values::Bytes(images.map(round).collect::<Vec<_>>().into()),
        _ => Values::Floats(images.collect::<Vec<_>>().into()),
    };
    Ok(Dataset {
        samples: pairs.len(),
        shape: data.shape.clone(),
        values,
        labels: data
            .labels
            .as_ref()
            .map(|labels| pairs.iter().map(|&(row, _)| labels[row]).collect()),
        parameter: Some(pairs.iter().map(|&(_, parameter)| parameter).collect()),
    })
}

fn bilinear(plane: &[f32], height: usize, width: usize, [x, y]: [f64; 2], background: f32) -> f32 {
    let pixel = |x: f64, y: f64| {
        let inside = x >= 0.0 && y >= 0.0 && x < width as f64 && y < height as f64;
        if inside {
            plane[y as usize * width + x as usize]
        } else {
            background
        }
    };
    let (left, top) = (x.floor(), y.floor());
    let (right, down) = ((x - left) as f32, (y - top) as f32);
    let row = |y: f64| (1.0 - right) * pixel(left, y) + right * pixel(left + 1.0, y);
    (1.0 - down) * row(top) + down * row(top + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(pixels: &[u8], shape: [usize; 3]) -> Dataset {
        let samples = pixels.len() / shape.iter().product::<usize>();
        let labels = Some((0..samples as u32).collect());
        Dataset {
            samples,
            shape: shape.to_vec(),
            values: Values::Bytes(pixels.to_vec().into()),
            labels,
            parameter: None,
        }
    }

    #[test]
    fn quarter_turns_are_exact() {
        let data = image(
            &[1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            [1, 3, 3],
        );
        let turned = rotated(&data, &[1, 0], 4, 360.0, 0.0).unwrap();
        assert_eq!(
            turned.parameter,
            Some(vec![0.0, 90.0, 180.0, 270.0, 0.0, 90.0, 180.0, 270.0])
        );
        assert_eq!(turned.labels, Some(vec![1, 1, 1, 1, 0, 0, 0, 0]));
        let Values::Bytes(pixels) = turned.values else {
            panic!("floats")
        };
        let expected = [
            [1, 2, 3, 4, 5, 6, 7, 8, 9],
            [3, 6, 9, 2, 5, 8, 1, 4, 7],
            [9, 8, 7, 6, 5, 4, 3, 2, 1],
            [7, 4, 1, 8, 5, 2, 9, 6, 3],
        ];
        assert_eq!(pixels.whole()[36..], expected.concat());
    }

    #[test]
    fn an_eighth_of_a_turn_mixes_neighbours_and_background() {
        let data = image(&[255; 9], [1, 3, 3]);
        let Values::Bytes(pixels) = rotated(&data, &[0], 4, 180.0, 0.0).unwrap().values else {
            panic!("floats")
        };
        let turned = &pixels.whole()[9..18];
        assert_eq!(turned[4], 255);
        // The corner comes from 1.41 pixels above the centre, 0.41 outside.
        assert_eq!(
            turned[0],
            (255.0_f64 * (2.0 - 2.0_f64.sqrt())).round() as u8
        );
    }

    #[test]
    fn shifts_go_to_the_right_and_scales_shrink() {
        let data = image(&[0, 0, 9, 0, 0], [1, 1, 5]);
        let moved = shifted(&data, &[0], &[-1.0, 0.0, 2.0, 3.0], 1.0, 1.0).unwrap();
        assert_eq!(moved.parameter, Some(vec![-1.0, 0.0, 2.0, 3.0]));
        let expected = [
            [0, 9, 0, 0, 1],
            [0, 0, 9, 0, 0],
            [1, 1, 0, 0, 9],
            [1, 1, 1, 0, 0],
        ];
        assert_eq!(moved.values, Values::Bytes(expected.concat().into()));
        let small = shifted(&image(&[8, 0, 9, 0, 8], [1, 1, 5]), &[0], &[0.0], 0.5, 0.0).unwrap();
        assert_eq!(small.values, Values::Bytes(vec![0, 8, 9, 8, 0].into()));
        assert!(
            shifted(&data, &[1], &[0.0], 1.0, 0.0)
                .unwrap_err()
                .to_string()
                .contains("no image 1")
        );
    }

    #[test]
    fn noise_has_its_deviation_and_follows_the_seed_and_the_place() {
        let data = image(&[128; 20_000], [1, 100, 100]);
        let floats = |data: Dataset| data.values.to_floats();
        let noise: Vec<f64> = floats(noisy(&data, 0.1, false, 3))
            .iter()
            .map(|v| f64::from(*v) - 128.0 / 255.0)
            .collect();
        let deviation = (noise.iter().map(|v| v * v).sum::<f64>() / noise.len() as f64).sqrt();
        assert!((deviation - 0.1).abs() < 0.002, "{deviation}");
        assert_eq!(
            floats(noisy(&data, 0.1, false, 3))[..10_000],
            floats(noisy(&data.take(1), 0.1, false, 3))[..]
        );
        assert_ne!(noisy(&data, 0.1, false, 3), noisy(&data, 0.1, false, 4));
        assert!(
            floats(noisy(&data, 1.0, true, 3))
                .iter()
                .all(|value| (0.0..=1.0).contains(value))
        );
    }
}
