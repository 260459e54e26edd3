//! Minimal filtering (Winograd 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural
//! Networks", 2016): two neighbouring outputs of a filter with two taps from three products instead
//! of four, hence tiles of 2 x 2 outputs from 9 products instead of 16.
//!
//! A kernel that is wider than its stride, but not wider than two, is such a filter on each of the
//! stride^2 images of the pixels whose places are alike modulo the stride, its phases. With d the
//! pixels, g the taps, y the outputs:
//!
//!   m = (g0, g0 + g1, g1) * (d0 - d1, d1, d2 - d1),  y = (m0 + m1, m1 + m2),
//!
//! along both axes. Summed over channels and phases, each of the 9 products is one of matrices: of
//! a weight [outputs, terms] and tiles [terms, columns], where a term is a (channel, phase) and a
//! column is a (line of tiles, image, tile in the line).
//!
//! A long file because each transform is the adjoint of another, and they are written and read side
//! by side.

use super::Float;
use super::lines::{add_line, differences, differences_adjoint, pairs, pairs_adjoint, thirds};
use super::scratch::{OF_PASS, with_scratch};
use crate::engine::ops::Geometry;
use rayon::prelude::*;
use std::ops::Range;

/// Products for each tile.
pub(super) const PRODUCTS: usize = 9;
/// Columns that are multiplied at once, about: as many as stay in a core's cache, with their
/// products, from one sum to the next.
pub(super) const COLUMNS: usize = 64;
/// The same where columns are what is summed over: with more, the sums go in and out less often.
pub(super) const COLUMNS_OF_SUM: usize = 256;

/// The tiles of some images.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    geometry: Geometry,
    images: usize,
    /// Tiles along the height and the width of an output.
    high: usize,
    wide: usize,
}

impl Tiles {
    pub(super) fn new(geometry: &Geometry, images: usize) -> Self {
        let (high, wide) = (
            geometry.output_height.div_ceil(2),
            geometry.output_width.div_ceil(2),
        );
        Self {
            geometry: *geometry,
            images,
            high,
            wide,
        }
    }

    /// Whether a convolution is faster this way. Never in f64, which is the oracle and keeps to the
    /// definition.
    pub(super) fn pay<T>(geometry: &Geometry) -> bool {
        let Geometry {
            inputs,
            outputs,
            kernel,
            stride,
            output_height,
            output_width,
            ..
        } = *geometry;
        // With few channels the sums around the products cost more than the products that are
        // saved.
        size_of::<T>() == size_of::<f32>()
            && (stride + 1..=2 * stride).contains(&kernel.height)
            && (stride + 1..=2 * stride).contains(&kernel.width)
            && inputs * stride * stride >= 64
            && outputs >= 16
            && output_height.min(output_width) >= 2
    }

    /// Images that have some `columns`, at least.
    pub(super) fn images_of(columns: usize, geometry: &Geometry) -> usize {
        columns.div_ceil(Self::new(geometry, 1).columns())
    }

    /// Terms of the sums over some channels.
    pub(super) fn terms(&self, channels: usize) -> usize {
        channels * self.geometry.stride * self.geometry.stride
    }

    /// Columns of the matrices.
    pub(super) fn columns(&self) -> usize {
        self.high * self.line()
    }

    /// Columns of a line of tiles.
    fn line(&self) -> usize {
        self.images * self.wide
    }

    /// Sides of an image with zeros around it, as far as tiles see it.
    fn padded(&self) -> [usize; 2] {
        [self.high, self.wide].map(|tiles| (2 * tiles + 1) * self.geometry.stride)
    }

    /// Pixels of an image that tiles see, along the height and the width.
    fn seen(&self) -> [usize; 2] {
        let ([high, wide], padding) = (self.padded(), self.geometry.padding);
        let (high, wide) = (
            high - padding.height.min(high),
            wide - padding.width.min(wide),
        );
        [
            self.geometry.height.min(high),
            self.geometry.width.min(wide),
        ]
    }

    /// Values that the sums before and after the products need besides the matrices.
    pub(super) fn memory(&self) -> usize {
        let [high, wide] = self.padded();
        self.images * high * wide + 3 * (2 * self.high + 1) * self.line()
    }

