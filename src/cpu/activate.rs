//! Twin of `shaders/activate.wgsl`.

use super::activation::derivatives;
use super::{Memory, Real, Twin, for_chunks};
use crate::engine::{jets::Jets, ops::Activate};

impl<T: Real> Twin<T> for Activate {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let input = memory.reals(self.input);
            let (n, d) = (self.jets.features, self.jets.directions);
            let size = self.jets.slots() * n;
            let output_size = Jets { order: self.output_order, ..self.jets }.slots() * n;
            let orders = (self.jets.order, self.output_order);
            for_chunks(output, output_size, |b, y| {
                let u = &input[b * size..][..size];
                for i in 0..n {
                    let [s0, s1, s2, _] = derivatives(self.function, u[i]);
                    y[i] = s0;
                    for k in 0..d {
                        let (first, second) = ((1 + k) * n + i, (1 + d + k) * n + i);
                        if orders.1 >= 1 {
                            y[first] = s1 * u[first];
                        }
                        match orders {
                            (1, 2) => y[second] = s2 * u[first] * u[first],
                            (2, 2) => y[second] = s2 * u[first] * u[first] + s1 * u[second],
                            _ => {}
                        }
                    }
                }
            });
        });
    }
}
