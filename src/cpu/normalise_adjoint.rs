//! The CPU kernel of `shaders/normalise_adjoint.wgsl`.

use super::normalise::{centred, dot, epsilon, product, unit_factor};
use super::{CpuKernel, Float, Memory};
use crate::engine::jets::Jets;
use crate::engine::ops::NormaliseAdjoint;
use rayon::prelude::*;

impl<T: Float> CpuKernel<T> for NormaliseAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            memory.write(self.scale_sums, |memory, scale_sums| {
                memory.write(self.shift_sums, |memory, shift_sums| {
                    let memory = &*memory;
                    let slots = self.jets.slots() * self.jets.features;
                    let jets = d_input.par_chunks_mut(slots).enumerate();
                    if self.sums {
                        let sums = scale_sums
                            .par_chunks_mut(self.channels)
                            .zip(shift_sums.par_chunks_mut(self.channels));
                        jets.zip(sums).for_each(|((b, d_input), (scale, shift))| {
                            self.jet(memory, b, d_input, Some((scale, shift)))
                        });
                    } else {
                        jets.for_each(|(b, d_input)| self.jet(memory, b, d_input, None));
                    }
                });
            });
        });
    }
}

impl NormaliseAdjoint {
    /// One jet, by the formulas of the shader's contract. It is one function because the adjoints of
    /// all slots share the moments of the values and add to the same gradients.
    fn jet<T: Float>(
        &self,
        memory: &Memory<T>,
        b: usize,
        d_input: &mut [T],
        mut sums: Option<(&mut [T], &mut [T])>,
    ) {
        let (n, d, unit) = (self.jets.features, self.jets.directions, self.unit);
        let (size, positions) = (n / self.groups, n / self.channels);
        let orders = (self.jets.order, self.output_order);
        let scale = memory.reals(self.scale);
        let input = &memory.reals(self.input)[b / self.count * self.group * n..];
        let output_size = Jets {
            order: orders.1,
            ..self.jets
        }
        .slots()
            * n;
        let d_output = &memory.reals(self.d_output)[b * output_size..][..output_size];
        let c = T::of;
        if let Some((scale_sums, shift_sums)) = &mut sums {
            scale_sums.fill(T::default());
            shift_sums.fill(T::default());
        }
        for group in 0..self.groups {
            let within = group * size;
            let channel = |i: usize| (within + i) / positions;
            let values = |slot: usize| &input[slot * n + within..][..size];
            // Of values times a factor, the gradient is that of the values by the factor.
            let factor = unit_factor(values(0), unit);
            let slot = |slot: usize| centred(values(slot), unit, factor);
            let upstream = |slot: usize| &d_output[slot * n + within..][..size];
            // dn, less its mean where values are centred: the mean meets only what sums to zero.
            let gradient = |slot: usize| -> Vec<T> {
                let scaled = upstream(slot).iter().enumerate();
                let dn: Vec<T> = scaled
                    .map(|(i, a)| if unit { *a } else { scale[channel(i)] * *a })
                    .collect();
                centred(&dn, unit, c(1.0))
            };
            let m = if unit { c(1.0) } else { c(size as f64) };
            let c0 = slot(0);
            let s = c(1.0) / Float::sqrt(product(&c0, &c0, unit) + epsilon::<T>(unit));
            let (s3, s5) = (s * s * s, s * s * s * s * s);
            let mut add = |slot: usize, normalised: &dyn Fn(usize) -> T| {
                if let Some((scale_sums, shift_sums)) = &mut sums {
                    for (i, a) in upstream(slot).iter().enumerate() {
                        scale_sums[channel(i)] += *a * normalised(i);
                        if slot == 0 {
                            shift_sums[channel(i)] += *a;
                        }
                    }
                }
            };
            let dn0 = gradient(0);
            let mut d_v0 = c(-0.5) * s3 * dot(&c0, &dn0);
            let mut d_c0: Vec<T> = dn0.iter().map(|dn| s * *dn).collect();
            add(0, &|i| c0[i] * s);
            for k in 0..if orders.0 == 0 { 0 } else { d } {
                let (c1, dn1) = (slot(1 + k), gradient(1 + k));
                let zero = || vec![T::default(); size];
                let (c2, dn2) = (
                    if orders.0 == 2 {
                        slot(1 + d + k)
                    } else {
                        zero()
                    },
                    if orders.1 == 2 {
                        gradient(1 + d + k)
                    } else {
                        zero()
                    },
                );
                let v1 = c(2.0) * product(&c0, &c1, unit);
                let v2 = c(2.0) * (product(&c1, &c1, unit) + product(&c0, &c2, unit));
                let s1 = c(-0.5) * s3 * v1;
                let s2 = c(0.75) * s5 * v1 * v1 - c(0.5) * s3 * v2;
                let (d_s1, d_s2) = (dot(&c0, &dn1) + c(2.0) * dot(&c1, &dn2), dot(&c0, &dn2));
                d_v0 += c(-0.5) * s3 * (dot(&c1, &dn1) + dot(&c2, &dn2));
                d_v0 += c(0.75) * s5 * v1 * d_s1
                    + (c(0.75) * s5 * v2 - c(1.875) * s5 * s * s * v1 * v1) * d_s2;
                let d_v1 = c(-0.5) * s3 * d_s1 + c(1.5) * s5 * v1 * d_s2;
                let d_v2 = c(-0.5) * s3 * d_s2;
                for i in 0..size {
                    d_c0[i] +=
                        s1 * dn1[i] + s2 * dn2[i] + c(2.0) * (c1[i] * d_v1 + c2[i] * d_v2) / m;
                    d_input[(1 + k) * n + within + i] = factor
                        * (s * dn1[i]
                            + c(2.0) * s1 * dn2[i]
                            + c(2.0) * (c0[i] * d_v1 + c(2.0) * c1[i] * d_v2) / m);
                    if orders.0 == 2 {
                        d_input[(1 + d + k) * n + within + i] =
                            factor * (s * dn2[i] + c(2.0) * c0[i] * d_v2 / m);
                    }
                }
                add(1 + k, &|i| c1[i] * s + c0[i] * s1);
                if orders.1 == 2 {
                    add(1 + d + k, &|i| c2[i] * s + c(2.0) * c1[i] * s1 + c0[i] * s2);
                }
            }
            for i in 0..size {
                d_input[within + i] = factor * (d_c0[i] + c(2.0) * c0[i] * d_v0 / m);
            }
        }
    }
}
