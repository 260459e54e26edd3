//! The CPU kernel of `shaders/sum_partials.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::SumPartials;

/// Elements that are summed at once.
const BLOCK: usize = 1024;

impl<T: Float> CpuKernel<T> for SumPartials {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let input = memory.reals(self.input);
            for_chunks(
                output,
                BLOCK,
                #[inline(always)]
                |block, sums| {
                    sums.fill(T::default());
                    for part in input.chunks_exact(self.len).take(self.parts) {
                        sums.iter_mut()
                            .zip(&part[block * BLOCK..])
                            .for_each(|(sum, value)| *sum += *value);
                    }
                },
            );
        });
    }
}
