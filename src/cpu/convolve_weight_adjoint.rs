//! The CPU kernel of `shaders/convolve_weight_adjoint.wgsl`.

use super::im2col::{im2col, images_at_once, planes_of_image};
use super::scratch::{OF_TASK, with_scratch};
use super::winograd::{COLUMNS_OF_SUM, PRODUCTS, Tiles, to_kernels};
use super::{CpuKernel, Float, Memory};
use crate::engine::ops::{ConvolveWeightAdjoint, Geometry};
use crate::gemm::{Matrix, gemm_single_threaded};
use rayon::prelude::*;
use std::ops::Range;

/// Tasks, at least where there are channels enough: pieces of the input channels for each part of
/// the sum. Each copies the gradients.
const TASKS: usize = 8;

impl<T: Float> CpuKernel<T> for ConvolveWeightAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_weight, |memory, d_weight| {
            let (image, d_output) = (memory.reals(self.image), memory.reals(self.d_output));
            let g = &self.geometry;
            let channels = g
                .inputs
                .div_ceil(TASKS.div_ceil(self.rows.div_ceil(self.stretch)));
            let pieces = g.inputs.div_ceil(channels);
            // Every task adds up one piece of the terms of one part; the pieces of a row of the
            // weight lie apart.
            let mut kernels_of_tasks: Vec<Vec<&mut [T]>> = Vec::new();
            for part in d_weight.chunks_mut(g.outputs * g.terms()) {
                let mut tasks: Vec<Vec<&mut [T]>> = (0..pieces).map(|_| Vec::new()).collect();
                for row in part.chunks_mut(g.terms()) {
                    row.chunks_mut(channels * g.kernel.area())
                        .zip(&mut tasks)
                        .for_each(|(row, task)| task.push(row));
                }
                kernels_of_tasks.extend(tasks);
            }
            kernels_of_tasks
                .into_par_iter()
                .enumerate()
                .for_each(|(task, kernels)| {
                    let (part, first) = (task / pieces, task % pieces * channels);
                    let rows = part * self.stretch..((part + 1) * self.stretch).min(self.rows);
                    let channels = first..(first + channels).min(g.inputs);
                    if Tiles::pay::<T>(g) {
                        by_tiles(g, [image, d_output], rows, channels, kernels);
                    } else {
                        by_windows(g, [image, d_output], rows, channels, kernels);
                    }
                });
        });
    }
}

/// The gradient of some `rows` to the kernels of some `channels`, each of an output.
fn by_windows<T: Float>(
    g: &Geometry,
    [image, d_output]: [&[T]; 2],
    rows: Range<usize>,
    channels: Range<usize>,
    kernels: Vec<&mut [T]>,
) {
    let (block, positions) = (images_at_once(g), g.positions());
    let (width, pitch) = (channels.len() * g.kernel.area(), block * positions);
    let lengths = [
        width * pitch,
        g.outputs * pitch,
        g.outputs * width,
        block * planes_of_image(g),
    ];
    with_scratch(
        &OF_TASK,
        lengths,
        |[windows, gradients, sums, planes]: [&mut [T]; 4]| {
            sums.fill(T::default());
            for row in rows.clone().step_by(block) {
                let rows = block.min(rows.end - row);
                let pitch = rows * positions;
                let windows = &mut windows[..width * pitch];
                T::simd_dispatch(
                    #[inline(always)]
                    || {
                        let images = &image[row * g.image()..][..rows * g.image()];
                        im2col(
                            images,
                            g,
                            channels.clone(),
                            windows,
                            &mut planes[..rows * planes_of_image(g)],
                        );
                        for (i, d_output) in d_output[row * g.output()..]
                            .chunks(g.output())
                            .take(rows)
                            .enumerate()
                        {
                            for (channel, from) in d_output.chunks(positions).enumerate() {
                                gradients[channel * pitch + i * positions..][..positions]
                                    .copy_from_slice(from);
                            }
                        }
                    },
                );
                let windows = Matrix::rows(windows, pitch).transposed();
                gemm_single_threaded(
                    sums,
                    [g.outputs, pitch, width],
                    Matrix::rows(gradients, pitch),
                    windows,
                    true,
                );
            }
            kernels
                .into_iter()
                .zip(sums.chunks(width))
                .for_each(|(to, from)| to.copy_from_slice(from));
        },
    );
}

/// The same by minimal filtering.
fn by_tiles<T: Float>(
    g: &Geometry,
    [image, d_output]: [&[T]; 2],
    rows: Range<usize>,
    channels: Range<usize>,
    kernels: Vec<&mut [T]>,
) {
    let block = Tiles::images_of(COLUMNS_OF_SUM, g);
    let most = Tiles::new(g, block);
    let (terms, columns) = (most.terms(channels.len()), most.columns());
    let lengths = [
        PRODUCTS * terms * columns,
        PRODUCTS * g.outputs * columns,
        PRODUCTS * g.outputs * terms,
        most.memory(),
    ];
    with_scratch(
        &OF_TASK,
        lengths,
        |[pixels, products, sums, memory]: [&mut [T]; 4]| {
            sums.fill(T::default());
            for row in rows.clone().step_by(block) {
                let rows = block.min(rows.end - row);
                let tiles = Tiles::new(g, rows);
                let columns = tiles.columns();
                T::simd_dispatch(
                    #[inline(always)]
                    || {
                        tiles.cut_images(
                            &image[row * g.image()..][..rows * g.image()],
                            channels.clone(),
                            pixels,
                            memory,
                        );
                        tiles.cut_outputs(
                            &d_output[row * g.output()..][..rows * g.output()],
                            products,
                            memory,
                        );
                    },
                );
                for (p, sums) in sums.chunks_mut(g.outputs * terms).enumerate() {
                    let products = Matrix::rows(&products[p * g.outputs * columns..], columns);
                    let pixels = Matrix::rows(&pixels[p * terms * columns..], columns).transposed();
                    gemm_single_threaded(sums, [g.outputs, columns, terms], products, pixels, true);
                }
            }
            T::simd_dispatch(
                #[inline(always)]
                || {
                    for (output, to) in kernels.into_iter().enumerate() {
                        to_kernels(&sums[output * terms..], g.outputs * terms, g, to);
                    }
                },
            );
        },
    );
}
