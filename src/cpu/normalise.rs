//! The CPU kernel of `shaders/normalise.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::jets::Jets;
use crate::engine::ops::Normalise;
use crate::net::NORM_EPSILON;

/// The sum of `term` of 0 to `len`, in f64 and in a fixed order: among values that differ little from
/// their mean, f32 would lose what they differ by.
fn sum(len: usize, term: impl Fn(usize) -> f64) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    for block in 0..len / LANES {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += term(block * LANES + lane);
        }
    }
    let rest: f64 = (len / LANES * LANES..len).map(term).sum();
    sums.iter().sum::<f64>() + rest
}

/// Values of one slot and group, less their mean; times `factor` where `unit`.
pub(super) fn centred<T: Float>(values: &[T], unit: bool, factor: T) -> Vec<T> {
    if unit {
        return values.iter().map(|value| *value * factor).collect();
    }
    let mean = sum(values.len(), |i| values[i].to_f64()) / values.len() as f64;
    values
        .iter()
        .map(|value| T::of(value.to_f64() - mean))
        .collect()
}

/// The power of two that brings the largest of `values` near 1 where `unit`, else 1. z / |z| is that
/// of any multiple of z, and squares of such values neither overflow nor vanish.
pub(super) fn unit_factor<T: Float>(values: &[T], unit: bool) -> T {
    if !unit {
        return T::of(1.0);
    }
    let largest = values
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.to_f64().abs()));
    // The same exponents as in the shader, which has no others.
    T::of((-largest.log2().floor().clamp(-126.0, 126.0)).exp2())
}

/// The mean of products, or their sum where `unit`.
pub(super) fn product<T: Float>(a: &[T], b: &[T], unit: bool) -> T {
    let sum = dot(a, b);
    if unit {
        sum
    } else {
        sum / T::of(a.len() as f64)
    }
}

/// The sum of products.
pub(super) fn dot<T: Float>(a: &[T], b: &[T]) -> T {
    T::of(sum(a.len(), |i| a[i].to_f64() * b[i].to_f64()))
}

/// What is added to the variance.
pub(super) fn epsilon<T: Float>(unit: bool) -> T {
    T::of(if unit { 0.0 } else { NORM_EPSILON })
}

impl<T: Float> CpuKernel<T> for Normalise {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let input = memory.reals(self.input);
            let (scale, shift) = (memory.reals(self.scale), memory.reals(self.shift));
            let (n, d, unit) = (self.jets.features, self.jets.directions, self.unit);
            let (size, positions) = (n / self.groups, n / self.channels);
            let orders = (self.jets.order, self.output_order);
            let jet_size = self.jets.slots() * n;
            let c = T::of;
            for_chunks(
                output,
                Jets {
                    order: orders.1,
                    ..self.jets
                }
                .slots()
                    * n,
                |b, output| {
                    let jet = &input[b * jet_size..][..jet_size];
                    for group in 0..self.groups {
                        let within = group * size;
                        let values = |slot: usize| &jet[slot * n + within..][..size];
                        let factor = unit_factor(values(0), unit);
                        let slot = |slot: usize| centred(values(slot), unit, factor);
                        let mut write = |slot: usize, value: &dyn Fn(usize) -> T| {
                            for i in 0..size {
                                let channel = (within + i) / positions;
                                let to = &mut output[slot * n + within + i];
                                *to = value(i);
                                if !unit {
                                    *to = scale[channel] * *to
                                        + if slot == 0 {
                                            shift[channel]
                                        } else {
                                            T::default()
                                        };
                                }
                            }
                        };
                        let c0 = slot(0);
                        let v = product(&c0, &c0, unit) + epsilon::<T>(unit);
                        let s = c(1.0) / Float::sqrt(v);
                        write(0, &|i| c0[i] * s);
                        for k in 0..if orders.0 == 0 { 0 } else { d } {
                            let c1 = slot(1 + k);
                            let v1 = c(2.0) * product(&c0, &c1, unit);
                            let s1 = c(-0.5) * s * s * s * v1;
                            write(1 + k, &|i| c1[i] * s + c0[i] * s1);
                            if orders.1 == 2 {
                                let c2 = if orders.0 == 2 {
                                    slot(1 + d + k)
                                } else {
                                    vec![T::default(); size]
                                };
                                let v2 =
                                    c(2.0) * (product(&c1, &c1, unit) + product(&c0, &c2, unit));
                                let s2 = s * s * s * (c(0.75) * s * s * v1 * v1 - c(0.5) * v2);
                                write(1 + d + k, &|i| c2[i] * s + c(2.0) * c1[i] * s1 + c0[i] * s2);
                            }
                        }
                    }
                },
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shaders_have_the_same_epsilon() {
        for shader in [
            include_str!("../../shaders/normalise.wgsl"),
            include_str!("../../shaders/normalise_adjoint.wgsl"),
        ] {
            let (before, _) = shader.split_once(", 0.0, UNIT == 1u)").unwrap();
            let (_, epsilon) = before.rsplit_once("select(").unwrap();
            assert_eq!(epsilon.parse(), Ok(NORM_EPSILON));
        }
    }
}
