//! Windows of images as columns of a matrix, and back: what the convolutions' CPU kernels multiply.

use super::Float;
use super::lines::with_known;
use crate::engine::ops::Geometry;
use crate::net::Sides;
use std::ops::Range;

/// Values of a matrix of windows, about: as many as stay in a core's cache until they are
/// multiplied.
const VALUES: usize = 1 << 17;
/// Columns of a matrix of windows, about: enough for products to run at their full rate.
const COLUMNS: std::ops::RangeInclusive<usize> = 64..=512;

/// Images whose windows are multiplied at once.
pub(super) fn images_at_once(geometry: &Geometry) -> usize {
    (VALUES / geometry.terms())
        .clamp(*COLUMNS.start(), *COLUMNS.end())
        .div_ceil(geometry.positions())
}

/// An image, with zeros around it, in planes of the pixels whose places are alike modulo the
/// stride. A row of a matrix of windows, which is what one place of the kernel sees, lies in one of
/// them, as lines without gaps.
#[derive(Clone, Copy)]
struct Planes {
    geometry: Geometry,
    /// Planes along each side.
    phases: Sides,
    height: usize,
    width: usize,
}

impl Planes {
    fn new(geometry: &Geometry) -> Self {
        let Geometry {
            output_height,
            output_width,
            kernel,
            stride,
            ..
        } = *geometry;
        let beyond = kernel.map(|side| (side - 1) / stride);
        Self {
            geometry: *geometry,
            phases: kernel.map(|side| side.min(stride)),
            height: output_height + beyond.height,
            width: output_width + beyond.width,
        }
    }

    fn len(&self) -> usize {
        self.phases.area() * self.height * self.width
    }

    /// Where the lines begin that the kernel's (row, column) sees.
    fn start(&self, ky: usize, kx: usize) -> usize {
        let stride = self.geometry.stride;
        let plane = ky % stride * self.phases.width + kx % stride;
        (plane * self.height + ky / stride) * self.width + kx / stride
    }

    /// For a side of the image, with as many phases and so much padding: every phase with its first
    /// pixel, that pixel's place in the plane, and how many pixels there are.
    fn pixels(
        &self,
        [size, plane]: [usize; 2],
        [phases, padding]: [usize; 2],
    ) -> impl Iterator<Item = (usize, usize, usize)> {
        let stride = self.geometry.stride;
        (0..phases).map(move |phase| {
            let first = (phase + stride - padding % stride) % stride;
            let place = (first + padding) / stride;
            (
                first,
                place,
                size.saturating_sub(first)
                    .div_ceil(stride)
                    .min(plane.saturating_sub(place)),
            )
        })
    }

    /// Calls `line(first pixel, first place in the planes, pixels)` for the pixels of a channel
    /// that windows see: each is `stride` away from the one before in the channel, and next to it
    /// in the planes.
    #[inline(always)]
    fn lines(&self, mut line: impl FnMut(usize, usize, usize)) {
        let (g, phases) = (&self.geometry, self.phases);
        let down = self.pixels([g.height, self.height], [phases.height, g.padding.height]);
        for (plane_row, (first_y, place_y, rows)) in down.enumerate() {
            let across = self.pixels([g.width, self.width], [phases.width, g.padding.width]);
            for (plane_column, (first_x, place_x, columns)) in across.enumerate() {
                let plane = plane_row * phases.width + plane_column;
                for i in 0..rows {
                    let from = (first_y + i * g.stride) * g.width + first_x;
                    line(
                        from,
                        (plane * self.height + place_y + i) * self.width + place_x,
                        columns,
                    );
                }
            }
        }
    }
}

/// Updates the lines of an output in `to` by those in `from`, each with its pitch.
#[inline(always)]
fn each_line<T: Float>(
    to: (&mut [T], usize),
    from: (&[T], usize),
    geometry: &Geometry,
    update: impl Fn(&mut T, T),
) {
    let lines =
        to.0.chunks_mut(to.1)
            .zip(from.0.chunks(from.1))
            .take(geometry.output_height);
    with_known(
        geometry.output_width,
        #[inline(always)]
        |width| {
            for (to, from) in lines {
                to[..width]
                    .iter_mut()
                    .zip(&from[..width])
                    .for_each(|(to, from)| update(to, *from));
            }
        },
    );
}

/// Values that [`im2col`] and [`col2im`] need for each image besides the matrix.
pub(super) fn planes_of_image(geometry: &Geometry) -> usize {
    Planes::new(geometry).len()
}

/// Writes the windows of `images` [images, inputs, height, width] into `matrix` [channels *
/// kernel area, images * positions].
#[inline(always)]
pub(super) fn im2col<T: Float>(
    images: &[T],
    geometry: &Geometry,
    channels: Range<usize>,
    matrix: &mut [T],
    memory: &mut [T],
) {
    let planes = Planes::new(geometry);
    let Geometry {
        height,
        width,
        kernel,
        stride,
        output_width,
        ..
    } = *geometry;
    let positions = geometry.positions();
    let pitch = images.len() / geometry.image() * positions;
    // What lies beyond the image stays zero for every channel.
    memory.fill(T::default());
    for (channel, rows) in channels.zip(matrix.chunks_mut(kernel.area() * pitch)) {
        for (image, planes_of_image) in images
            .chunks(geometry.image())
            .zip(memory.chunks_mut(planes.len()))
        {
            let image = &image[channel * height * width..][..height * width];
            planes.lines(|from, to, len| {
                if len > 0 {
                    let from = &image[from..][..(len - 1) * stride + 1];
                    let to = &mut planes_of_image[to..][..len];
                    match stride {
                        1 => to.copy_from_slice(from),
                        2 => to
                            .iter_mut()
                            .zip(from.iter().step_by(2))
                            .for_each(|(to, from)| *to = *from),
                        _ => to
                            .iter_mut()
                            .zip(from.iter().step_by(stride))
                            .for_each(|(to, from)| *to = *from),
                    }
                }
            });
        }
        for (place, row) in rows.chunks_mut(pitch).enumerate() {
            let start = planes.start(place / kernel.width, place % kernel.width);
            for (to, from) in row.chunks_mut(positions).zip(memory.chunks(planes.len())) {
                each_line(
                    (to, output_width),
                    (&from[start..], planes.width),
                    geometry,
                    |to, from| *to = from,
                );
            }
        }
    }
}

