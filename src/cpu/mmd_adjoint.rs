//! The CPU kernel of `shaders/mmd_adjoint.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks, step_weights};
use crate::engine::ops::MmdAdjoint;

impl<T: Float> CpuKernel<T> for MmdAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_codes, |memory, d_codes| {
            let weight =
                step_weights(memory, self.loss_weights, self.state, self.columns)[self.column];
            let (codes, prior, slopes) = (
                memory.reals(self.codes),
                memory.reals(self.prior),
                memory.reals(self.slopes),
            );
            let (m, size, pairs) = (
                self.features,
                self.group * self.features,
                self.batch * self.batch,
            );
            for_chunks(
                d_codes,
                size,
                #[inline(always)]
                |i, d_codes| {
                    d_codes.fill(T::default());
                    let z = &codes[i * size..][..m];
                    for j in 0..self.batch {
                        let among = T::of(4.0) * weight * slopes[i * self.batch + j];
                        let across = T::of(2.0) * weight * slopes[pairs + i * self.batch + j];
                        let others = codes[j * size..][..m].iter().zip(&prior[j * m..][..m]);
                        for ((d, z), (other, draw)) in d_codes.iter_mut().zip(z).zip(others) {
                            *d += among * (*z - *other) + across * (*z - *draw);
                        }
                    }
                },
            );
        });
    }
}
