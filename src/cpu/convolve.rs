//! The CPU kernel of `shaders/convolve.wgsl`.

use super::im2col::{im2col, images_at_once, planes_of_image};
use super::scratch::{OF_TASK, with_scratch};
use super::winograd::{COLUMNS, PRODUCTS, Tiles, with_kernels};
use super::{CpuKernel, Float, Memory, for_blocks};
use crate::engine::ops::Convolve;
use crate::gemm::{Matrix, gemm_single_threaded};

impl<T: Float> CpuKernel<T> for Convolve {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let operands = [
                memory.reals(self.image),
                memory.reals(self.weight),
                memory.reals(self.bias),
            ];
            if Tiles::pay::<T>(&self.geometry) {
                by_tiles(self, operands, output)
            } else {
                by_windows(self, operands, output)
            }
        });
    }
}

fn by_windows<T: Float>(pass: &Convolve, [image, weight, bias]: [&[T]; 3], output: &mut [T]) {
    let (g, block) = (&pass.geometry, images_at_once(&pass.geometry));
    let (terms, positions) = (g.terms(), g.positions());
    for_blocks(output, block * g.output(), 0, &|i, output: &mut [T]| {
        let rows = output.len() / g.output();
        let pitch = rows * positions;
        let lengths = [terms * pitch, g.outputs * pitch, rows * planes_of_image(g)];
        with_scratch(
            &OF_TASK,
            lengths,
            |[windows, products, planes]: [&mut [T]; 3]| {
                let images = &image[i * block * g.image()..][..rows * g.image()];
                T::simd_dispatch(
                    #[inline(always)]
                    || im2col(images, g, 0..g.inputs, windows, planes),
                );
                let shape = [g.outputs, terms, pitch];
                gemm_single_threaded(
                    products,
                    shape,
                    Matrix::rows(weight, terms),
                    Matrix::rows(windows, pitch),
                    false,
                );
                T::simd_dispatch(
                    #[inline(always)]
                    || {
                        for (row, output) in output.chunks_mut(g.output()).enumerate() {
                            let slot = (i * block + row) % pass.slots;
                            for (channel, to) in output.chunks_mut(positions).enumerate() {
                                let from =
                                    &products[channel * pitch + row * positions..][..positions];
                                let shift = if slot == 0 {
                                    bias[channel]
                                } else {
                                    T::default()
                                };
                                to.iter_mut()
                                    .zip(from)
                                    .for_each(|(to, from)| *to = *from + shift);
                            }
                        }
                    },
                );
            },
        );
    });
}

fn by_tiles<T: Float>(pass: &Convolve, [image, weight, bias]: [&[T]; 3], output: &mut [T]) {
    let (g, block) = (&pass.geometry, Tiles::images_of(COLUMNS, &pass.geometry));
    let terms = Tiles::new(g, block).terms(g.inputs);
    with_kernels(weight, g, |kernels| {
        for_blocks(output, block * g.output(), 0, &|i, output: &mut [T]| {
            let rows = output.len() / g.output();
            let tiles = Tiles::new(g, rows);
            let columns = tiles.columns();
            let lengths = [
                PRODUCTS * terms * columns,
                PRODUCTS * g.outputs * columns,
                tiles.memory(),
            ];
            with_scratch(
                &OF_TASK,
                lengths,
                |[pixels, products, memory]: [&mut [T]; 3]| {
                    T::simd_dispatch(
                        #[inline(always)]
                        || {
                            tiles.cut_images(
                                &image[i * block * g.image()..][..rows * g.image()],
                                0..g.inputs,
                                pixels,
                                memory,
                            )
                        },
                    );
                    for (p, products) in products.chunks_mut(g.outputs * columns).enumerate() {
                        let kernels = Matrix::rows(&kernels[p * terms..], PRODUCTS * terms);
                        let pixels = Matrix::rows(&pixels[p * terms * columns..], columns);
                        gemm_single_threaded(
                            products,
                            [g.outputs, terms, columns],
                            kernels,
                            pixels,
                            false,
                        );
                    }
                    T::simd_dispatch(
                        #[inline(always)]
                        || {
                            tiles.join_outputs(products, output, memory, |row, channel| {
                                if (i * block + row) % pass.slots == 0 {
                                    bias[channel]
                                } else {
                                    T::default()
                                }
                            });
                        },
                    );
                },
            );
        });
    });
}
