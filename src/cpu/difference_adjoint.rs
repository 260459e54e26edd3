//! Twin of `shaders/difference_adjoint.wgsl`.

use super::{Memory, Real, Twin, for_chunks};
use crate::engine::ops::DifferenceAdjoint;

impl<T: Real> Twin<T> for DifferenceAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let d_output = memory.reals(self.d_output);
            let size = (1 + self.directions) * self.features;
            for_chunks(
                d_input,
                size,
                #[inline(always)]
                |b, d_input| {
                    d_input.copy_from_slice(&d_output[b * size..][..size]);
                    let (centre, neighbours) = d_input.split_at_mut(self.features);
                    for neighbour in neighbours.chunks(self.features) {
                        centre.iter_mut().zip(neighbour).for_each(|(value, d)| *value -= *d);
                    }
                },
            );
        });
    }
}