    /// Writes the tiles of some `channels` of images [images, inputs, height, width] to [9, terms,
    /// columns].
    #[inline(always)]
    pub(super) fn cut_images<T: Float>(
        &self,
        images: &[T],
        channels: Range<usize>,
        tiles: &mut [T],
        memory: &mut [T],
    ) {
        let Geometry {
            height,
            width,
            stride,
            padding,
            ..
        } = self.geometry;
        let ([high, wide], [seen_high, seen_wide], line) =
            (self.padded(), self.seen(), self.line());
        let (columns, terms) = (self.columns(), self.terms(channels.len()));
        let (padded, lines) = memory[..self.memory()].split_at_mut(self.images * high * wide);
        let tiles = &mut tiles[..PRODUCTS * terms * columns];
        padded.fill(T::default());
        for (i, channel) in channels.enumerate() {
            for (image, padded) in images
                .chunks(self.geometry.image())
                .zip(padded.chunks_mut(high * wide))
            {
                let rows = image[channel * height * width..]
                    .chunks(width)
                    .take(seen_high);
                for (from, to) in rows.zip(padded[padding.height * wide..].chunks_mut(wide)) {
                    add_line(
                        &from[..seen_wide],
                        T::default(),
                        &mut to[padding.width..][..seen_wide],
                    );
                }
            }
            for phase in 0..stride * stride {
                let [first, second, third] = thirds(lines);
                for row in 0..2 * self.high + 1 {
                    for (image, padded) in padded.chunks(high * wide).enumerate() {
                        let from = &padded
                            [(row * stride + phase / stride) * wide + phase % stride..]
                            [..wide - phase % stride];
                        let at = (row * self.images + image) * self.wide;
                        differences(
                            from,
                            stride,
                            self.wide,
                            [&mut first[at..], &mut second[at..], &mut third[at..]],
                        );
                    }
                }
                for (along, lines) in lines.chunks((2 * self.high + 1) * line).enumerate() {
                    let start = (along * terms + i * stride * stride + phase) * columns;
                    let [first, second, third] =
                        thirds(tiles).map(|down| down[start..][..columns].chunks_mut(line));
                    for ((lines, first), (second, third)) in lines
                        .windows(3 * line)
                        .step_by(2 * line)
                        .zip(first)
                        .zip(second.zip(third))
                    {
                        let (before, rest) = lines.split_at(line);
                        let (middle, after) = rest.split_at(line);
                        let to = first.iter_mut().zip(second).zip(third);
                        for (((first, second), third), ((d0, d1), d2)) in
                            to.zip(before.iter().zip(middle).zip(after))
                        {
                            (*first, *second, *third) = (*d0 - *d1, *d1, *d2 - *d1);
                        }
                    }
                }
            }
        }
    }

    /// Writes the images whose tiles these would be if tiles added up, the adjoint of
    /// [`Self::cut_images`] for all channels, plus `shift(image, channel)` at every pixel.
    #[inline(always)]
    pub(super) fn join_images<T: Float>(
        &self,
        tiles: &[T],
        images: &mut [T],
        memory: &mut [T],
        shift: impl Fn(usize, usize) -> T,
    ) {
        let Geometry {
            inputs,
            height,
            width,
            stride,
            padding,
            ..
        } = self.geometry;
        let ([high, wide], [seen_high, seen_wide], line) =
            (self.padded(), self.seen(), self.line());
        let (columns, terms) = (self.columns(), self.terms(inputs));
        let (padded, lines) = memory[..self.memory()].split_at_mut(self.images * high * wide);
        for channel in 0..inputs {
            for phase in 0..stride * stride {
                for (along, lines) in lines.chunks_mut((2 * self.high + 1) * line).enumerate() {
                    for t in 0..self.high {
                        let start = |down: usize| {
                            ((3 * down + along) * terms + channel * stride * stride + phase)
                                * columns
                                + t * line
                        };
                        let [v0, v1, v2] = [0, 1, 2].map(|down| &tiles[start(down)..][..line]);
                        let (before, rest) = lines[2 * t * line..].split_at_mut(line);
                        let (middle, after) = rest.split_at_mut(line);
                        let to = before.iter_mut().zip(middle).zip(&mut after[..line]);
                        for (((before, middle), after), ((v0, v1), v2)) in
                            to.zip(v0.iter().zip(v1).zip(v2))
                        {
                            *before = if t == 0 { *v0 } else { *before + *v0 };
                            *middle = *v1 - *v0 - *v2;
                            *after = *v2;
                        }
                    }
                }
                let [first, second, third] = thirds(lines);
                for row in 0..2 * self.high + 1 {
                    for (image, padded) in padded.chunks_mut(high * wide).enumerate() {
                        let to = &mut padded
                            [(row * stride + phase / stride) * wide + phase % stride..]
                            [..wide - phase % stride];
                        let at = (row * self.images + image) * self.wide;
                        differences_adjoint(
                            [&first[at..], &second[at..], &third[at..]],
                            stride,
                            self.wide,
                            to,
                        );
                    }
                }
            }
            for (i, (image, padded)) in images
                .chunks_mut(self.geometry.image())
                .zip(padded.chunks(high * wide))
                .enumerate()
            {
                let shift = shift(i, channel);
                let image = &mut image[channel * height * width..][..height * width];
                if [seen_high, seen_wide] != [height, width] {
                    image.fill(shift);
                }
                for (to, from) in image
                    .chunks_mut(width)
                    .zip(padded[padding.height * wide..].chunks(wide))
                    .take(seen_high)
                {
                    add_line(
                        &from[padding.width..][..seen_wide],
                        shift,
                        &mut to[..seen_wide],
                    );
                }
            }
        }
    }