/// Adds windows to the images that they were taken from, the adjoint of [`im2col`], and
/// `shift(image, channel)` to every pixel.
#[inline(always)]
pub(super) fn col2im<T: Float>(
    matrix: &[T],
    geometry: &Geometry,
    images: &mut [T],
    memory: &mut [T],
    shift: impl Fn(usize, usize) -> T,
) {
    let planes = Planes::new(geometry);
    let Geometry {
        height,
        width,
        kernel,
        stride,
        output_width,
        ..
    } = *geometry;
    let positions = geometry.positions();
    let pitch = images.len() / geometry.image() * positions;
    for (channel, rows) in matrix.chunks(kernel.area() * pitch).enumerate() {
        memory.fill(T::default());
        for (place, row) in rows.chunks(pitch).enumerate() {
            let start = planes.start(place / kernel.width, place % kernel.width);
            for (from, to) in row.chunks(positions).zip(memory.chunks_mut(planes.len())) {
                each_line(
                    (&mut to[start..], planes.width),
                    (from, output_width),
                    geometry,
                    |to, from| *to += from,
                );
            }
        }
        for (i, (image, planes_of_image)) in images
            .chunks_mut(geometry.image())
            .zip(memory.chunks(planes.len()))
            .enumerate()
        {
            let shift = shift(i, channel);
            let image = &mut image[channel * height * width..][..height * width];
            image.fill(shift);
            planes.lines(|to, from, len| {
                if len > 0 {
                    let to = &mut image[to..][..(len - 1) * stride + 1];
                    let from = &planes_of_image[from..][..len];
                    match stride {
                        2 => to
                            .iter_mut()
                            .step_by(2)
                            .zip(from)
                            .for_each(|(to, from)| *to += *from),
                        _ => to
                            .iter_mut()
                            .step_by(stride)
                            .zip(from)
                            .for_each(|(to, from)| *to += *from),
                    }
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <im2col(x), y> = <x, col2im(y)>, and im2col by its definition, over strides, paddings and
    /// kernels larger than the image.
    #[test]
    fn folding_is_the_adjoint_of_unfolding() {
        for (height, width, kernel, stride, padding) in [
            (5, 7, [3, 3], 1, [0, 0]),
            (6, 5, [4, 4], 2, [1, 1]),
            (4, 4, [5, 5], 3, [2, 2]),
            (2, 3, [4, 4], 1, [2, 2]),
            (7, 7, [2, 2], 3, [0, 0]),
            (1, 1, [1, 1], 1, [0, 0]),
            (8, 14, [4, 4], 2, [1, 1]),
            (9, 9, [3, 3], 2, [5, 5]),
            (1, 9, [1, 4], 2, [0, 1]),
            (7, 2, [5, 2], 3, [1, 0]),
        ] {
            let (kernel, padding) = (Sides::from(kernel), Sides::from(padding));
            let side = |size: usize, kernel: usize, padding: usize| {
                (size + 2 * padding - kernel) / stride + 1
            };
            let output_height = side(height, kernel.height, padding.height);
            let output_width = side(width, kernel.width, padding.width);
            let g = Geometry {
                inputs: 2,
                height,
                width,
                outputs: 1,
                output_height,
                output_width,
                kernel,
                stride,
                padding,
            };
            let images: Vec<f64> = (0..2 * g.image()).map(|i| (i as f64 * 0.7).sin()).collect();
            let pitch = 2 * g.positions();
            let (mut matrix, mut memory) = (
                vec![f64::NAN; g.terms() * pitch],
                vec![f64::NAN; 2 * planes_of_image(&g)],
            );
            im2col(&images, &g, 0..2, &mut matrix, &mut memory);
            for (at, value) in matrix.iter().enumerate() {
                let (row, image, p) = (at / pitch, at % pitch / g.positions(), at % g.positions());
                let (c, place) = (row / kernel.area(), row % kernel.area());
                let (ky, kx) = (place / kernel.width, place % kernel.width);
                let (y, x) = (
                    p / output_width * stride + ky,
                    p % output_width * stride + kx,
                );
                let on = (padding.height..height + padding.height).contains(&y)
                    && (padding.width..width + padding.width).contains(&x);
                let pixel = || {
                    let (y, x) = (y - padding.height, x - padding.width);
                    images[image * g.image() + (c * height + y) * width + x]
                };
                assert_eq!(
                    *value,
                    if on { pixel() } else { 0.0 },
                    "{g:?} row {row} image {image} position {p}"
                );
            }
            let other: Vec<f64> = (0..matrix.len()).map(|i| (i as f64 * 0.3).cos()).collect();
            let mut folded = vec![f64::NAN; images.len()];
            col2im(&other, &g, &mut folded, &mut memory, |image, channel| {
                (image + 10 * channel) as f64
            });
            for (i, value) in folded.iter_mut().enumerate() {
                *value -= (i / g.image() + 10 * (i % g.image() / height / width)) as f64;
            }
            let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            approx::assert_relative_eq!(
                product(&matrix, &other),
                product(&images, &folded),
                max_relative = 1e-11,
                epsilon = 1e-11
            );
        }
    }
}
