//! The CPU kernel of `shaders/max_pool_adjoint.wgsl`.

use super::max_pool::largest;
use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::MaxPoolAdjoint;

impl<T: Float> CpuKernel<T> for MaxPoolAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let (centres, d_output, w) = (
                memory.reals(self.centres),
                memory.reals(self.d_output),
                &self.windows,
            );
            let (image, windows, size) = (
                w.image(),
                w.output_height * w.output_width,
                w.height * w.width,
            );
            for_chunks(d_input, self.count * image, |b, d_input| {
                d_input.fill(T::default());
                let centre = &centres[b * self.group * image..][..image];
                let d_output = &d_output[b * self.count * w.output()..][..self.count * w.output()];
                for channel in 0..w.channels {
                    let plane = &centre[channel * size..][..size];
                    for window in 0..windows {
                        let at = largest(plane, w, window);
                        for c in 0..self.count {
                            d_input[c * image + channel * size + at] +=
                                d_output[c * w.output() + channel * windows + window];
                        }
                    }
                }
            });
        });
    }
}