    /// Writes outputs [images, outputs, output_height, output_width] from the products [9, outputs,
    /// columns], with `shift(image, channel)`.
    #[inline(always)]
    pub(super) fn join_outputs<T: Float>(
        &self,
        products: &[T],
        outputs: &mut [T],
        memory: &mut [T],
        shift: impl Fn(usize, usize) -> T,
    ) {
        let Geometry {
            outputs: channels,
            output_height,
            output_width,
            ..
        } = self.geometry;
        let (columns, line) = (self.columns(), self.line());
        for channel in 0..channels {
            for t in 0..self.high {
                let product = |down: usize, along: usize| {
                    &products[((3 * down + along) * channels + channel) * columns + t * line..]
                        [..line]
                };
                for half in 0..2.min(output_height - 2 * t) {
                    let sums = &mut memory[..3 * line];
                    for (along, sum) in sums.chunks_mut(line).enumerate() {
                        let pair = product(half, along).iter().zip(product(half + 1, along));
                        sum.iter_mut()
                            .zip(pair)
                            .for_each(|(to, (a, b))| *to = *a + *b);
                    }
                    for (image, outputs) in outputs.chunks_mut(self.geometry.output()).enumerate() {
                        let to = &mut outputs
                            [(channel * output_height + 2 * t + half) * output_width..]
                            [..output_width];
                        let [m0, m1, m2] = [0, 1, 2]
                            .map(|along| &sums[along * line + image * self.wide..][..self.wide]);
                        pairs([m0, m1, m2], shift(image, channel), to);
                    }
                }
            }
        }
    }

    /// Writes the products [9, outputs, columns] that outputs [images, outputs, output_height,
    /// output_width] are gradients to, the adjoint of [`Self::join_outputs`].
    #[inline(always)]
    pub(super) fn cut_outputs<T: Float>(
        &self,
        outputs: &[T],
        products: &mut [T],
        memory: &mut [T],
    ) {
        let Geometry {
            outputs: channels,
            output_height,
            output_width,
            ..
        } = self.geometry;
        let (columns, line) = (self.columns(), self.line());
        let (halves, products) = (
            &mut memory[..6 * line],
            &mut products[..PRODUCTS * channels * columns],
        );
        for channel in 0..channels {
            for t in 0..self.high {
                for (half, sums) in halves.chunks_mut(3 * line).enumerate() {
                    if 2 * t + half == output_height {
                        sums.fill(T::default());
                        continue;
                    }
                    let [first, second, third] = thirds(sums);
                    for (image, outputs) in outputs.chunks(self.geometry.output()).enumerate() {
                        let from = &outputs
                            [(channel * output_height + 2 * t + half) * output_width..]
                            [..output_width];
                        let at = image * self.wide;
                        pairs_adjoint(
                            from,
                            [&mut first[at..], &mut second[at..], &mut third[at..]],
                        );
                    }
                }
                for along in 0..3 {
                    let [top, bottom] =
                        [0, 1].map(|half| &halves[(3 * half + along) * line..][..line]);
                    let start = (along * channels + channel) * columns + t * line;
                    let [first, second, third] =
                        thirds(products).map(|down| &mut down[start..][..line]);
                    let to = first.iter_mut().zip(second).zip(third);
                    for (((first, second), third), (top, bottom)) in to.zip(top.iter().zip(bottom))
                    {
                        (*first, *second, *third) = (*top, *top + *bottom, *bottom);
                    }
                }
            }
        }
    }
}

