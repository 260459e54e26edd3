//! The CPU kernel of `shaders/upsample_adjoint.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::{Upsample, UpsampleAdjoint};

impl<T: Float> CpuKernel<T> for UpsampleAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let (d_output, h, w) = (memory.reals(self.d_output), self.height, self.width);
            for_chunks(d_input, h * w, |plane, d_input| {
                d_input.fill(T::default());
                let d_output = &d_output[plane * 4 * h * w..][..4 * h * w];
                for (y, row) in d_output.chunks(2 * w).enumerate() {
                    let (y0, y1, down) = Upsample::between(y, h, self.align_corners);
                    for (x, d) in row.iter().enumerate() {
                        let (x0, x1, right) = Upsample::between(x, w, self.align_corners);
                        for (row, share) in [(y0, 1.0 - down), (y1, down)] {
                            d_input[row * w + x0] += T::of(share * (1.0 - right)) * *d;
                            d_input[row * w + x1] += T::of(share * right) * *d;
                        }
                    }
                }
            });
        });
    }
}
