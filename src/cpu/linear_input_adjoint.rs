//! The CPU kernel of `shaders/linear_input_adjoint.wgsl`.

use super::packed_copy;
use super::scratch::{OF_PASS, with_scratch};
use super::{CpuKernel, Float, Memory};
use crate::engine::ops::LinearInputAdjoint;
use crate::gemm::{Matrix, multiply};

impl<T: Float> CpuKernel<T> for LinearInputAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let d_output = Matrix::rows(memory.reals(self.d_output), self.outputs);
            with_scratch(
                &OF_PASS,
                [packed_copy::workspace_len(
                    self.rows,
                    self.outputs,
                    self.inputs,
                )],
                |[scratch]: [&mut [T]; 1]| {
                    let weight = packed_copy::copy(memory.reals(self.weight), self.inputs, scratch);
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
