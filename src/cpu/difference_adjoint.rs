//! The CPU kernel of `shaders/difference_adjoint.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::DifferenceAdjoint;

impl<T: Float> CpuKernel<T> for DifferenceAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let (d_output, n) = (memory.reals(self.d_output), self.features);
            let size = (1 + self.directions) * n;
            for_chunks(
                d_input,
                self.group * n,
                #[inline(always)]
                |b, d_input| {
                    let (part, rest) = d_input.split_at_mut(size);
                    rest.fill(T::default());
                    part.copy_from_slice(&d_output[b * size..][..size]);
                    let (centre, neighbours) = part.split_at_mut(n);
                    for neighbour in neighbours.chunks(n) {
                        centre
                            .iter_mut()
                            .zip(neighbour)
                            .for_each(|(value, d)| *value -= *d);
                    }
                },
            );
        });
    }
}
