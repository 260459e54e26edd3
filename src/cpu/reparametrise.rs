//! The CPU kernel of `shaders/reparametrise.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::Reparametrise;

impl<T: Float> CpuKernel<T> for Reparametrise {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (input, noise, m) = (
                memory.reals(self.input),
                memory.reals(self.noise),
                self.features,
            );
            for_chunks(output, self.group * m, |b, output| {
                let input = &input[b * self.group * 2 * m..];
                for (r, row) in output.chunks_mut(m).enumerate() {
                    for (i, z) in row.iter_mut().enumerate() {
                        *z = input[r * 2 * m + i]
                            + Float::exp(T::of(0.5) * input[m + i]) * noise[b * m + i];
                    }
                }
            });
        });
    }
}
