//! The CPU kernel of `shaders/squared_distances.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks, simd_sum};
use crate::engine::ops::SquaredDistances;

impl<T: Float> CpuKernel<T> for SquaredDistances {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.distances, |memory, distances| {
            let (codes, prior, m) = (
                memory.reals(self.codes),
                memory.reals(self.prior),
                self.features,
            );
            let code = |i: usize| &codes[i * self.group * m..][..m];
            let draw = |i: usize| &prior[i * m..][..m];
            for_chunks(
                distances,
                self.batch,
                #[inline(always)]
                |row, distances| {
                    let (kind, i) = (row / self.batch, row % self.batch);
                    let from = if kind == 1 { draw(i) } else { code(i) };
                    for (j, distance) in distances.iter_mut().enumerate() {
                        let to = if kind == 0 { code(j) } else { draw(j) };
                        *distance = simd_sum(
                            from,
                            to,
                            #[inline(always)]
                            |a, b| (a - b) * (a - b),
                        );
                    }
                },
            );
        });
    }
}
