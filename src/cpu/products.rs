//! Twin of `shaders/products.wgsl`.

use super::{Memory, Real, Twin, dot, share, vectorised};
use crate::engine::ops::Products;

impl<T: Real> Twin<T> for Products {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.crossed, |memory, crossed| {
            memory.write(self.squared, |memory, squared| {
                let step = memory.words(self.state)[0] as usize;
                let plan = &memory.reals(self.plan)[step * self.columns..][..self.columns];
                let (jets, n) = (memory.reals(self.jets), self.features);
                for b in 0..self.batch {
                    let (v, u) = (&jets[(3 * b + 1) * n..][..n], &jets[(3 * b + 2) * n..][..n]);
                    let product = |a: &[T], b: &[T]| {
                        vectorised(
                            #[inline(always)]
                            || dot(a, b),
                        )
                    };
                    crossed[b] = share(plan, b) * product(v, u);
                    squared[b] = share(plan, b) * product(v, v);
                }
            });
        });
    }
}
