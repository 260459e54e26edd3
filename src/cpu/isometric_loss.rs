//! The CPU kernel of `shaders/isometric_loss.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks, mean_factor, step_weights};
use crate::engine::ops::IsometricLoss;

impl<T: Float> CpuKernel<T> for IsometricLoss {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_jets, |memory, d_jets| {
            memory.write(self.value, |memory, value| {
                let loss_weights =
                    step_weights(memory, self.loss_weights, self.state, self.columns);
                let (n, m) = (memory.reals(self.crossed)[0], memory.reals(self.squared)[0]);
                value[0] = n / (m * m);
                let (jets, features) = (memory.reals(self.jets), self.features);
                for_chunks(
                    d_jets,
                    3 * features,
                    #[inline(always)]
                    |b, d_jets| {
                        let weight =
                            T::of(2.0) * mean_factor(loss_weights, b) * loss_weights[self.column]
                                / (m * m);
                        let (v, u) =
                            jets[3 * b * features..][..3 * features][features..].split_at(features);
                        let (d_value, d_slopes) = d_jets.split_at_mut(features);
                        let (d_v, d_u) = d_slopes.split_at_mut(features);
                        d_value.fill(T::default());
                        for i in 0..features {
                            d_v[i] = weight * (u[i] - T::of(2.0) * n * v[i] / m);
                            d_u[i] = weight * v[i];
                        }
                    },
                );
            });
        });
    }
}
