//! The CPU kernel of `shaders/sum.wgsl`.

use super::{CpuKernel, Float, Memory, simd_sum};
use crate::engine::ops::Sum;

impl<T: Float> CpuKernel<T> for Sum {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let step = memory.words(self.state)[0] as usize;
            let input = &memory.reals(self.input)[..self.len];
            output[step * self.columns + self.column] = T::simd_dispatch(
                #[inline(always)]
                || simd_sum(input, input, |value, _| value),
            );
        });
    }
}
