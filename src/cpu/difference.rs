//! Twin of `shaders/difference.wgsl`.

use super::{Memory, Real, Twin, for_chunks};
use crate::engine::ops::Difference;

impl<T: Real> Twin<T> for Difference {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let input = memory.reals(self.input);
            let size = (1 + self.directions) * self.features;
            for_chunks(
                output,
                size,
                #[inline(always)]
                |b, output| {
                    let input = &input[b * size..][..size];
                    for (i, value) in output.iter_mut().enumerate() {
                        *value = if i < self.features { input[i] } else { input[i] - input[i % self.features] };
                    }
                },
            );
        });
    }
}
