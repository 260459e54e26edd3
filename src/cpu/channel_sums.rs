//! The CPU kernel of `shaders/channel_sums.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks, simd_sum};
use crate::engine::ops::ChannelSums;

impl<T: Float> CpuKernel<T> for ChannelSums {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let input = memory.reals(self.input);
            for_chunks(
                output,
                1,
                #[inline(always)]
                |element, sum| {
                    let (first, channel) = (
                        element / self.channels * self.stretch,
                        element % self.channels,
                    );
                    sum[0] = T::default();
                    for jet in first..(first + self.stretch).min(self.jets) {
                        let plane = &input
                            [(jet * self.slots * self.channels + channel) * self.positions..]
                            [..self.positions];
                        sum[0] += simd_sum(
                            plane,
                            plane,
                            #[inline(always)]
                            |value, _| value,
                        );
                    }
                },
            );
        });
    }
}
