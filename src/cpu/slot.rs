//! Twin of `shaders/slot.wgsl`.

use super::{Memory, Real, Twin, for_chunks};
use crate::engine::ops::Slot;

impl<T: Real> Twin<T> for Slot {
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
