//! The figures of a line of a table.

use super::statistics::summary;
use std::collections::BTreeMap;

/// The figures of one measure in one row under one protocol.
#[derive(Debug, Default)]
pub(super) struct Grid {
    /// By method: figures by seed.
    pub(super) values: BTreeMap<String, BTreeMap<u64, f64>>,
    /// Whether the best and the worst are left out.
    pub(super) trimmed: bool,
    /// Whether more is better.
    pub(super) higher: bool,
}

impl Grid {
    #[cfg(test)]
    pub(super) fn of_means(means: &[(&str, f64)], higher: bool) -> Self {
        let values = means
            .iter()
            .map(|(method, mean)| (method.to_string(), [(1, *mean)].into()));
        Self {
            values: values.collect(),
            trimmed: false,
            higher,
        }
    }

    /// Mean and deviation of the runs of `method`.
    pub(super) fn summary(&self, method: &str) -> Option<(f64, Option<f64>)> {
        let values: Vec<f64> = self.values.get(method)?.values().copied().collect();
        summary(&values, self.trimmed)
    }

    /// The mean of the runs of `method`.
    pub(super) fn mean(&self, method: &str) -> Option<f64> {
        self.summary(method).map(|(mean, _)| mean)
    }

    /// The place of `mean` among the means of all methods, from 1.
    pub(super) fn place(&self, mean: f64) -> usize {
        let means = self.values.keys().filter_map(|method| self.mean(method));
        1 + means
            .filter(|other| {
                if self.higher {
                    *other > mean
                } else {
                    *other < mean
                }
            })
            .count()
    }

    /// The figures of two methods in runs of the same seed.
    pub(super) fn pairs(&self, one: &str, other: &str) -> Vec<(f64, f64)> {
        let (Some(one), Some(other)) = (self.values.get(one), self.values.get(other)) else {
            return Vec::new();
        };
        one.iter()
            .filter_map(|(seed, a)| Some((*a, *other.get(seed)?)))
            .collect()
    }
}
