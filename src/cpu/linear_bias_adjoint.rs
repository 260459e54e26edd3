//! Twin of `shaders/linear_bias_adjoint.wgsl`.

use super::{Memory, Real, Twin};
use crate::engine::ops::LinearBiasAdjoint;

impl<T: Real> Twin<T> for LinearBiasAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_bias, |memory, d_bias| {
            let d_output = memory.reals(self.d_output);
            d_bias.fill(T::default());
            for row in d_output.chunks_exact(self.outputs).take(self.rows).step_by(self.slots) {
                for (sum, value) in d_bias.iter_mut().zip(row) {
                    *sum += *value;
                }
            }
        });
    }
}
