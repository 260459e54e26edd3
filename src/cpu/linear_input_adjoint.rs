//! Twin of `shaders/linear_input_adjoint.wgsl`.

use super::rows_apart;
use super::scratch::{OF_PASS, with_scratch};
use super::{Memory, Real, Twin};
use crate::engine::ops::LinearInputAdjoint;
use crate::product::{Matrix, multiply};

impl<T: Real> Twin<T> for LinearInputAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let d_output = Matrix::rows(memory.reals(self.d_output), self.outputs);
            with_scratch(
                &OF_PASS,
                [rows_apart::room(self.rows, self.outputs, self.inputs)],
                |[scratch]: [&mut [T]; 1]| {
                    let weight = rows_apart::copy(memory.reals(self.weight), self.inputs, scratch);
                    multiply(
                        d_input,
                        [self.rows, self.outputs, self.inputs],
                        d_output,
                        weight,
                        false,
                    );
                },
            );
        });
    }
}
