//! The runs of plans in the order in which they are made, and how long they take.

use super::cache::{Ended, Outcome};
use super::cell::RunSettings;
use super::plan::{Cell, Place, Plan, SEARCH_SEED};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A run to be made.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) plan: &'a Plan,
    pub(super) cell: &'a Cell,
    /// The number of the try, for a run that searches.
    pub(super) searches: Option<usize>,
    pub(super) seed: u64,
}

impl Job<'_> {
    /// Experiment, row, method, protocol and seed, in words.
    pub(super) fn describe(&self) -> String {
        self.plan.describe(self.cell, self.seed)
    }

    pub(super) fn place(&self) -> Place {
        self.plan.place(self.cell)
    }

    /// Whether both are seeds, or both tries, of one cell. Seeds never join tries, of which one is still
    /// to be chosen for them.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        std::ptr::eq(self.cell, other.cell) && self.searches.is_some() == other.searches.is_some()
    }

    /// Whether `ended` is its run: one that is compared by speed has trained alone.
    pub(super) fn is_made_by(&self, ended: &Ended) -> bool {
        match ended.outcome {
            Outcome::Done => {
                let shared = ended.at_once > 1 && self.searches.is_none();
                !(shared && self.plan.is_timed())
            }
            Outcome::Diverged(_) => true,
            Outcome::Failed(_) => false,
        }
    }
}

/// Every run of `plans`: the first seed of all cells, then the second. What a cell's search needs
/// comes before its first; cells that need none come first of all, since they tell at once.
pub(super) fn jobs(plans: &[Plan]) -> VecDeque<Job<'_>> {
    let mut jobs = VecDeque::new();
    let mut searched = BTreeSet::new();
    for seed in 1..=plans.iter().map(|plan| plan.seeds).max().unwrap_or(0) {
        for plan in plans.iter().filter(|plan| seed <= plan.seeds) {
            let (fixed, chosen): (Vec<&Cell>, Vec<&Cell>) =
                plan.cells.iter().partition(|cell| cell.tries.is_empty());
            for cell in fixed.into_iter().chain(chosen) {
                let searches = plan.searches(cell);
                let fresh = |run: &RunSettings| seed == 1 && searched.insert(run.key());
                let fresh: Vec<bool> = searches.iter().map(fresh).collect();
                let job = |searches, seed| Job {
                    plan,
                    cell,
                    searches,
                    seed,
                };
                let tried = fresh.iter().enumerate().filter(|(_, fresh)| **fresh);
                jobs.extend(tried.map(|(choice, _)| job(Some(choice), SEARCH_SEED)));
                jobs.push_back(job(None, seed));
            }
        }
    }
    jobs
}

/// Seconds of the last run of every cell.
#[derive(Default)]
pub(super) struct Times(BTreeMap<Place, f64>);

impl Times {
    pub(super) fn learn(&mut self, job: &Job, seconds: f64) {
        self.0.insert(job.place(), seconds);
    }

    pub(super) fn of(&self, job: &Job) -> Option<f64> {
        self.0.get(&job.place()).copied()
    }

    /// Seconds that `jobs` take, with the mean for cells that have had no run yet.
    pub(super) fn left(&self, jobs: &VecDeque<Job>) -> Option<f64> {
        let known = self.0.len();
        let mean = self.0.values().sum::<f64>() / known as f64;
        (known > 0).then(|| jobs.iter().map(|job| self.of(job).unwrap_or(mean)).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reproduce::{Experiment, Scale};

    #[test]
    fn cells_that_need_no_search_come_first_and_a_search_before_its_cell() {
        let mut experiment = Experiment::all(None).unwrap().swap_remove(0);
        assert_eq!(experiment.name, "table1");
        experiment.row.truncate(1);
        let plan = Plan::new(experiment, Scale::Small, Some("released")).unwrap();
        let plans = [plan];
        let jobs = jobs(&plans);
        let first: Vec<(&str, u64, bool)> = jobs
            .iter()
            .take(8)
            .map(|job| (&*job.cell.method, job.seed, job.searches.is_some()))
            .collect();
        assert_eq!(
            first[..3],
            [("ae", 1, false), ("nrae-l", 1, false), ("nrae-q", 1, false)]
        );
        assert!(
            first[3..7]
                .iter()
                .all(|job| *job == ("vae", SEARCH_SEED, true))
        );
        assert_eq!(first[7], ("vae", 1, false));
        // Six methods by four tries, and nine methods by ten seeds.
        assert_eq!(jobs.len(), 6 * 4 + 9 * 10);
    }
}
