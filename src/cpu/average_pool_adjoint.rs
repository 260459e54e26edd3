//! The CPU kernel of `shaders/average_pool_adjoint.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::AveragePoolAdjoint;

impl<T: Float> CpuKernel<T> for AveragePoolAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let (d_output, w) = (memory.reals(self.d_output), &self.windows);
            let (windows, area) = (
                w.output_height * w.output_width,
                T::of((w.kernel * w.kernel) as f64),
            );
            for_chunks(d_input, w.height * w.width, |plane, d_input| {
                d_input.fill(T::default());
                for (window, d) in d_output[plane * windows..][..windows].iter().enumerate() {
                    let first = window / w.output_width * w.stride * w.width
                        + window % w.output_width * w.stride;
                    for row in 0..w.kernel {
                        d_input[first + row * w.width..][..w.kernel]
                            .iter_mut()
                            .for_each(|to| *to += *d / area);
                    }
                }
            });
        });
    }
}
