//! Twin of `shaders/advance.wgsl`.

use super::{Memory, Real, Twin};
use crate::engine::ops::Advance;

impl<T: Real> Twin<T> for Advance {
    fn run(&self, memory: &mut Memory<T>) {
        memory.words_mut(self.state)[0] += 1;
    }
}
