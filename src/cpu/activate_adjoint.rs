//! The CPU kernel of `shaders/activate_adjoint.wgsl`.

use super::activation::{BLOCK, derivatives};
use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::{jets::Jets, ops::ActivateAdjoint};

impl<T: Float> CpuKernel<T> for ActivateAdjoint {
    // One function, since all slots of a block take their turn while its derivatives are in
    // registers and the nearest cache.
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let (input, d_output) = (memory.reals(self.input), memory.reals(self.d_output));
            let (n, d, function) = (self.jets.features, self.jets.directions, self.function);
            let size = self.jets.slots() * n;
            let output_size = Jets {
                order: self.output_order,
                ..self.jets
            }
            .slots()
                * n;
            let orders = (self.jets.order, self.output_order);
            // Of a function without curvature the second and the third derivative are zero
            // everywhere.
            let curved = orders.0 > 0 && !function.is_piecewise_linear();
            for_chunks(
                d_input,
                size,
                #[inline(always)]
                |b, du| {
                    let (u, a) = (
                        &input[b * size..][..size],
                        &d_output[b * output_size..][..output_size],
                    );
                    let [mut s1, mut s2, mut s3, mut du0] = [[T::default(); BLOCK]; 4];
                    for start in (0..n).step_by(BLOCK) {
                        let count = BLOCK.min(n - start);
                        let u0 = &u[start..][..count];
                        match (curved, orders.1) {
                            (false, _) => derivatives::<T, 1, 1>(function, u0, [&mut s1]),
                            (true, 1) => derivatives::<T, 1, 2>(function, u0, [&mut s1, &mut s2]),
                            (true, _) => {
                                derivatives::<T, 1, 3>(function, u0, [&mut s1, &mut s2, &mut s3])
                            }
                        }
                        for i in 0..count {
                            du0[i] = s1[i] * a[start + i];
                        }
                        for k in 0..if orders.0 == 0 { 0 } else { d } {
                            let (first, second) = ((1 + k) * n + start, (1 + d + k) * n + start);
                            let (u1, a1, du1) = (
                                &u[first..][..count],
                                &a[first..][..count],
                                &mut du[first..][..count],
                            );
                            for i in 0..count {
                                du1[i] = s1[i] * a1[i];
                            }
                            if curved {
                                for i in 0..count {
                                    du0[i] += s2[i] * u1[i] * a1[i];
                                }
                            }
                            if curved && orders.1 == 2 {
                                let a2 = &a[second..][..count];
                                for i in 0..count {
                                    du0[i] += s3[i] * u1[i] * u1[i] * a2[i];
                                    du1[i] += T::of(2.0) * s2[i] * u1[i] * a2[i];
                                }
                            }
                            if orders.0 == 2 {
                                let (u2, a2, du2) = (
                                    &u[second..][..count],
                                    &a[second..][..count],
                                    &mut du[second..][..count],
                                );
                                for i in 0..count {
                                    du2[i] = s1[i] * a2[i];
                                }
                                if curved {
                                    for i in 0..count {
                                        du0[i] += s2[i] * u2[i] * a2[i];
                                    }
                                }
                            }
                        }
                        du[start..][..count].copy_from_slice(&du0[..count]);
                    }
                },
            );
        });
    }
}
