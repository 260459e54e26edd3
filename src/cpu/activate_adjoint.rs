//! Twin of `shaders/activate_adjoint.wgsl`.

use super::activation::derivatives;
use super::{Memory, Real, Twin, for_chunks};
use crate::engine::{jets::Jets, ops::ActivateAdjoint};

impl<T: Real> Twin<T> for ActivateAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let (input, d_output) = (memory.reals(self.input), memory.reals(self.d_output));
            let (n, d) = (self.jets.features, self.jets.directions);
            let size = self.jets.slots() * n;
            let output_size = Jets { order: self.output_order, ..self.jets }.slots() * n;
            let orders = (self.jets.order, self.output_order);
            let two = T::of(2.0);
            for_chunks(d_input, size, |b, du| {
                let (u, a) = (&input[b * size..][..size], &d_output[b * output_size..][..output_size]);
                for i in 0..n {
                    let [_, s1, s2, s3] = derivatives(self.function, u[i]);
                    let mut du0 = s1 * a[i];
                    for k in 0..d {
                        let (first, second) = ((1 + k) * n + i, (1 + d + k) * n + i);
                        if orders.0 >= 1 {
                            du0 += s2 * u[first] * a[first];
                            du[first] = s1 * a[first];
                        }
                        if orders.1 == 2 {
                            du0 += s3 * u[first] * u[first] * a[second];
                            du[first] += two * s2 * u[first] * a[second];
                        }
                        if orders.0 == 2 {
                            du0 += s2 * u[second] * a[second];
                            du[second] = s1 * a[second];
                        }
                    }
                    du[i] = du0;
                }
            });
        });
    }
}
