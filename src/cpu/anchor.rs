//! Twin of `shaders/anchor.wgsl`.

use super::{Memory, Real, Twin, share};
use crate::engine::ops::Anchor;

impl<T: Real> Twin<T> for Anchor {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_codes, |memory, d_codes| {
            memory.write(self.values, |memory, values| {
                let step = memory.words(self.state)[0] as usize;
                let plan = &memory.reals(self.plan)[step * self.columns..][..self.columns];
                let (codes, embedding, m) = (
                    memory.reals(self.codes),
                    memory.reals(self.embedding),
                    self.features,
                );
                let indices = &memory.words(self.indices)[step * self.batch * self.group..];
                d_codes.fill(T::default());
                for b in 0..self.batch {
                    let (row, share) = (b * self.group, share(plan, b));
                    let place = &embedding[indices[row] as usize * m..][..m];
                    for i in 0..m {
                        let difference = codes[row * m + i] - place[i];
                        values[b * m + i] = share * difference * difference;
                        d_codes[row * m + i] = T::of(2.0) * share * plan[self.column] * difference;
                    }
                }
            });
        });
    }
}
