//! Twin of `shaders/linear_weight_adjoint.wgsl`.

use super::{Memory, Real, Twin};
use crate::engine::ops::LinearWeightAdjoint;
use crate::product::{Matrix, multiply};

impl<T: Real> Twin<T> for LinearWeightAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_weight, |memory, d_weight| {
            let (d_output, input) = (memory.reals(self.d_output), memory.reals(self.input));
            for (part, d_weight) in d_weight.chunks_mut(self.outputs * self.inputs).enumerate() {
                let first = part * self.stretch;
                let rows = self.stretch.min(self.rows - first);
                let d_output = Matrix::rows(&d_output[first * self.outputs..], self.outputs).transposed();
                let input = Matrix::rows(&input[first * self.inputs..], self.inputs);
                multiply(d_weight, [self.outputs, rows, self.inputs], d_output, input, false);
            }
        });
    }
}
