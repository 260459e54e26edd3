//! Twin of `shaders/advance.wgsl`.

use super::{Memory, Real, Twin};
use crate::engine::ops::Advance;

impl<T: Real> Twin<T> for Advance {
    fn run(&self, memory: &mut Memory<T>) {
        let [step, stopped, _, not_finite] = memory.words_mut(self.state) else {
            panic!("the state has four words")
        };
        *step += 1;
        if *not_finite != 0 && *stopped == 0 {
            *stopped = *step;
        }
    }
}
