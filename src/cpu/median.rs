//! The CPU kernel of `shaders/median.wgsl`.

use super::{CpuKernel, Float, Memory, step_weights};
use crate::engine::ops::Median;

impl<T: Float> CpuKernel<T> for Median {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.medians, |memory, medians| {
            let loss_weights = step_weights(memory, self.loss_weights, self.state, self.columns);
            let count = loss_weights[0].to_f64() as usize;
            let distances = memory.reals(self.distances);
            for (kind, median) in medians.iter_mut().enumerate().take(2) {
                let all = &distances[kind * self.batch * self.batch..];
                let pairs = (1..count).flat_map(|i| (0..i).map(move |j| (i, j)));
                let mut distances: Vec<T> = pairs.map(|(i, j)| all[i * self.batch + j]).collect();
                distances.sort_by(|a, b| a.to_f64().total_cmp(&b.to_f64()));
                *median = distances
                    .get(distances.len().saturating_sub(1) / 2)
                    .copied()
                    .unwrap_or_default();
            }
        });
    }
}
