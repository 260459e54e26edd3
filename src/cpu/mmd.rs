//! The CPU kernel of `shaders/mmd.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks, step_weights};
use crate::engine::ops::{IMQ_SCALES, Mmd};

impl Mmd {
    /// (k, dk/dr) at the squared distance `r`.
    #[inline(always)]
    fn kernel<T: Float>(&self, r: T, medians: &[T]) -> (T, T) {
        if self.gaussian {
            let bandwidth = T::of((0.5 * (medians[0] + medians[1]).to_f64()).max(1e-12));
            let k = Float::exp(T::of(-0.5) * r / bandwidth);
            return (k, T::of(-0.5) * k / bandwidth);
        }
        let mut sum = (T::default(), T::default());
        for scale in IMQ_SCALES {
            let c = T::of(2.0 * scale * self.features as f64);
            sum.0 += c / (c + r);
            sum.1 -= c / ((c + r) * (c + r));
        }
        sum
    }
}

impl<T: Float> CpuKernel<T> for Mmd {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.slopes, |memory, slopes| {
            memory.write(self.values, |memory, values| {
                let loss_weights =
                    step_weights(memory, self.loss_weights, self.state, self.columns);
                let (distances, medians) =
                    (memory.reals(self.distances), memory.reals(self.medians));
                let (count, pairs) = (loss_weights[0].to_f64(), self.batch * self.batch);
                let factors = |i: usize, j: usize| {
                    let inside = i.max(j) < count as usize;
                    let different = if inside && i != j {
                        1.0 / (count * (count - 1.0))
                    } else {
                        0.0
                    };
                    (
                        T::of(different),
                        T::of(if inside { -2.0 / (count * count) } else { 0.0 }),
                    )
                };
                for_chunks(
                    values,
                    self.batch,
                    #[inline(always)]
                    |i, values| {
                        for (j, value) in values.iter_mut().enumerate() {
                            let (pair, (different, across)) = (i * self.batch + j, factors(i, j));
                            let kernel = |kind: usize| {
                                self.kernel(distances[kind * pairs + pair], medians).0
                            };
                            *value = different * (kernel(0) + kernel(1)) + across * kernel(2);
                        }
                    },
                );
                for_chunks(
                    slopes,
                    self.batch,
                    #[inline(always)]
                    |row, slopes| {
                        let (kind, i) = (row / self.batch, row % self.batch);
                        for (j, slope) in slopes.iter_mut().enumerate() {
                            let (different, across) = factors(i, j);
                            let (factor, from) = if kind == 0 {
                                (different, 0)
                            } else {
                                (across, 2 * pairs)
                            };
                            *slope = factor
                                * self.kernel(distances[from + i * self.batch + j], medians).1;
                        }
                    },
                );
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shader_has_the_same_scales() {
        let shader = include_str!("../../shaders/mmd.wgsl");
        let (_, scales) = shader.split_once("var scales = array(").unwrap();
        let (scales, after) = scales.split_once(");").unwrap();
        let scales: Vec<f64> = scales.split(", ").map(|s| s.parse().unwrap()).collect();
        assert_eq!(scales, IMQ_SCALES);
        assert!(after.contains(&format!("s < {}u;", IMQ_SCALES.len())));
    }
}
