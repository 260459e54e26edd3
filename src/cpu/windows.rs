//! Windows of images as columns of a matrix, and back: what the convolutions' twins multiply.

use super::Real;
use crate::engine::ops::Geometry;
use std::cell::RefCell;
use std::ops::Range;

/// Columns of a matrix of windows, about: enough for products to run at their full rate.
const COLUMNS: usize = 256;

/// Rows whose windows are multiplied at once.
pub(super) fn rows_at_once(geometry: &Geometry) -> usize {
    COLUMNS.div_ceil(geometry.positions())
}

/// Output columns whose window holds an image column for the kernel column `k`.
fn inside(geometry: &Geometry, k: usize, size: usize, outputs: usize) -> Range<usize> {
    let first = geometry.padding.saturating_sub(k).div_ceil(geometry.stride);
    let end = (size + geometry.padding).saturating_sub(k).div_ceil(geometry.stride);
    first.min(outputs)..end.clamp(first.min(outputs), outputs)
}

/// For every (channel, kernel row, kernel column) of `channels`, calls `line(row of the matrix, first position, image values, step)` for
/// each output row that lies on the image, with the stretch of image values under its windows.
fn lines(geometry: &Geometry, channels: Range<usize>, mut line: impl FnMut(usize, Range<usize>, usize)) {
    let Geometry { height, width, output_height, output_width, kernel, stride, padding, .. } = *geometry;
    for channel in channels.clone() {
        for ky in 0..kernel {
            let rows = inside(geometry, ky, height, output_height);
            for kx in 0..kernel {
                let columns = inside(geometry, kx, width, output_width);
                let matrix_row = ((channel - channels.start) * kernel + ky) * kernel + kx;
                for y in rows.clone() {
                    if columns.is_empty() {
                        continue;
                    }
                    let first = y * output_width;
                    let at = (channel * height + y * stride + ky - padding) * width + columns.start * stride + kx - padding;
                    line(matrix_row, first + columns.start..first + columns.end, at);
                }
            }
        }
    }
}

/// Writes the windows of an image [inputs, height, width] into `matrix` [channels * kernel^2, pitch], positions from column `offset` on.
#[inline(always)]
pub(super) fn unfold<T: Real>(
    image: &[T],
    geometry: &Geometry,
    channels: Range<usize>,
    matrix: &mut [T],
    pitch: usize,
    offset: usize,
) {
    if geometry.padding > 0 || geometry.kernel > geometry.height.min(geometry.width) {
        for row in matrix.chunks_mut(pitch) {
            row[offset..][..geometry.positions()].fill(T::default());
        }
    }
    let stride = geometry.stride;
    lines(geometry, channels, |row, positions, at| {
        let to = &mut matrix[row * pitch + offset..][positions];
        if stride == 1 {
            to.copy_from_slice(&image[at..][..to.len()]);
        } else {
            let from = &image[at..][..(to.len() - 1) * stride + 1];
            to.iter_mut().zip(from.iter().step_by(stride)).for_each(|(to, from)| *to = *from);
        }
    });
}

/// Adds windows to the image that they were taken from: the adjoint of [`unfold`].
#[inline(always)]
pub(super) fn fold<T: Real>(matrix: &[T], geometry: &Geometry, pitch: usize, offset: usize, image: &mut [T]) {
    let stride = geometry.stride;
    lines(geometry, 0..geometry.inputs, |row, positions, at| {
        let from = &matrix[row * pitch + offset..][positions];
        let to = &mut image[at..][..(from.len() - 1) * stride + 1];
        to.iter_mut().step_by(stride).zip(from).for_each(|(to, from)| *to += *from);
    });
}

/// Calls `body` with scratch memory of `lengths` that each thread keeps, so that a step allocates nothing.
pub(super) fn with_scratch<T: Real, const N: usize>(lengths: [usize; N], body: impl FnOnce([&mut [T]; N])) {
    thread_local! {
        static SCRATCH: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    }
    // Tasks of one thread never nest here, but a stolen task may run while another waits; it then gets memory of its own.
    SCRATCH.with(|scratch| {
        let mut own = Vec::new();
        let mut borrowed = scratch.try_borrow_mut();
        let memory = match &mut borrowed {
            Ok(memory) => &mut **memory,
            Err(_) => &mut own,
        };
        let total: usize = lengths.iter().sum();
        let words = (total * size_of::<T>()).div_ceil(size_of::<u64>());
        if memory.len() < words {
            memory.resize(words, 0);
        }
        let mut rest: &mut [T] = bytemuck::cast_slice_mut(&mut memory[..words]);
        body(lengths.map(|length| {
            let (part, tail) = std::mem::take(&mut rest).split_at_mut(length);
            rest = tail;
            part
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <unfold(x), y> = <x, fold(y)>, and unfold by its definition, over strides, paddings and kernels larger than the image.
    #[test]
    fn folding_is_the_adjoint_of_unfolding() {
        for (height, width, kernel, stride, padding) in
            [(5, 7, 3, 1, 0), (6, 5, 4, 2, 1), (4, 4, 5, 3, 2), (2, 3, 4, 1, 2), (7, 7, 2, 3, 0), (1, 1, 1, 1, 0)]
        {
            let side = |size: usize| (size + 2 * padding - kernel) / stride + 1;
            let (output_height, output_width) = (side(height), side(width));
            let g = Geometry { inputs: 2, height, width, outputs: 1, output_height, output_width, kernel, stride, padding };
            let image: Vec<f64> = (0..g.image()).map(|i| (i as f64 * 0.7).sin()).collect();
            let (pitch, offset) = (g.positions() + 3, 2);
            let mut matrix = vec![0.0; g.terms() * pitch];
            unfold(&image, &g, 0..2, &mut matrix, pitch, offset);
            for row in 0..g.terms() {
                let (c, ky, kx) = (row / kernel / kernel, row / kernel % kernel, row % kernel);
                for p in 0..g.positions() {
                    let (y, x) = (p / output_width * stride + ky, p % output_width * stride + kx);
                    let on = (padding..height + padding).contains(&y) && (padding..width + padding).contains(&x);
                    let want = if on { image[(c * height + y - padding) * width + x - padding] } else { 0.0 };
                    assert_eq!(matrix[row * pitch + offset + p], want, "{g:?} row {row} position {p}");
                }
            }
            let other: Vec<f64> = (0..matrix.len()).map(|i| (i as f64 * 0.3).cos()).collect();
            let mut folded = vec![0.0; image.len()];
            fold(&other, &g, pitch, offset, &mut folded);
            let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            approx::assert_relative_eq!(
                product(&matrix, &other),
                product(&image, &folded),
                max_relative = 1e-12,
                epsilon = 1e-12
            );
        }
    }
}
