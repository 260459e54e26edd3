//! Twin of `shaders/activate_linear_adjoint.wgsl`: one after the other, as in `linear_activate.rs`.

use super::{Memory, Real, Twin};
use crate::engine::ops::ActivateLinearAdjoint;

impl<T: Real> Twin<T> for ActivateLinearAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        let (linear, activate) = self.parts();
        linear.run(memory);
        activate.run(memory);
    }
}