/// Calls `body` with what the products take of a weight [outputs, inputs, kernel height, kernel width], the
/// terms of each product [outputs, 9, terms].
pub(super) fn with_kernels<T: Float>(weight: &[T], geometry: &Geometry, body: impl FnOnce(&[T])) {
    let terms = PRODUCTS * Tiles::new(geometry, 1).terms(geometry.inputs);
    with_scratch(
        &OF_PASS,
        [geometry.outputs * terms],
        |[kernels]: [&mut [T]; 1]| {
            kernels
                .par_chunks_mut(terms)
                .zip(weight.par_chunks(geometry.terms()))
                .for_each(|(to, from)| {
                    T::simd_dispatch(
                        #[inline(always)]
                        || of_kernels(from, geometry, to),
                    );
                });
            body(kernels);
        },
    );
}

/// Writes what the products take of the kernels of one output [inputs, kernel height, kernel
/// width] to [9, terms].
#[inline(always)]
fn of_kernels<T: Float>(kernels: &[T], geometry: &Geometry, products: &mut [T]) {
    let Geometry {
        inputs,
        kernel,
        stride,
        ..
    } = *geometry;
    let terms = inputs * stride * stride;
    for (channel, window) in kernels.chunks_exact(kernel.area()).enumerate() {
        for py in 0..stride {
            for px in 0..stride {
                let tap = |down: usize, along: usize| {
                    let (ky, kx) = (down * stride + py, along * stride + px);
                    if ky < kernel.height && kx < kernel.width {
                        window[ky * kernel.width + kx]
                    } else {
                        T::default()
                    }
                };
                let (a0, a2, b0, b2) = (tap(0, 0), tap(0, 1), tap(1, 0), tap(1, 1));
                let (a1, b1) = (a0 + a2, b0 + b2);
                let to = &mut products[(channel * stride + py) * stride + px..];
                (to[0], to[terms], to[2 * terms]) = (a0, a1, a2);
                (to[3 * terms], to[4 * terms], to[5 * terms]) = (a0 + b0, a1 + b1, a2 + b2);
                (to[6 * terms], to[7 * terms], to[8 * terms]) = (b0, b1, b2);
            }
        }
    }
}

