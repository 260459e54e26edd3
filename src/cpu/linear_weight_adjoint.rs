//! Twin of `shaders/linear_weight_adjoint.wgsl`.

use super::{Memory, Real, Twin};
use crate::engine::ops::LinearWeightAdjoint;
use crate::product::{Matrix, multiply};

impl<T: Real> Twin<T> for LinearWeightAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_weight, |memory, d_weight| {
            let d_output = Matrix::rows(memory.reals(self.d_output), self.outputs).transposed();
            let input = Matrix::rows(memory.reals(self.input), self.inputs);
            multiply(d_weight, [self.outputs, self.rows, self.inputs], d_output, input, false);
        });
    }
}
