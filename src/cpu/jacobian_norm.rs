//! The CPU kernel of `shaders/jacobian_norm.wgsl`.

use super::{CpuKernel, Float, Memory, mean_factor, step_weights};
use crate::engine::ops::JacobianNorm;

impl<T: Float> CpuKernel<T> for JacobianNorm {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_jets, |memory, d_jets| {
            memory.write(self.values, |memory, values| {
                let loss_weights =
                    step_weights(memory, self.loss_weights, self.state, self.columns);
                let (jets, cotangents) = (memory.reals(self.jets), memory.reals(self.cotangents));
                let (n, size) = (self.features, self.count * self.features);
                d_jets.fill(T::default());
                for b in 0..self.batch {
                    let share = mean_factor(loss_weights, b);
                    let factor = T::of(2.0) * share * loss_weights[self.column];
                    for i in 0..size {
                        let (at, jet) = (b * size + i, b * (size + n) + n + i);
                        values[at] = share * jets[jet] * cotangents[at];
                        d_jets[jet] = factor * cotangents[at];
                    }
                }
            });
        });
    }
}
