//! The CPU kernel of `shaders/gather.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::Gather;

impl<T: Float> CpuKernel<T> for Gather {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let data = memory.words(self.data);
            let step = memory.words(self.state)[0] as usize;
            let indices = &memory.words(self.indices)[step * self.rows..][..self.rows];
            let (shift, scale) = (T::of(self.shift.into()), T::of(self.scale.into()));
            for_chunks(
                output,
                self.features,
                #[inline(always)]
                |row, output| {
                    let first = indices[row] as usize * self.features;
                    if self.bytes {
                        // Bytes lie in the words lowest first, which is their order in memory on
                        // the machines that wgpu runs on.
                        let bytes: &[u8] = bytemuck::cast_slice(data);
                        for (value, raw) in output.iter_mut().zip(&bytes[first..]) {
                            *value = (T::of(f64::from(*raw)) - shift) / scale;
                        }
                    } else {
                        for (value, raw) in output.iter_mut().zip(&data[first..]) {
                            *value = (T::of(f64::from(f32::from_bits(*raw))) - shift) / scale;
                        }
                    }
                },
            );
        });
    }
}
