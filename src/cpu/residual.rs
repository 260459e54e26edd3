//! Twin of `shaders/residual.wgsl`.

use super::{Memory, Real, Twin, for_chunks};
use crate::engine::ops::Residual;

impl<T: Real> Twin<T> for Residual {
    fn run(&self, memory: &mut Memory<T>) {
        let weight_of = |memory: &Memory<T>, row: usize| {
            let step = memory.words(self.state)[0] as usize;
            let target = self.target_of(row);
            (memory.reals(self.weights)[step * self.batch * self.targets + target], target)
        };
        memory.write(self.d_prediction, |memory, d_prediction| {
            let (prediction, target) = (memory.reals(self.prediction), memory.reals(self.target));
            let memory = &*memory;
            for_chunks(d_prediction, self.features, |row, d_row| {
                let (weight, target_row) = weight_of(memory, row);
                let p = &prediction[row * self.features..][..self.features];
                let t = &target[target_row * self.features..][..self.features];
                for (d, (p, t)) in d_row.iter_mut().zip(p.iter().zip(t)) {
                    *d = T::of(2.0) * weight * (*p - *t);
                }
            });
        });
        memory.write(self.losses, |memory, losses| {
            let (prediction, target) = (memory.reals(self.prediction), memory.reals(self.target));
            let memory = &*memory;
            for_chunks(losses, 1, |row, loss| {
                let (weight, target_row) = weight_of(memory, row);
                let p = &prediction[row * self.features..][..self.features];
                let t = &target[target_row * self.features..][..self.features];
                let squares: T = p.iter().zip(t).map(|(p, t)| (*p - *t) * (*p - *t)).sum();
                loss[0] = weight * squares;
            });
        });
    }
}
