//! The CPU kernel of `shaders/increment_step.wgsl`.

use super::{CpuKernel, Float, Memory};
use crate::engine::ops::IncrementStep;

impl<T: Float> CpuKernel<T> for IncrementStep {
    fn run(&self, memory: &mut Memory<T>) {
        let [step, stopped, _, not_finite, _] = memory.words_mut(self.state) else {
            panic!("the state has five words")
        };
        *step += 1;
        if *not_finite != 0 && *stopped == 0 {
            *stopped = *step;
        }
    }
}
