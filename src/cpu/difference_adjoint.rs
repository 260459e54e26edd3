//! Twin of `shaders/difference_adjoint.wgsl`.

use super::{Memory, Real, Twin, for_chunks};
use crate::engine::ops::DifferenceAdjoint;

impl<T: Real> Twin<T> for DifferenceAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let d_output = memory.reals(self.d_output);
            let size = (1 + self.directions) * self.features;
            for_chunks(d_input, size, |b, d_input| {
                let d_output = &d_output[b * size..][..size];
                d_input.copy_from_slice(d_output);
                let (centre, _) = d_input.split_at_mut(self.features);
                for d_neighbour in d_output[self.features..].chunks(self.features) {
                    for (value, d) in centre.iter_mut().zip(d_neighbour) {
                        *value = *value - *d;
                    }
                }
            });
        });
    }
}
