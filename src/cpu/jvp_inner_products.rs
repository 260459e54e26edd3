//! The CPU kernel of `shaders/jvp_inner_products.wgsl`.

use super::{CpuKernel, Float, Memory, dot, mean_factor, step_weights};
use crate::engine::ops::JvpInnerProducts;

impl<T: Float> CpuKernel<T> for JvpInnerProducts {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.crossed, |memory, crossed| {
            memory.write(self.squared, |memory, squared| {
                let loss_weights =
                    step_weights(memory, self.loss_weights, self.state, self.columns);
                let (jets, n) = (memory.reals(self.jets), self.features);
                for b in 0..self.batch {
                    let (v, u) = (&jets[(3 * b + 1) * n..][..n], &jets[(3 * b + 2) * n..][..n]);
                    let product = |a: &[T], b: &[T]| {
                        T::simd_dispatch(
                            #[inline(always)]
                            || dot(a, b),
                        )
                    };
                    crossed[b] = mean_factor(loss_weights, b) * product(v, u);
                    squared[b] = mean_factor(loss_weights, b) * product(v, v);
                }
            });
        });
    }
}
