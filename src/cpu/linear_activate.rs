//! The CPU kernel of `shaders/linear_activate.wgsl`: one after the other. Activations on each piece
//! of a product took longer.

use super::{CpuKernel, Float, Memory};
use crate::engine::ops::LinearActivate;

impl<T: Float> CpuKernel<T> for LinearActivate {
    fn run(&self, memory: &mut Memory<T>) {
        let (linear, activate) = self.parts();
        linear.run(memory);
        activate.run(memory);
    }
}
