//! The figures of a line of a table.

use super::statistics::{summary, trim};
use std::collections::BTreeMap;

/// The figures of one measure in one row under one protocol.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    /// By method: every cell of the line, also where nothing has been run.
    pub(super) cells: BTreeMap<String, Runs>,
    /// Runs of a cell that has all of them.
    pub(super) seeds: u64,
    /// Whether the best and the worst are left out of a cell that has all its runs.
    pub(super) trimmed: bool,
    /// Whether more is better.
    pub(super) higher: bool,
}

/// The runs of a cell, as one measure sees them.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// Figures by seed. A run that diverged or collapsed has the worst that there is.
    pub(super) figures: BTreeMap<u64, f64>,
    /// Runs that were trained and measured.
    pub(super) done: u64,
    /// Runs whose loss stopped being finite: results too.
    pub(super) diverged: u64,
    /// Runs that show the same whatever the latent: results, too.
    pub(super) collapsed: u64,
    /// Runs that something else ended: they are tried again.
    pub(super) failed: u64,
}

/// The figures of a cell as a table shows them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Summary {
    /// Their mean.
    pub(super) mean: f64,
    /// Their standard deviation (n - 1), where there are two.
    pub(super) deviation: Option<f64>,
    /// How many there are.
    pub(super) count: usize,
}

impl Runs {
    /// Runs that are results.
    pub(super) fn ended(&self) -> u64 {
        self.done + self.diverged + self.collapsed
    }

    /// Sets every figure to the least.
    pub(super) fn all_as_the_least(&mut self) {
        let least = self.figures.values().copied().reduce(f64::min);
        for figure in self.figures.values_mut() {
            *figure = least.unwrap_or(*figure);
        }
    }
}

impl Grid {
    /// Whether every run of `method` has ended.
    pub(super) fn is_complete(&self, method: &str) -> bool {
        self.cells
            .get(method)
            .is_some_and(|runs| runs.ended() == self.seeds)
    }

    /// Whether every run of every method has ended.
    pub(super) fn all_complete(&self) -> bool {
        self.cells.keys().all(|method| self.is_complete(method))
    }

    /// The figures of `method` that count.
    fn counted(&self, method: &str) -> Vec<f64> {
        let Some(runs) = self.cells.get(method) else {
            return Vec::new();
        };
        let figures: Vec<f64> = runs.figures.values().copied().collect();
        if self.trimmed && figures.len() as u64 == self.seeds {
            trim(figures)
        } else {
            figures
        }
    }

    /// What a table shows of `method`: its finite figures.
    pub(super) fn summary(&self, method: &str) -> Option<Summary> {
        let mut figures = self.counted(method);
        figures.retain(|figure| figure.is_finite());
        let (mean, deviation) = summary(&figures)?;
        Some(Summary {
            mean,
            deviation,
            count: figures.len(),
        })
    }

    /// The mean of the runs of `method`, by which it is compared: infinite where a run of infinite error
    /// counts.
    pub(super) fn mean(&self, method: &str) -> Option<f64> {
        summary(&self.counted(method)).map(|(mean, _)| mean)
    }

    pub(super) fn is_better(&self, one: f64, other: f64) -> bool {
        if self.higher {
            one > other
        } else {
            one < other
        }
    }

    /// How many methods have a mean for which `counts` holds.
    fn count(&self, counts: impl Fn(f64) -> bool) -> usize {
        let means = self.cells.keys().filter_map(|method| self.mean(method));
        means.filter(|mean| counts(*mean)).count()
    }

    /// The place of `mean` among the means of all methods, from 1; the first of those that are equal.
    pub(super) fn place(&self, mean: f64) -> usize {
        1 + self.count(|other| self.is_better(other, mean))
    }

    /// The last place of the means that are equal to `mean`: the number of methods that are at least as
    /// good, with itself.
    pub(super) fn last_place(&self, mean: f64) -> usize {
        self.count(|other| !self.is_better(mean, other))
    }

    /// 1 or 2 where `mean` is the best or the second best of three methods or more, and no third shares that
    /// place; two that are equal are both the best.
    pub(super) fn award(&self, mean: f64) -> Option<usize> {
        let enough = self.count(|_| true) > 2 && self.last_place(mean) <= 2;
        enough.then(|| self.place(mean))
    }

    /// The mean of its first and its last place.
    pub(super) fn mean_place(&self, mean: f64) -> f64 {
        (self.place(mean) + self.last_place(mean)) as f64 / 2.0
    }

