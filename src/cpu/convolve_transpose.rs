//! The CPU kernel of `shaders/convolve_transpose.wgsl`.

use super::im2col::{col2im, images_at_once, planes_of_image};
use super::scratch::{OF_TASK, with_scratch};
use super::winograd::{COLUMNS, PRODUCTS, Tiles, with_kernels};
use super::{CpuKernel, Float, Memory, for_blocks};
use crate::engine::ops::ConvolveTranspose;
use crate::gemm::{Matrix, gemm_single_threaded};

impl<T: Float> CpuKernel<T> for ConvolveTranspose {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.image, |memory, image| {
            let operands = [
                memory.reals(self.input),
                memory.reals(self.weight),
                memory.reals(self.bias),
            ];
            if Tiles::pay::<T>(&self.geometry) {
                by_tiles(self, operands, image)
            } else {
                by_windows(self, operands, image)
            }
        });
    }
}

fn by_windows<T: Float>(
    pass: &ConvolveTranspose,
    [input, weight, bias]: [&[T]; 3],
    image: &mut [T],
) {
    let (g, block) = (&pass.geometry, images_at_once(&pass.geometry));
    let (terms, positions) = (g.terms(), g.positions());
    for_blocks(image, block * g.image(), 0, &|i, image: &mut [T]| {
        let rows = image.len() / g.image();
        let pitch = rows * positions;
        let lengths = [terms * pitch, g.outputs * pitch, rows * planes_of_image(g)];
        with_scratch(
            &OF_TASK,
            lengths,
            |[windows, inputs, planes]: [&mut [T]; 3]| {
                for row in 0..rows {
                    let input = &input[(i * block + row) * g.output()..][..g.output()];
                    for (channel, from) in input.chunks(positions).enumerate() {
                        inputs[channel * pitch + row * positions..][..positions]
                            .copy_from_slice(from);
                    }
                }
                let weight = Matrix::rows(weight, terms).transposed();
                gemm_single_threaded(
                    windows,
                    [terms, g.outputs, pitch],
                    weight,
                    Matrix::rows(inputs, pitch),
                    false,
                );
                T::simd_dispatch(
                    #[inline(always)]
                    || {
                        col2im(windows, g, image, planes, |row, channel| {
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
}

fn by_tiles<T: Float>(pass: &ConvolveTranspose, [input, weight, bias]: [&[T]; 3], image: &mut [T]) {
    let (g, block) = (&pass.geometry, Tiles::images_of(COLUMNS, &pass.geometry));
    let terms = Tiles::new(g, block).terms(g.inputs);
    with_kernels(weight, g, |kernels| {
        for_blocks(image, block * g.image(), 0, &|i, image: &mut [T]| {
            let rows = image.len() / g.image();
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
                            tiles.cut_outputs(
                                &input[i * block * g.output()..][..rows * g.output()],
                                products,
                                memory,
                            )
                        },
                    );
                    for (p, pixels) in pixels.chunks_mut(terms * columns).enumerate() {
                        let kernels =
                            Matrix::rows(&kernels[p * terms..], PRODUCTS * terms).transposed();
                        let products = Matrix::rows(&products[p * g.outputs * columns..], columns);
                        gemm_single_threaded(
                            pixels,
                            [terms, g.outputs, columns],
                            kernels,
                            products,
                            false,
                        );
                    }
                    T::simd_dispatch(
                        #[inline(always)]
                        || {
                            tiles.join_images(pixels, image, memory, |row, channel| {
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
