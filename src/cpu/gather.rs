//! Twin of `shaders/gather.wgsl`.

use super::{Memory, Real, Twin, for_chunks};
use crate::engine::ops::Gather;

impl<T: Real> Twin<T> for Gather {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let data = memory.words(self.data);
            let step = memory.words(self.state)[0] as usize;
            let indices = &memory.words(self.indices)[step * self.rows..][..self.rows];
            let (shift, scale) = (T::of(self.shift.into()), T::of(self.scale.into()));
            for_chunks(output, self.features, |row, output| {
                let first = indices[row] as usize * self.features;
                for (at, value) in (first..).zip(output) {
                    let raw = if self.bytes {
                        f64::from(data[at / 4] >> (8 * (at % 4)) & 0xff)
                    } else {
                        f64::from(f32::from_bits(data[at]))
                    };
                    *value = (T::of(raw) - shift) / scale;
                }
            });
        });
    }
}
