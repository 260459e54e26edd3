//! Twin of `shaders/mix.wgsl`.

use super::{Memory, Real, Twin};
use crate::engine::ops::Mix;

impl<T: Real> Twin<T> for Mix {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let step = memory.words(self.state)[0] as usize;
            let plan = &memory.reals(self.plan)[step * self.columns..][..self.columns];
            let (codes, draws, m) = (
                memory.reals(self.codes),
                memory.reals(self.draws),
                self.features,
            );
            let (count, low, high) = (
                plan[0].to_f64() as usize,
                T::of(self.low.into()),
                T::of(self.high.into()),
            );
            for b in 0..self.batch {
                let next = if b < count { (b + 1) % count } else { b };
                let a = low + (high - low) * draws[b];
                for i in 0..m {
                    let code = |b: usize| codes[b * self.group * m + i];
                    output[b * m + i] = a * code(b) + (T::of(1.0) - a) * code(next);
                }
            }
        });
    }
}
