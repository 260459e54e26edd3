//! The CPU kernel of `shaders/nearest.wgsl`.

use super::{CpuKernel, Float, Memory};
use crate::engine::ops::Nearest;

impl<T: Float> CpuKernel<T> for Nearest {
    fn run(&self, memory: &mut Memory<T>) {
        let (step, across) = (
            memory.words(self.state)[0] as usize,
            self.samples.div_ceil(self.columns),
        );
        let (first_row, first) = (step / across * self.rows, step % across * self.columns);
        for row in 0..self.rows.min(self.samples.saturating_sub(first_row)) {
            let (sample, kept) = (first_row + row, (first_row + row) * self.count);
            let distances = memory.reals(self.distances)[row * self.columns..]
                .iter()
                .take(self.columns.min(self.samples - first));
            let mut all: Vec<(T, u32)> = (first..)
                .zip(distances)
                .filter(|(other, _)| *other != sample)
                .map(|(other, value)| (*value, other as u32))
                .collect();
            if first > 0 {
                let values = &memory.reals(self.nearest)[kept..][..self.count];
                all.extend(
                    values
                        .iter()
                        .copied()
                        .zip(memory.words(self.neighbours)[kept..].iter().copied()),
                );
            } else {
                all.extend(
                    (0..self.count).map(|at| (T::of(f64::from(f32::MAX)), (1 << 31) + at as u32)),
                );
            }
            all.sort_unstable_by(|a, b| a.0.to_f64().total_cmp(&b.0.to_f64()).then(a.1.cmp(&b.1)));
            for (at, (value, other)) in all.into_iter().take(self.count).enumerate() {
                memory.reals_mut(self.nearest)[kept + at] = value;
                memory.words_mut(self.neighbours)[kept + at] = other;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::ops::MOST_NEAREST;

    #[test]
    fn the_shader_keeps_as_many_neighbours() {
        let shader = include_str!("../../shaders/nearest.wgsl");
        assert!(shader.contains(&format!("const LIST: u32 = {MOST_NEAREST}u;")));
    }
}
