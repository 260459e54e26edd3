//! The CPU kernel of `shaders/taylor_evaluate.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::TaylorEvaluate;

impl<T: Float> CpuKernel<T> for TaylorEvaluate {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let input = memory.reals(self.input);
            let (n, d, skip, order) = (
                self.jets.features,
                self.jets.directions,
                usize::from(self.centre),
                self.jets.order,
            );
            let size = self.jets.slots() * n;
            for_chunks(
                output,
                (skip + d) * n,
                #[inline(always)]
                |b, rows| {
                    let y = &input[b * size..][..size];
                    let (centre, neighbours) = rows.split_at_mut(skip * n);
                    centre.copy_from_slice(&y[..skip * n]);
                    for (k, row) in neighbours.chunks_mut(n).enumerate() {
                        let (y0, y1) = (&y[..n], &y[(1 + k) * n..][..n]);
                        row.iter_mut()
                            .zip(y0)
                            .zip(y1)
                            .for_each(|((row, y0), y1)| *row = *y0 + *y1);
                        if order == 2 {
                            let y2 = &y[(1 + d + k) * n..][..n];
                            row.iter_mut()
                                .zip(y2)
                                .for_each(|(row, y2)| *row += T::of(0.5) * *y2);
                        }
                    }
                },
            );
        });
    }
}