/// Writes the gradients to some kernels [channels, kernel height, kernel width] from those to the products, the
/// adjoint of [`of_kernels`]: of the terms in each product at `products`, `pitch` apart.
#[inline(always)]
pub(super) fn to_kernels<T: Float>(
    products: &[T],
    pitch: usize,
    geometry: &Geometry,
    kernels: &mut [T],
) {
    let Geometry { kernel, stride, .. } = *geometry;
    for (channel, window) in kernels.chunks_exact_mut(kernel.area()).enumerate() {
        for py in 0..stride {
            for px in 0..stride {
                let products = &products[(channel * stride + py) * stride + px..];
                for (down, ky) in (py..kernel.height).step_by(stride).enumerate() {
                    for (along, kx) in (px..kernel.width).step_by(stride).enumerate() {
                        let at = |p: usize| products[p * pitch];
                        let first = 3 * down + along;
                        window[ky * kernel.width + kx] =
                            at(first) + at(first + 1) + at(first + 3) + at(first + 4);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Sides;

    /// Every transform is the adjoint of its reverse, and with all of them a convolution is what
    /// its definition says.
    #[test]
    fn products_of_tiles_are_convolutions() {
        for (height, width, kernel, stride, padding) in [
            (8, 8, [4, 4], 2, [1, 1]),
            (7, 10, [4, 4], 2, [1, 1]),
            (5, 6, [3, 3], 2, [0, 0]),
            (4, 5, [2, 2], 1, [0, 0]),
            (9, 8, [5, 5], 3, [2, 2]),
            (4, 3, [2, 2], 1, [1, 1]),
            (6, 6, [4, 4], 2, [3, 3]),
            (7, 6, [4, 3], 2, [2, 0]),
        ] {
            let (kernel, padding) = (Sides::from(kernel), Sides::from(padding));
            let side = |size: usize, kernel: usize, padding: usize| {
                (size + 2 * padding - kernel) / stride + 1
            };
            let (inputs, outputs, count) = (2, 3, 2);
            let g = Geometry {
                inputs,
                height,
                width,
                outputs,
                output_height: side(height, kernel.height, padding.height),
                output_width: side(width, kernel.width, padding.width),
                kernel,
                stride,
                padding,
            };
            let tiles = Tiles::new(&g, count);
            let (terms, columns) = (tiles.terms(inputs), tiles.columns());
            let mut memory = vec![f64::NAN; tiles.memory()];

            let images = values(count * g.image(), 0.7);
            let mut of_images = vec![f64::NAN; PRODUCTS * terms * columns];
            tiles.cut_images(&images, 0..inputs, &mut of_images, &mut memory);
            let other = values(of_images.len(), 0.31);
            let mut to_images = vec![f64::NAN; images.len()];
            tiles.join_images(&other, &mut to_images, &mut memory, |image, channel| {
                (image + 10 * channel) as f64
            });
            for (i, value) in to_images.iter_mut().enumerate() {
                *value -= (i / g.image() + 10 * (i % g.image() / height / width)) as f64;
            }
            holds(product(&of_images, &other), product(&images, &to_images));

            let weight = values(outputs * g.terms(), 1.3);
            let of_weight = products_of_weight(&g, &weight, terms);

            let mut products = vec![0.0; PRODUCTS * outputs * columns];
            for (i, value) in products.iter_mut().enumerate() {
                let (p, output, column) =
                    (i / columns / outputs, i / columns % outputs, i % columns);
                let pair = |term: usize| {
                    of_weight[(output * PRODUCTS + p) * terms + term]
                        * of_images[(p * terms + term) * columns + column]
                };
                *value = (0..terms).map(pair).sum();
            }
            let mut result = vec![f64::NAN; count * g.output()];
            tiles.join_outputs(&products, &mut result, &mut memory, |image, channel| {
                (image + 10 * channel) as f64
            });
            let mut of_outputs = vec![f64::NAN; products.len()];
            for (i, value) in result.iter_mut().enumerate() {
                *value -= (i / g.output() + 10 * (i % g.output() / g.positions())) as f64;
            }
            let other = values(result.len(), 0.9);
            tiles.cut_outputs(&other, &mut of_outputs, &mut memory);
            holds(product(&result, &other), product(&products, &of_outputs));
            for (at, value) in result.iter().enumerate() {
                holds(*value, by_definition(&g, &images, &weight, at));
            }
        }
    }

    fn values(len: usize, step: f64) -> Vec<f64> {
        (0..len).map(|i| (i as f64 * step + 0.3).sin()).collect()
    }

    fn product(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn holds(a: f64, b: f64) {
        approx::assert_relative_eq!(a, b, max_relative = 1e-11, epsilon = 1e-11);
    }

    /// The transforms of the kernels of `weight`, which are the adjoint of their reverse.
    fn products_of_weight(g: &Geometry, weight: &[f64], terms: usize) -> Vec<f64> {
        let mut all = vec![f64::NAN; g.outputs * PRODUCTS * terms];
        for (kernels, products) in weight
            .chunks(g.terms())
            .zip(all.chunks_mut(PRODUCTS * terms))
        {
            of_kernels(kernels, g, products);
            let other = values(products.len(), 0.11);
            let mut gradient = vec![f64::NAN; kernels.len()];
            to_kernels(&other, terms, g, &mut gradient);
            holds(product(products, &other), product(kernels, &gradient));
        }
        all
    }

    /// The element `at` of a convolution.
    fn by_definition(g: &Geometry, images: &[f64], weight: &[f64], at: usize) -> f64 {
        let Geometry {
            height,
            width,
            kernel,
            stride,
            padding,
            ..
        } = *g;
        let (image, output, y, x) = (
            at / g.output(),
            at % g.output() / g.positions(),
            at % g.positions() / g.output_width,
            at % g.output_width,
        );
        let term = |i: usize| {
            let (channel, place) = (i / kernel.area(), i % kernel.area());
            let (ky, kx) = (place / kernel.width, place % kernel.width);
            let (py, px) = (y * stride + ky, x * stride + kx);
            let on = (padding.height..height + padding.height).contains(&py)
                && (padding.width..width + padding.width).contains(&px);
            let pixel = || {
                let (py, px) = (py - padding.height, px - padding.width);
                images[image * g.image() + (channel * height + py) * width + px]
            };
            if on {
                weight[output * g.terms() + i] * pixel()
            } else {
                0.0
            }
        };
        (0..g.terms()).map(term).sum()
    }
}
