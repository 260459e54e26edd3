//! The CPU kernel of `shaders/select_slot.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::SelectSlot;

impl<T: Float> CpuKernel<T> for SelectSlot {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (jets, n) = (memory.reals(self.jets), self.features);
            for_chunks(
                output,
                n,
                #[inline(always)]
                |b, output| {
                    output.copy_from_slice(&jets[(b * self.slots + self.slot) * n..][..n]);
                },
            );
        });
    }
}
