//! The CPU kernel of `shaders/adam.wgsl`.

use super::{CpuKernel, Float, Memory, dot};
use crate::engine::{SCHEDULE_COLUMNS, ops::Adam};
use rayon::prelude::*;

/// Values that one task updates.
const CHUNK: usize = 1 << 14;
/// Values to check before they are updated: few enough to stay in the L1 cache.
const BLOCK: usize = 1 << 10;

impl<T: Float> CpuKernel<T> for Adam {
    fn run(&self, memory: &mut Memory<T>) {
        let [step, stopped] = [0, 1].map(|word| memory.words(self.state)[word]);
        // In the step that ends updates, parameters whose gradient is finite still change.
        if stopped != 0 && stopped != step + 1 {
            return;
        }
        let norm = memory.reals(self.norm)[0];
        let row =
            &memory.reals(self.schedule)[step as usize * SCHEDULE_COLUMNS..][..SCHEDULE_COLUMNS];
        let update = Update::new(self, [row[0], row[1], row[2]], Float::sqrt(norm));
        let all_finite = Float::is_finite(norm)
            && memory.write(self.parameters, |memory, parameters| {
                memory.write(self.first, |memory, first| {
                    memory.write(self.second, |memory, second| {
                        let gradients = memory.reals(self.gradients);
                        parameters
                            .par_chunks_mut(CHUNK)
                            .zip(first.par_chunks_mut(CHUNK))
                            .zip(second.par_chunks_mut(CHUNK))
                            .zip(gradients.par_chunks(CHUNK))
                            .map(|(((p, m), v), g)| {
                                T::simd_dispatch(
                                    #[inline(always)]
                                    || update.chunk(p, m, v, g),
                                )
                            })
                            .reduce(|| true, |a, b| a & b)
                    })
                })
            });
        if !all_finite {
            memory.words_mut(self.state)[1] = step + 1;
        }
    }
}

/// What the update of a parameter depends on besides its value.
struct Update<T> {
    /// Factor of the gradient, which clips it.
    factor: T,
    /// Factor of the parameter: its weight decay.
    keep: T,
    rate: T,
    corrections: [T; 2],
    betas: [T; 2],
    epsilon: T,
}

impl<T: Float> Update<T> {
    fn new(adam: &Adam, [rate, correction1, correction2]: [T; 3], norm: T) -> Self {
        let grad_clip_norm = T::of(adam.grad_clip_norm);
        Self {
            factor: if adam.grad_clip_norm > 0.0 && norm > grad_clip_norm {
                grad_clip_norm / norm
            } else {
                T::of(1.0)
            },
            keep: T::of(1.0) - rate * T::of(adam.weight_decay),
            rate,
            corrections: [correction1, correction2],
            betas: [adam.beta1, adam.beta2].map(T::of),
            epsilon: T::of(adam.epsilon),
        }
    }

    #[inline(always)]
    fn value(&self, p: &mut T, m: &mut T, v: &mut T, g: T) {
        let ([beta1, beta2], g) = (self.betas, g * self.factor);
        *m = beta1 * *m + (T::of(1.0) - beta1) * g;
        *v = beta2 * *v + (T::of(1.0) - beta2) * g * g;
        let length = Float::sqrt(*v) * self.corrections[1] + self.epsilon;
        *p = *p * self.keep - self.rate * (*m * self.corrections[0]) / length;
    }

    /// Updates every value whose gradient has a finite square; returns whether all have.
    #[inline(always)]
    fn chunk(
        &self,
        parameters: &mut [T],
        first: &mut [T],
        second: &mut [T],
        gradients: &[T],
    ) -> bool {
        let moments = first.chunks_mut(BLOCK).zip(second.chunks_mut(BLOCK));
        let mut all_finite = true;
        for ((p, (m, v)), g) in parameters
            .chunks_mut(BLOCK)
            .zip(moments)
            .zip(gradients.chunks(BLOCK))
        {
            // A branch for every value would keep the loop from becoming vectors.
            let squares = dot(g, g);
            let values = p.iter_mut().zip(m).zip(v).zip(g);
            if Float::is_finite(squares) {
                values.for_each(|(((p, m), v), g)| self.value(p, m, v, *g));
            } else {
                for (((p, m), v), g) in values {
                    if Float::is_finite(*g * *g) {
                        self.value(p, m, v, *g);
                    } else {
                        all_finite = false;
                    }
                }
            }
        }
        all_finite
    }
}
