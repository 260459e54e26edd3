//! The CPU kernel of `shaders/corrupt.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::Corrupt;

impl<T: Float> CpuKernel<T> for Corrupt {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (input, noise, amount) = (
                memory.reals(self.input),
                memory.reals(self.noise),
                T::of(self.amount.into()),
            );
            let n = self.features;
            for_chunks(
                output,
                n,
                #[inline(always)]
                |row, output| {
                    let input = &input[row * n..][..n];
                    if self.mask {
                        let draws = noise[row * self.pixels..][..self.pixels].iter().cycle();
                        for ((to, from), draw) in output.iter_mut().zip(input).zip(draws) {
                            *to = if *draw < amount { T::default() } else { *from };
                        }
                    } else {
                        let noise = &noise[row * n..][..n];
                        output
                            .iter_mut()
                            .zip(input)
                            .zip(noise)
                            .for_each(|((to, from), noise)| *to = *from + amount * *noise);
                    }
                },
            );
        });
    }
}
