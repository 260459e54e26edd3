//! Twin of `shaders/convolve.wgsl`.

use super::windows::{images_at_once, planes_of_image, unfold, with_scratch};
use super::{Memory, Real, Twin, vectorised};
use crate::engine::ops::Convolve;
use crate::product::{Matrix, multiply_alone};
use rayon::prelude::*;

impl<T: Real> Twin<T> for Convolve {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (image, weight, bias) = (memory.reals(self.image), memory.reals(self.weight), memory.reals(self.bias));
            let (g, block) = (&self.geometry, images_at_once(&self.geometry));
            let (terms, positions) = (g.terms(), g.positions());
            output.par_chunks_mut(block * g.output()).enumerate().for_each(|(i, output)| {
                let rows = output.len() / g.output();
                let pitch = rows * positions;
                let lengths = [terms * pitch, g.outputs * pitch, rows * planes_of_image(g)];
                with_scratch(lengths, |[windows, products, planes]: [&mut [T]; 3]| {
                    let images = &image[i * block * g.image()..][..rows * g.image()];
                    vectorised(
                        #[inline(always)]
                        || unfold(images, g, 0..g.inputs, windows, planes),
                    );
                    let shape = [g.outputs, terms, pitch];
                    multiply_alone(products, shape, Matrix::rows(weight, terms), Matrix::rows(windows, pitch), false);
                    vectorised(
                        #[inline(always)]
                        || {
                            for (row, output) in output.chunks_mut(g.output()).enumerate() {
                                let slot = (i * block + row) % self.slots;
                                for (channel, to) in output.chunks_mut(positions).enumerate() {
                                    let from = &products[channel * pitch + row * positions..][..positions];
                                    let shift = if slot == 0 { bias[channel] } else { T::default() };
                                    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from + shift);
                                }
                            }
                        },
                    );
                });
            });
        });
    }
}
