//! Twin of `shaders/linear_input_adjoint.wgsl`.

use super::{Memory, Real, Twin};
use crate::engine::ops::LinearInputAdjoint;
use crate::product::{Matrix, multiply};

impl<T: Real> Twin<T> for LinearInputAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let d_output = Matrix::rows(memory.reals(self.d_output), self.outputs);
            let weight = Matrix::rows(memory.reals(self.weight), self.inputs);
            multiply(d_input, [self.rows, self.outputs, self.inputs], d_output, weight, false);
        });
    }
}
