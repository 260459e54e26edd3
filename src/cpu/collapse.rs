//! Twin of `shaders/collapse.wgsl`.

use super::{Memory, Real, Twin, for_chunks};
use crate::engine::ops::Collapse;

impl<T: Real> Twin<T> for Collapse {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let input = memory.reals(self.input);
            let (n, d, skip) = (self.jets.features, self.jets.directions, usize::from(self.centre));
            let size = self.jets.slots() * n;
            for_chunks(output, (skip + d) * n, |b, rows| {
                let y = &input[b * size..][..size];
                rows[..skip * n].copy_from_slice(&y[..skip * n]);
                for (k, row) in rows[skip * n..].chunks_mut(n).enumerate() {
                    for (i, value) in row.iter_mut().enumerate() {
                        *value = y[i] + y[(1 + k) * n + i];
                        if self.jets.order == 2 {
                            *value += T::of(0.5) * y[(1 + d + k) * n + i];
                        }
                    }
                }
            });
        });
    }
}
