//! The CPU kernel of `shaders/activate_transpose.wgsl`.

use super::activation::{BLOCK, derivatives};
use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::ActivateTranspose;

impl<T: Float> CpuKernel<T> for ActivateTranspose {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (input, rows) = (memory.reals(self.input), memory.reals(self.rows));
            let (n, size) = (self.features, self.count * self.features);
            for_chunks(
                output,
                size,
                #[inline(always)]
                |b, output| {
                    let (u, rows) = (&input[b * self.group * n..][..n], &rows[b * size..][..size]);
                    let mut slopes = [T::default(); BLOCK];
                    for start in (0..n).step_by(BLOCK) {
                        let count = BLOCK.min(n - start);
                        derivatives::<T, 1, 1>(self.function, &u[start..][..count], [&mut slopes]);
                        for c in 0..self.count {
                            let (to, from) = (
                                &mut output[c * n + start..][..count],
                                &rows[c * n + start..][..count],
                            );
                            to.iter_mut()
                                .zip(from)
                                .zip(&slopes)
                                .for_each(|((to, from), slope)| *to = *slope * *from);
                        }
                    }
                },
            );
        });
    }
}
