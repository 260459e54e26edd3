//! Twin of `shaders/convolve_transpose.wgsl`.

use super::windows::{fold, images_at_once, planes_of_image, with_scratch};
use super::{Memory, Real, Twin, vectorised};
use crate::engine::ops::ConvolveTranspose;
use crate::product::{Matrix, multiply_alone};
use rayon::prelude::*;

impl<T: Real> Twin<T> for ConvolveTranspose {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.image, |memory, image| {
            let (input, weight, bias) = (memory.reals(self.input), memory.reals(self.weight), memory.reals(self.bias));
            let (g, block) = (&self.geometry, images_at_once(&self.geometry));
            let (terms, positions) = (g.terms(), g.positions());
            image.par_chunks_mut(block * g.image()).enumerate().for_each(|(i, image)| {
                let rows = image.len() / g.image();
                let pitch = rows * positions;
                let lengths = [terms * pitch, g.outputs * pitch, rows * planes_of_image(g)];
                with_scratch(lengths, |[windows, inputs, planes]: [&mut [T]; 3]| {
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
                            fold(windows, g, image, planes, |row, channel| {
                                if (i * block + row) % self.slots == 0 { bias[channel] } else { T::default() }
                            });
                        },
                    );
                });
            });
        });
    }
}