    /// The same with the figures of those seeds alone that all of `methods` have; methods without any
    /// figure do not count. Means of different seeds are not compared with each other.
    pub(super) fn of_common_seeds(&self, methods: &[&String]) -> Self {
        let all = methods.iter().filter_map(|method| self.cells.get(*method));
        let all: Vec<&Runs> = all.filter(|runs| !runs.figures.is_empty()).collect();
        let mut grid = self.clone();
        for runs in grid.cells.values_mut() {
            runs.figures
                .retain(|seed, _| all.iter().all(|runs| runs.figures.contains_key(seed)));
        }
        grid
    }

    /// The figures of two methods in runs of the same seed.
    pub(super) fn pairs(&self, one: &str, other: &str) -> Vec<(f64, f64)> {
        let (Some(one), Some(other)) = (self.cells.get(one), self.cells.get(other)) else {
            return Vec::new();
        };
        let pair = |(seed, a): (&u64, &f64)| Some((*a, *other.figures.get(seed)?));
        one.figures.iter().filter_map(pair).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A line of `seeds` runs a cell, with the figures of seeds 1, 2, ... by method.
    pub(in super::super) fn grid(seeds: u64, higher: bool, cells: &[(&str, &[f64])]) -> Grid {
        let cell = |(method, figures): &(&str, &[f64])| {
            let runs = Runs {
                figures: (1..).zip(figures.iter().copied()).collect(),
                done: figures.len() as u64,
                ..Runs::default()
            };
            (method.to_string(), runs)
        };
        Grid {
            cells: cells.iter().map(cell).collect(),
            seeds,
            trimmed: false,
            higher,
        }
    }

    #[test]
    fn ties_share_their_places() {
        let means: [(&str, &[f64]); 4] = [("a", &[2.0]), ("b", &[1.0]), ("c", &[1.0]), ("d", &[])];
        let less = grid(1, false, &means);
        assert_eq!((less.place(1.0), less.last_place(1.0)), (1, 2));
        assert_eq!(less.mean_place(1.0), 1.5);
        assert_eq!((less.place(2.0), less.last_place(2.0)), (3, 3));
        let more = grid(1, true, &means);
        assert_eq!((more.place(2.0), more.last_place(1.0)), (1, 3));
    }

    #[test]
    fn awards_are_for_two_of_more() {
        let awards = |figures: &[f64]| {
            let cells = ["a", "b", "c", "d"].into_iter().zip(figures);
            let cells: Vec<(&str, &[f64])> = cells
                .map(|(name, figure)| (name, std::slice::from_ref(figure)))
                .collect();
            let grid = grid(1, false, &cells);
            figures
                .iter()
                .map(|mean| grid.award(*mean))
                .collect::<Vec<_>>()
        };
        assert_eq!(awards(&[1.0, 3.0, 2.0]), [Some(1), None, Some(2)]);
        assert_eq!(awards(&[1.0, 2.0]), [None, None]);
        assert_eq!(awards(&[1.0, 1.0, 2.0]), [Some(1), Some(1), None]);
        assert_eq!(awards(&[1.0, 1.0, 1.0, 2.0]), [None; 4]);
        assert_eq!(awards(&[1.0, 2.0, 2.0, 3.0]), [Some(1), None, None, None]);
    }

    #[test]
    fn the_ends_are_left_out_of_cells_that_have_all_their_runs() {
        let mut figures = [9.0, 1.0, 2.0, 4.0, 3.0];
        let of = |seeds, figures: &[f64]| {
            let mut grid = grid(seeds, false, &[("a", figures)]);
            grid.trimmed = true;
            (grid.mean("a").unwrap(), grid.summary("a").unwrap())
        };
        assert_eq!(of(5, &figures).0, 3.0);
        assert_eq!(of(10, &figures).0, 3.8);
        // A run that diverged is the worst, so that it is left out first; a second one stays.
        figures[0] = f64::INFINITY;
        assert_eq!(of(5, &figures).0, 3.0);
        figures[1] = f64::INFINITY;
        let (mean, shown) = of(5, &figures);
        assert_eq!((mean, shown.mean, shown.count), (f64::INFINITY, 3.5, 2));
    }

    #[test]
    fn means_are_compared_on_the_seeds_that_methods_share() {
        let line = grid(
            3,
            false,
            &[("a", &[1.0, 5.0, 6.0]), ("b", &[3.0]), ("c", &[])],
        );
        let names = ["a", "b", "c"].map(str::to_owned);
        let common = line.of_common_seeds(&names.iter().collect::<Vec<_>>());
        assert_eq!(common.mean("a"), Some(1.0));
        let alone = line.of_common_seeds(&[&names[0]]);
        assert_eq!((alone.mean("a"), alone.mean("b")), (Some(4.0), Some(3.0)));
    }
}
