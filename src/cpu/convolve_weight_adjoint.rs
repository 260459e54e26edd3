//! Twin of `shaders/convolve_weight_adjoint.wgsl`.

use super::windows::{images_at_once, planes_of_image, unfold, with_scratch};
use super::{Memory, Real, Twin, vectorised};
use crate::engine::ops::ConvolveWeightAdjoint;
use crate::product::{Matrix, multiply_alone};
use rayon::prelude::*;

/// Tasks, at least where there are channels enough: pieces of the input channels for each part of the sum. Each copies the gradients.
const TASKS: usize = 8;

impl<T: Real> Twin<T> for ConvolveWeightAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_weight, |memory, d_weight| {
            let (image, d_output) = (memory.reals(self.image), memory.reals(self.d_output));
            let (g, block) = (&self.geometry, images_at_once(&self.geometry));
            let (terms, positions) = (g.terms(), g.positions());
            let channels = g.inputs.div_ceil(TASKS.div_ceil(self.rows.div_ceil(self.stretch)));
            let window = g.kernel * g.kernel;
            // Every task adds up one piece of the terms of one part; the pieces of a row of the weight lie apart.
            let mut rows_of_weight: Vec<Vec<&mut [T]>> = Vec::new();
            for part in d_weight.chunks_mut(g.outputs * terms) {
                let mut pieces: Vec<Vec<&mut [T]>> = (0..g.inputs.div_ceil(channels)).map(|_| Vec::new()).collect();
                for row in part.chunks_mut(terms) {
                    row.chunks_mut(channels * window).zip(&mut pieces).for_each(|(row, piece)| piece.push(row));
                }
                rows_of_weight.extend(pieces);
            }
            let pieces = g.inputs.div_ceil(channels);
            rows_of_weight.into_par_iter().enumerate().for_each(|(task, mut weight)| {
                let (part, first) = (task / pieces, task % pieces * channels);
                let channels = first..(first + channels).min(g.inputs);
                let width = channels.len() * window;
                let last = ((part + 1) * self.stretch).min(self.rows);
                let pitch = block * positions;
                with_scratch(
                    [width * pitch, g.outputs * pitch, g.outputs * width, block * planes_of_image(g)],
                    |[windows, gradients, sums, planes]: [&mut [T]; 4]| {
                        sums.fill(T::default());
                        let mut row = part * self.stretch;
                        while row < last {
                            let rows = block.min(last - row);
                            let pitch = rows * positions;
                            let windows = &mut windows[..width * pitch];
                            vectorised(
                                #[inline(always)]
                                || {
                                    let images = &image[row * g.image()..][..rows * g.image()];
                                    unfold(images, g, channels.clone(), windows, &mut planes[..rows * planes_of_image(g)]);
                                    for (i, d_output) in d_output[row * g.output()..].chunks(g.output()).take(rows).enumerate() {
                                        for (channel, from) in d_output.chunks(positions).enumerate() {
                                            gradients[channel * pitch + i * positions..][..positions].copy_from_slice(from);
                                        }
                                    }
                                },
                            );
                            let windows = Matrix::rows(windows, pitch).transposed();
                            multiply_alone(sums, [g.outputs, pitch, width], Matrix::rows(gradients, pitch), windows, true);
                            row += rows;
                        }
                        weight.iter_mut().zip(sums.chunks(width)).for_each(|(to, from)| to.copy_from_slice(from));
                    },
                );
            });
        });
    }
}
