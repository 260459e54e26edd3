//! The CPU kernel of `shaders/activate_linear_adjoint.wgsl`: one after the other, as in
//! `linear_activate.rs`.

use super::{CpuKernel, Float, Memory};
use crate::engine::ops::ActivateLinearAdjoint;

impl<T: Float> CpuKernel<T> for ActivateLinearAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        let (linear, activate) = self.parts();
        linear.run(memory);
        activate.run(memory);
    }
}
