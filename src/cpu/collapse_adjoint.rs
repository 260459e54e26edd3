//! Twin of `shaders/collapse_adjoint.wgsl`.

use super::{Memory, Real, Twin, for_chunks};
use crate::engine::ops::CollapseAdjoint;

impl<T: Real> Twin<T> for CollapseAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let d_output = memory.reals(self.d_output);
            let (n, d, skip) = (self.jets.features, self.jets.directions, usize::from(self.centre));
            for_chunks(d_input, self.jets.slots() * n, |b, a| {
                let rows = &d_output[b * (skip + d) * n..][..(skip + d) * n];
                for i in 0..n {
                    a[i] = rows.iter().skip(i).step_by(n).copied().sum();
                    for k in 0..d {
                        let d_row = rows[(skip + k) * n + i];
                        a[(1 + k) * n + i] = d_row;
                        if self.jets.order == 2 {
                            a[(1 + d + k) * n + i] = T::of(0.5) * d_row;
                        }
                    }
                }
            });
        });
    }
}
