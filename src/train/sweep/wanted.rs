//! The runs that a sweep wants, against those that there are.

use crate::error::Result;
use crate::train::Observer;
use crate::train::trial::{Choice, Trial};

/// The runs of a sweep, and which of them the observer knows to have ended.
pub(super) struct Wanted<'a> {
    pub(super) runs: Vec<(&'a Choice, u64)>,
    told: Vec<bool>,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(runs: Vec<(&'a Choice, u64)>) -> Self {
        let told = vec![false; runs.len()];
        Self { runs, told }
    }

    /// Those that are not among `trials`.
    pub(super) fn left(&self, trials: &[Trial]) -> Vec<(&'a Choice, u64)> {
        let left = |&&(choice, seed): &&(&Choice, u64)| {
            !trials.iter().any(|trial| trial.is_of(choice, seed))
        };
        self.runs.iter().filter(left).copied().collect()
    }

    /// Tells `observer` of those among `trials`, of each once.
    ///
    /// # Errors
    /// Those of the observer.
    pub(super) fn tell(
        &mut self,
        trials: &[Trial],
        fresh: bool,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        for (&(choice, seed), told) in self.runs.iter().zip(&mut self.told) {
            let ended = trials.iter().find(|trial| trial.is_of(choice, seed));
            if let (Some(trial), false) = (ended, &told) {
                *told = true;
                observer.trial(trial, fresh)?;
            }
        }
        Ok(())
    }

    /// All of them out of `trials`, without those of earlier sweeps with other values; `None` where one is
    /// missing.
    pub(super) fn all(&self, trials: &[Trial]) -> Option<Vec<Trial>> {
        let of = |&(choice, seed): &(&Choice, u64)| {
            let ended = trials.iter().find(|trial| trial.is_of(choice, seed));
            ended.cloned()
        };
        self.runs.iter().map(of).collect()
    }
}
