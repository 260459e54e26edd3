//! Twin of `shaders/sum.wgsl`.

use super::{Memory, Real, Twin, lanes, vectorised};
use crate::engine::ops::Sum;

impl<T: Real> Twin<T> for Sum {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let step = memory.words(self.state)[0] as usize;
            let input = &memory.reals(self.input)[..self.len];
            output[step * self.columns + self.column] = vectorised(
                #[inline(always)]
                || lanes(input, input, |value, _| value),
            );
        });
    }
}
