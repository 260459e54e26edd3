//! The CPU kernel of `shaders/difference.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::Difference;

impl<T: Float> CpuKernel<T> for Difference {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (input, n) = (memory.reals(self.input), self.features);
            let size = (1 + self.directions) * n;
            for_chunks(
                output,
                size,
                #[inline(always)]
                |b, output| {
                    output.copy_from_slice(&input[b * self.group * n..][..size]);
                    let (centre, neighbours) = output.split_at_mut(n);
                    for neighbour in neighbours.chunks_mut(n) {
                        neighbour
                            .iter_mut()
                            .zip(&*centre)
                            .for_each(|(value, centre)| *value -= *centre);
                    }
                },
            );
        });
    }
}
