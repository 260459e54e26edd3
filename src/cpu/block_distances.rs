//! The CPU kernel of `shaders/block_distances.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::BlockDistances;
use crate::gemm::{Matrix, multiply};

impl<T: Float> CpuKernel<T> for BlockDistances {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.distances, |memory, distances| {
            let (points, squares) = (memory.reals(self.points), memory.reals(self.squares));
            let (step, across) = (
                memory.words(self.state)[0] as usize,
                self.samples.div_ceil(self.columns),
            );
            // Samples from the first of a block on, with the last one repeated.
            let block = |first: usize, len: usize| -> Vec<T> {
                let rows = (first..first + len).map(|sample| {
                    &points[sample.min(self.samples - 1) * self.features..][..self.features]
                });
                rows.flatten().copied().collect()
            };
            let first = step % across * self.columns;
            let (a, b) = (
                block(step / across * self.rows, self.rows),
                block(first, self.columns),
            );
            let (a, b) = (
                Matrix::rows(&a, self.features),
                Matrix::rows(&b, self.features).transposed(),
            );
            multiply(
                distances,
                [self.rows, self.features, self.columns],
                a,
                b,
                false,
            );
            for_chunks(
                distances,
                self.columns,
                #[inline(always)]
                |_, row| {
                    for (column, value) in row.iter_mut().enumerate() {
                        *value =
                            squares[(first + column).min(self.samples - 1)] - T::of(2.0) * *value;
                    }
                },
            );
        });
    }
}
