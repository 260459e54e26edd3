//! The CPU kernel of `shaders/concat.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::Concat;

impl<T: Float> CpuKernel<T> for Concat {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (head, tail, n) = (
                memory.reals(self.head),
                memory.reals(self.tail),
                self.features,
            );
            for_chunks(
                output,
                (self.head_rows + self.tail_rows) * n,
                #[inline(always)]
                |b, output| {
                    let (to_head, to_tail) = output.split_at_mut(self.head_rows * n);
                    to_head.copy_from_slice(&head[b * self.head_group * n..][..self.head_rows * n]);
                    to_tail.copy_from_slice(&tail[b * self.tail_rows * n..][..self.tail_rows * n]);
                },
            );
        });
    }
}
