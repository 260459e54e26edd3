//! Twin of `shaders/join.wgsl`.

use super::{Memory, Real, Twin, for_chunks};
use crate::engine::ops::Join;

impl<T: Real> Twin<T> for Join {
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
