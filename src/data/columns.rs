//! Sums over the columns of samples, which may lie in a file: each goes once over all values, row by
//! row and a part at a time.

use super::Values;
use super::elements::part_ranges;

/// Values [rows, columns].
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    values: &'a Values,
    columns: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(values: &'a Values, columns: usize) -> Self {
        Self { values, columns }
    }

    fn rows(self) -> f64 {
        (self.values.len() / self.columns) as f64
    }

    /// A state for each column, of `start` at first, that `each` changes by the column's values from
    /// the first row to the last.
    pub(super) fn fold<S: Clone>(
        self,
        mut start: Vec<S>,
        each: impl Fn(&mut S, f64) + Copy,
    ) -> Vec<S> {
        let mut part = Vec::new();
        for range in part_ranges(self.values.len(), self.columns) {
            part.resize(range.len(), 0.0);
            self.values.copy_doubles(range.start, &mut part);
            match &mut start[..] {
                // In a register.
                [only] => {
                    let mut state = only.clone();
                    part.iter().for_each(|&value| each(&mut state, value));
                    *only = state;
                }
                all => {
                    for row in part.chunks_exact(self.columns) {
                        let states = all.iter_mut().zip(row);
                        states.for_each(|(state, &value)| each(state, value));
                    }
                }
            }
        }
        start
    }

    /// The smallest and the largest value of each.
    pub(super) fn ranges(self) -> Vec<(f64, f64)> {
        let empty = (f64::INFINITY, f64::NEG_INFINITY);
        self.fold(vec![empty; self.columns], |(low, high), value| {
            (*low, *high) = (low.min(value), high.max(value));
        })
    }

    /// The mean of each.
    pub(super) fn means(self) -> Vec<f64> {
        let sums = self.fold(vec![-0.0; self.columns], |sum, value| *sum += value);
        sums.into_iter().map(|sum: f64| sum / self.rows()).collect()
    }

    /// The same by sums of what is left of the first value, so that it is exact where all are the
    /// same.
    pub(super) fn exact_means(self) -> Vec<f64> {
        let mut first = vec![0.0; self.columns];
        self.values.copy_doubles(0, &mut first);
        let start = first.into_iter().map(|first| (first, -0.0)).collect();
        let sums = self.fold(start, |(first, sum), value| *sum += value - *first);
        let mean = |(first, sum)| first + sum / self.rows();
        sums.into_iter().map(mean).collect()
    }

    /// The standard deviation of each about its mean. Squares are those of values near 1, times a
    /// power of two, so that none is out of range.
    pub(super) fn deviations(self, means: &[f64]) -> Vec<f64> {
        let start = means.iter().map(|&mean| (mean, 0.0_f64)).collect();
        let largest = self.fold(start, |(mean, largest), value| {
            *largest = largest.max((value - *mean).abs());
        });
        let start = largest.into_iter().map(|(mean, largest)| {
            let unit = if largest == 0.0 {
                1.0
            } else {
                largest.log2().floor().exp2()
            };
            (mean, unit, -0.0)
        });
        let sums = self.fold(start.collect(), |(mean, unit, sum), value| {
            *sum += ((value - *mean) / *unit).powi(2);
        });
        let deviation = |(_, unit, sum): (f64, f64, f64)| (sum / self.rows()).sqrt() * unit;
        sums.into_iter().map(deviation).collect()
    }
}
