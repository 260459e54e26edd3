//! The CPU kernel of `shaders/linear.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::Linear;
use crate::gemm::{Matrix, multiply};

impl<T: Float> CpuKernel<T> for Linear {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (input, weight, bias) = (
                memory.reals(self.input),
                memory.reals(self.weight),
                memory.reals(self.bias),
            );
            for_chunks(
                output,
                self.slots * self.outputs,
                #[inline(always)]
                |_, jet| {
                    let (value, derivatives) = jet.split_at_mut(self.outputs);
                    value.copy_from_slice(bias);
                    derivatives.fill(T::default());
                },
            );
            let weight = Matrix::rows(weight, self.inputs).transposed();
            multiply(
                output,
                [self.rows, self.inputs, self.outputs],
                Matrix::rows(input, self.inputs),
                weight,
                true,
            );
        });
    }
}
