//! The CPU kernel of `shaders/linear_bias_adjoint.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::LinearBiasAdjoint;

impl<T: Float> CpuKernel<T> for LinearBiasAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_bias, |memory, d_bias| {
            let d_output = memory.reals(self.d_output);
            let jet = self.slots * self.outputs;
            for_chunks(
                d_bias,
                self.outputs,
                #[inline(always)]
                |part, sums| {
                    sums.fill(T::default());
                    let jets = d_output
                        .chunks_exact(jet)
                        .take(self.jets)
                        .skip(part * self.stretch)
                        .take(self.stretch);
                    for row in jets {
                        sums.iter_mut()
                            .zip(row)
                            .for_each(|(sum, value)| *sum += *value);
                    }
                },
            );
        });
    }
}
