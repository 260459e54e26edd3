//! The CPU kernel of `shaders/activate.wgsl`.

use super::activation::{BLOCK, derivatives};
use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::{jets::Jets, ops::Activate};

impl<T: Float> CpuKernel<T> for Activate {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let input = memory.reals(self.input);
            let (n, d, function) = (self.jets.features, self.jets.directions, self.function);
            let size = self.jets.slots() * n;
            let output_size = Jets {
                order: self.output_order,
                ..self.jets
            }
            .slots()
                * n;
            let orders = (self.jets.order, self.output_order);
            for_chunks(
                output,
                output_size,
                #[inline(always)]
                |b, y| {
                    let u = &input[b * size..][..size];
                    let [mut s1, mut s2] = [[T::default(); BLOCK]; 2];
                    for start in (0..n).step_by(BLOCK) {
                        let count = BLOCK.min(n - start);
                        let (u0, y0) = (&u[start..][..count], &mut y[start..][..count]);
                        match orders.1 {
                            0 => derivatives::<T, 0, 1>(function, u0, [y0]),
                            1 => derivatives::<T, 0, 2>(function, u0, [y0, &mut s1]),
                            _ => derivatives::<T, 0, 3>(function, u0, [y0, &mut s1, &mut s2]),
                        }
                        for k in 0..if orders.0 == 0 { 0 } else { d } {
                            let (first, second) = ((1 + k) * n + start, (1 + d + k) * n + start);
                            let u1 = &u[first..][..count];
                            y[first..][..count]
                                .iter_mut()
                                .zip(u1)
                                .zip(&s1)
                                .for_each(|((y1, u1), s1)| *y1 = *s1 * *u1);
                            if orders.1 == 2 {
                                let y2 = &mut y[second..][..count];
                                y2.iter_mut()
                                    .zip(u1)
                                    .zip(&s2)
                                    .for_each(|((y2, u1), s2)| *y2 = *s2 * *u1 * *u1);
                            }
                            if orders.0 == 2 {
                                let (y2, u2) = (&mut y[second..][..count], &u[second..][..count]);
                                y2.iter_mut()
                                    .zip(u2)
                                    .zip(&s1)
                                    .for_each(|((y2, u2), s1)| *y2 += *s1 * *u2);
                            }
                        }
                    }
                },
            );
        });
    }
}
