//! The CPU kernel of `shaders/embedding_loss.wgsl`.

use super::{CpuKernel, Float, Memory, mean_factor, step_weights};
use crate::engine::ops::EmbeddingLoss;

impl<T: Float> CpuKernel<T> for EmbeddingLoss {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_codes, |memory, d_codes| {
            memory.write(self.values, |memory, values| {
                let step = memory.words(self.state)[0] as usize;
                let loss_weights =
                    step_weights(memory, self.loss_weights, self.state, self.columns);
                let (codes, embedding, m) = (
                    memory.reals(self.codes),
                    memory.reals(self.embedding),
                    self.features,
                );
                let indices = &memory.words(self.indices)[step * self.batch * self.group..];
                d_codes.fill(T::default());
                for b in 0..self.batch {
                    let (row, share) = (b * self.group, mean_factor(loss_weights, b));
                    let place = &embedding[indices[row] as usize * m..][..m];
                    for i in 0..m {
                        let difference = codes[row * m + i] - place[i];
                        values[b * m + i] = share * difference * difference;
                        d_codes[row * m + i] =
                            T::of(2.0) * share * loss_weights[self.column] * difference;
                    }
                }
            });
        });
    }
}
