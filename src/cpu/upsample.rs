//! The CPU kernel of `shaders/upsample.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::Upsample;

impl<T: Float> CpuKernel<T> for Upsample {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (input, h, w) = (memory.reals(self.input), self.height, self.width);
            for_chunks(output, 4 * h * w, |plane, output| {
                let input = &input[plane * h * w..][..h * w];
                for (y, row) in output.chunks_mut(2 * w).enumerate() {
                    let (y0, y1, down) = Self::between(y, h, self.align_corners);
                    for (x, value) in row.iter_mut().enumerate() {
                        let (x0, x1, right) = Self::between(x, w, self.align_corners);
                        let (right, down) = (T::of(right), T::of(down));
                        let mix = |a: T, b: T, share: T| a * (T::of(1.0) - share) + b * share;
                        let upper = mix(input[y0 * w + x0], input[y0 * w + x1], right);
                        let lower = mix(input[y1 * w + x0], input[y1 * w + x1], right);
                        *value = mix(upper, lower, down);
                    }
                }
            });
        });
    }
}
