//! What the paper says, held against the figures of a table.

use super::experiment::Claim;
use super::grid::Grid;

/// What a claim comes to in one row of a table.
#[derive(Debug)]
pub(super) struct Verdict {
    /// Whether it holds.
    pub(super) holds: bool,
    /// Whether every run that decides it has ended.
    pub(super) complete: bool,
    /// The figures that it was judged by: those of the seeds that all methods concerned have.
    pub(super) grid: Grid,
    /// What was judged.
    pub(super) claim: Claim,
}

impl Claim {
    /// Whether it says something about `grid`, which is of its measure: its methods are run there, and there
    /// are more methods than places that would do.
    pub(super) fn applies(&self, grid: &Grid) -> bool {
        let places = self.places.max(self.one_in).unwrap_or(0);
        grid.cells.len() > places && self.own().all(|method| grid.cells.contains_key(method))
    }

    /// The methods that it names.
    pub(super) fn own(&self) -> impl Iterator<Item = &String> {
        self.methods.iter().chain(&self.than)
    }

    /// Whether it compares its methods with all others.
    pub(super) fn is_of_places(&self) -> bool {
        self.places.is_some() || self.one_in.is_some()
    }

    /// The methods whose runs decide it: for places every method of the line.
    fn concerned<'a>(&'a self, grid: &'a Grid) -> Vec<&'a String> {
        if self.is_of_places() {
            grid.cells.keys().collect()
        } else {
            self.own().collect()
        }
    }

    /// Whether it holds in `grid`; `None` where a method that it needs has no figures.
    pub(super) fn judge(&self, grid: &Grid) -> Option<Verdict> {
        let concerned = self.concerned(grid);
        let complete = concerned.iter().all(|method| grid.is_complete(method));
        let grid = grid.of_common_seeds(&concerned);
        let means = self.methods.iter().map(|method| grid.mean(method));
        let means: Vec<f64> = means.collect::<Option<_>>()?;
        let other = match &self.than {
            Some(method) => Some(grid.mean(method)?),
            None => None,
        };
        // Of methods that are equal none is ahead, so that their last place counts.
        let place = |mean: &f64| grid.last_place(*mean);
        let holds = [
            self.places
                .is_none_or(|last| means.iter().all(|mean| place(mean) <= last)),
            self.one_in
                .is_none_or(|last| means.iter().any(|mean| place(mean) <= last)),
            other.is_none_or(|other| {
                means
                    .iter()
                    .all(|mean| grid.is_better(*mean, self.factor * other))
            }),
            self.least
                .is_none_or(|least| means.iter().all(|mean| *mean >= least)),
        ];
        Some(Verdict {
            holds: holds.into_iter().all(|holds| holds),
            complete,
            grid,
            claim: self.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::{Runs, tests::grid};
    use super::*;

    fn claim(text: &str) -> Claim {
        toml::from_str(&format!("text = \"\"\n{text}")).unwrap()
    }

    /// Whether it holds, where it can be judged.
    fn holds(text: &str, grid: &Grid) -> Option<bool> {
        claim(text).judge(grid).map(|verdict| verdict.holds)
    }

    const BOTH: &str = "methods = [\"nrae-l\", \"nrae-q\"]\n";

    #[test]
    fn a_claim_is_judged_by_means_and_places() {
        let means: [(&str, &[f64]); 4] = [
            ("ae", &[2.0]),
            ("vae", &[1.5]),
            ("nrae-l", &[0.4]),
            ("nrae-q", &[0.9]),
        ];
        let grid = grid(1, false, &means);
        let both = |text: &str| holds(&format!("{BOTH}{text}"), &grid);
        assert_eq!(both("places = 2"), Some(true));
        assert_eq!(both("places = 1"), Some(false));
        assert_eq!(both("one_in = 1"), Some(true));
        assert_eq!(both("than = \"ae\"\nfactor = 0.5"), Some(true));
        assert_eq!(both("than = \"ae\"\nfactor = 0.4"), Some(false));
        assert_eq!(both("than = \"wae\""), None);
        assert_eq!(holds("methods = [\"ae\"]\nleast = 2.0", &grid), Some(true));
        assert_eq!(holds("methods = [\"cae\"]\nleast = 2.0", &grid), None);
        assert!(!claim(&format!("{BOTH}than = \"wae\"")).applies(&grid));
        assert!(!claim(&format!("{BOTH}one_in = 4")).applies(&grid));
        assert!(claim(&format!("{BOTH}one_in = 3")).applies(&grid));
    }

    #[test]
    fn of_what_is_better_when_higher_more_is_asked_for() {
        let line = grid(1, true, &[("ae", &[0.4]), ("nrae-q", &[1.0])]);
        let than = |factor: f64| {
            let text = format!("methods = [\"nrae-q\"]\nthan = \"ae\"\nfactor = {factor:?}");
            holds(&text, &line)
        };
        assert_eq!([than(1.0), than(3.0)], [Some(true), Some(false)]);
    }

    #[test]
    fn a_tie_with_others_is_no_place() {
        let line = |figures: [f64; 3]| {
            let [ae, l, q] = figures;
            grid(
                1,
                true,
                &[("ae", &[ae]), ("nrae-l", &[l]), ("nrae-q", &[q])],
            )
        };
        let first = "methods = [\"nrae-q\"]\nplaces = 1";
        for equal in [1.0, 0.0] {
            assert_eq!(holds(first, &line([equal; 3])), Some(false));
        }
        assert_eq!(holds(first, &line([0.5, 0.5, 1.0])), Some(true));
        let two = format!("{BOTH}places = 2");
        assert_eq!(holds(&two, &line([0.5, 1.0, 1.0])), Some(true));
        assert_eq!(holds(&two, &line([0.5, 1.0, 0.5])), Some(false));
    }

    #[test]
    fn places_need_the_runs_of_all_methods() {
        let figures: [(&str, &[f64]); 3] = [
            ("ae", &[2.0]),
            ("nrae-l", &[1.0, 1.0]),
            ("nrae-q", &[1.5, 0.5]),
        ];
        let mut line = grid(2, false, &figures);
        let judge = |text: &str, line: &Grid| {
            let verdict = claim(&format!("{BOTH}{text}")).judge(line).unwrap();
            (verdict.holds, verdict.complete)
        };
        assert_eq!(judge("places = 2", &line), (true, false));
        // Its own runs are all there, and the first seed alone does not decide.
        assert_eq!(judge("least = 1.0", &line), (true, true));
        // A run that diverged has ended, with the worst that there is; one that failed has not.
        let ae = line.cells.get_mut("ae").unwrap();
        ae.diverged = 1;
        ae.figures.insert(2, f64::INFINITY);
        assert_eq!(judge("places = 2", &line), (true, true));
        line.cells.insert(
            "cae".into(),
            Runs {
                failed: 2,
                ..Runs::default()
            },
        );
        assert_eq!(judge("places = 2", &line), (true, false));
    }

    #[test]
    fn means_of_different_seeds_are_not_compared() {
        // By its second seed alone NRAE-Q would lose.
        let line = grid(2, false, &[("ae", &[2.0]), ("nrae-q", &[1.0, 5.0])]);
        let verdict = claim("methods = [\"nrae-q\"]\nthan = \"ae\"")
            .judge(&line)
            .unwrap();
        assert!(verdict.holds && !verdict.complete);
        assert_eq!(verdict.grid.mean("nrae-q"), Some(1.0));
    }
}
