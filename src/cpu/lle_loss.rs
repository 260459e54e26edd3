//! The CPU kernel of `shaders/lle_loss.wgsl`.

use super::{CpuKernel, Float, Memory, mean_factor, step_weights};
use crate::engine::ops::LleLoss;

impl<T: Float> CpuKernel<T> for LleLoss {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_codes, |memory, d_codes| {
            memory.write(self.values, |memory, values| {
                let step = memory.words(self.state)[0] as usize;
                let loss_weights =
                    step_weights(memory, self.loss_weights, self.state, self.columns);
                let (codes, coefficients, m) = (
                    memory.reals(self.codes),
                    memory.reals(self.coefficients),
                    self.features,
                );
                let indices = &memory.words(self.indices)[step * self.batch * self.group..];
                d_codes.fill(T::default());
                for b in 0..self.batch {
                    let (row, share) = (b * self.group, mean_factor(loss_weights, b));
                    let weights = &coefficients[indices[row] as usize * self.k..][..self.k];
                    for i in 0..m {
                        let mut difference = codes[row * m + i];
                        for (j, weight) in weights.iter().enumerate() {
                            difference -= *weight * codes[(row + self.first + j) * m + i];
                        }
                        values[b * m + i] = share * difference * difference;
                        let slope = T::of(2.0) * share * loss_weights[self.column] * difference;
                        d_codes[row * m + i] = slope;
                        for (j, weight) in weights.iter().enumerate() {
                            d_codes[(row + self.first + j) * m + i] = -slope * *weight;
                        }
                    }
                }
            });
        });
    }
}
