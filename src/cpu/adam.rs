//! Twin of `shaders/adam.wgsl`.

use super::{Memory, Real, Twin, vectorised};
use crate::engine::{SCHEDULE_COLUMNS, ops::Adam};
use rayon::prelude::*;

/// Values that one task updates.
const CHUNK: usize = 1 << 14;

impl<T: Real> Twin<T> for Adam {
    fn run(&self, memory: &mut Memory<T>) {
        let step = memory.words(self.state)[0] as usize;
        let norm = memory.reals(self.norm)[0];
        if memory.words(self.state)[1] != 0 {
            return;
        }
        if !Real::is_finite(norm) {
            memory.words_mut(self.state)[1] = step as u32 + 1;
            return;
        }
        let row = &memory.reals(self.schedule)[step * SCHEDULE_COLUMNS..][..SCHEDULE_COLUMNS];
        let (rate, correction1, correction2) = (row[0], row[1], row[2]);
        let c = T::of;
        let (clip, norm) = (c(self.clip), Real::sqrt(norm));
        let factor = if self.clip > 0.0 && norm > clip { clip / norm } else { c(1.0) };
        let (beta1, beta2, epsilon) = (c(self.beta1), c(self.beta2), c(self.epsilon));
        let keep = c(1.0) - rate * c(self.weight_decay);
        memory.write(self.parameters, |memory, parameters| {
            memory.write(self.first, |memory, first| {
                memory.write(self.second, |memory, second| {
                    let gradients = memory.reals(self.gradients);
                    parameters
                        .par_chunks_mut(CHUNK)
                        .zip(first.par_chunks_mut(CHUNK))
                        .zip(second.par_chunks_mut(CHUNK))
                        .zip(gradients.par_chunks(CHUNK))
                        .for_each(|(((parameters, first), second), gradients)| {
                            vectorised(
                                #[inline(always)]
                                || {
                                    for (((p, m), v), g) in parameters.iter_mut().zip(first).zip(second).zip(gradients) {
                                        let g = *g * factor;
                                        *m = beta1 * *m + (c(1.0) - beta1) * g;
                                        *v = beta2 * *v + (c(1.0) - beta2) * g * g;
                                        let length = Real::sqrt(*v) * correction2 + epsilon;
                                        *p = *p * keep - rate * (*m * correction1) / length;
                                    }
                                },
                            );
                        });
                });
            });
        });
    }
}
