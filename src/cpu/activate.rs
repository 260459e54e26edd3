//! Twin of `shaders/activate.wgsl`.

use super::activation::{BLOCK, derivatives};
use super::{Memory, Real, Twin, for_chunks};
use crate::engine::{jets::Jets, ops::Activate};

impl<T: Real> Twin<T> for Activate {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let input = memory.reals(self.input);
            let (n, d, function) = (self.jets.features, self.jets.directions, self.function);
            let size = self.jets.slots() * n;
            let output_size = Jets { order: self.output_order, ..self.jets }.slots() * n;
            let orders = (self.jets.order, self.output_order);
            for_chunks(
                output,
                output_size,
                #[inline(always)]
                |b, y| {
                    let u = &input[b * size..][..size];
                    let mut s = [[T::default(); BLOCK]; 4];
                    for start in (0..n).step_by(BLOCK) {
                        let count = BLOCK.min(n - start);
                        derivatives(function, &u[start..][..count], &mut s);
                        y[start..][..count].copy_from_slice(&s[0][..count]);
                        let [_, s1, s2, _] = &s;
                        for k in 0..if orders.0 == 0 { 0 } else { d } {
                            let (first, second) = ((1 + k) * n + start, (1 + d + k) * n + start);
                            let u1 = &u[first..][..count];
                            y[first..][..count].iter_mut().zip(u1).zip(s1).for_each(|((y1, u1), s1)| *y1 = *s1 * *u1);
                            if orders.1 == 2 {
                                let y2 = &mut y[second..][..count];
                                y2.iter_mut().zip(u1).zip(s2).for_each(|((y2, u1), s2)| *y2 = *s2 * *u1 * *u1);
                            }
                            if orders.0 == 2 {
                                let (y2, u2) = (&mut y[second..][..count], &u[second..][..count]);
                                y2.iter_mut().zip(u2).zip(s1).for_each(|((y2, u2), s1)| *y2 += *s1 * *u2);
                            }
                        }
                    }
                },
            );
        });
    }
}
