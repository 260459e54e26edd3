//! The CPU kernel of `shaders/increment_step.wgsl`.

use super::{CpuKernel, Float, Memory};
use crate::engine::ops::IncrementStep;

impl<T: Float> CpuKernel<T> for IncrementStep {
    fn run(&self, memory: &mut Memory<T>) {
        memory.words_mut(self.state)[0] += 1;
    }
}
