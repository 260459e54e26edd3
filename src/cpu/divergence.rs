//! Twin of `shaders/divergence.wgsl`.

use super::{Memory, Real, Twin, share};
use crate::engine::ops::Divergence;

impl<T: Real> Twin<T> for Divergence {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_codes, |memory, d_codes| {
            memory.write(self.values, |memory, values| {
                let step = memory.words(self.state)[0] as usize;
                let plan = &memory.reals(self.plan)[step * self.columns..][..self.columns];
                let (codes, m) = (memory.reals(self.codes), self.features);
                let (half, one) = (T::of(0.5), T::of(1.0));
                d_codes.fill(T::default());
                for b in 0..self.batch {
                    let (first, share) = (b * self.group * 2 * m, share(plan, b));
                    for i in 0..m {
                        let (mean, log_variance) = (codes[first + i], codes[first + m + i]);
                        let variance = Real::exp(log_variance);
                        values[b * m + i] =
                            half * share * (mean * mean + variance - log_variance - one);
                        d_codes[first + i] = share * plan[self.column] * mean;
                        d_codes[first + m + i] =
                            half * share * plan[self.column] * (variance - one);
                    }
                }
            });
        });
    }
}
