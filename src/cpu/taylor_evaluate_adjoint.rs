//! The CPU kernel of `shaders/taylor_evaluate_adjoint.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::TaylorEvaluateAdjoint;

impl<T: Float> CpuKernel<T> for TaylorEvaluateAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let d_output = memory.reals(self.d_output);
            let (n, d, skip, order) = (
                self.jets.features,
                self.jets.directions,
                usize::from(self.centre),
                self.jets.order,
            );
            for_chunks(
                d_input,
                self.jets.slots() * n,
                #[inline(always)]
                |b, a| {
                    let rows = &d_output[b * (skip + d) * n..][..(skip + d) * n];
                    let (a0, derivatives) = a.split_at_mut(n);
                    a0.copy_from_slice(&rows[..n]);
                    for row in rows[n..].chunks(n) {
                        a0.iter_mut().zip(row).for_each(|(a0, row)| *a0 += *row);
                    }
                    let (a1, a2) = derivatives.split_at_mut(d * n);
                    let rows = &rows[skip * n..];
                    a1.copy_from_slice(rows);
                    if order == 2 {
                        a2.iter_mut()
                            .zip(rows)
                            .for_each(|(a2, row)| *a2 = T::of(0.5) * *row);
                    }
                },
            );
        });
    }
}
