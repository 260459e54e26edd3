//! The CPU kernel of `shaders/average_pool.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::AveragePool;

impl<T: Float> CpuKernel<T> for AveragePool {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (input, w) = (memory.reals(self.input), &self.windows);
            let (size, area) = (w.height * w.width, T::of((w.kernel * w.kernel) as f64));
            for_chunks(output, w.output_height * w.output_width, |plane, output| {
                let input = &input[plane * size..][..size];
                for (window, mean) in output.iter_mut().enumerate() {
                    let first = window / w.output_width * w.stride * w.width
                        + window % w.output_width * w.stride;
                    let rows = (0..w.kernel).map(|row| &input[first + row * w.width..][..w.kernel]);
                    *mean = rows.flatten().copied().sum::<T>() / area;
                }
            });
        });
    }
}
