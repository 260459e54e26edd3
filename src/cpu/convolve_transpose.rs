//! Twin of `shaders/convolve_transpose.wgsl`.

use super::windows::{fold, rows_at_once, with_scratch};
use super::{Memory, Real, Twin, vectorised};
use crate::engine::ops::ConvolveTranspose;
use crate::product::{Matrix, multiply_alone};
use rayon::prelude::*;

impl<T: Real> Twin<T> for ConvolveTranspose {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.image, |memory, image| {
            let (input, weight, bias) = (memory.reals(self.input), memory.reals(self.weight), memory.reals(self.bias));
            let (g, block) = (&self.geometry, rows_at_once(&self.geometry));
            let (terms, positions) = (g.terms(), g.positions());
            image.par_chunks_mut(block * g.image()).enumerate().for_each(|(i, image)| {
                let rows = image.len() / g.image();
                let pitch = rows * positions;
                with_scratch([terms * pitch, g.outputs * pitch], |[windows, inputs]: [&mut [T]; 2]| {
                    for row in 0..rows {
                        let input = &input[(i * block + row) * g.output()..][..g.output()];
                        for (channel, from) in input.chunks(positions).enumerate() {
                            inputs[channel * pitch + row * positions..][..positions].copy_from_slice(from);
                        }
                    }
                    let weight = Matrix::rows(weight, terms).transposed();
                    multiply_alone(windows, [terms, g.outputs, pitch], weight, Matrix::rows(inputs, pitch), false);
                    vectorised(
                        #[inline(always)]
                        || {
                            for (row, image) in image.chunks_mut(g.image()).enumerate() {
                                let slot = (i * block + row) % self.slots;
                                for (channel, plane) in image.chunks_mut(g.height * g.width).enumerate() {
                                    plane.fill(if slot == 0 { bias[channel] } else { T::default() });
                                }
                                fold(windows, g, pitch, row * positions, image);
                            }
                        },
                    );
                });
            });
        });
    }
}
