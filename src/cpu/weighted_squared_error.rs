//! The CPU kernel of `shaders/weighted_squared_error.wgsl`.

use super::{CpuKernel, Float, Memory, simd_sum};
use crate::engine::ops::WeightedSquaredError;
use rayon::prelude::*;

impl<T: Float> CpuKernel<T> for WeightedSquaredError {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_prediction, |memory, d_prediction| {
            memory.write(self.losses, |memory, losses| {
                let step = memory.words(self.state)[0] as usize;
                let weights = &memory.reals(self.weights)[step * self.batch * self.group..];
                let (prediction, target) = (
                    memory.reals(self.prediction),
                    memory.reals(self.target_rows),
                );
                let n = self.features;
                let rows = d_prediction
                    .par_chunks_mut(n)
                    .zip(losses)
                    .enumerate()
                    .with_min_len((4096 / n).max(1));
                rows.for_each(|(row, (d_row, loss))| {
                    let target_row = self.target_of(row);
                    let weight = weights[target_row];
                    let (p, t) = (&prediction[row * n..][..n], &target[target_row * n..][..n]);
                    T::simd_dispatch(
                        #[inline(always)]
                        || {
                            for (d, (p, t)) in d_row.iter_mut().zip(p.iter().zip(t)) {
                                *d = T::of(2.0) * weight * (*p - *t);
                            }
                            *loss = weight
                                * simd_sum(
                                    p,
                                    t,
                                    #[inline(always)]
                                    |p, t| (p - t) * (p - t),
                                );
                        },
                    );
                });
            });
        });
    }
}
