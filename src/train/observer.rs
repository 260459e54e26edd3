//! How whoever starts a run hears of it, and stops it.

use super::trial::{Choice, Trial};
use super::{Record, Trainer};
use crate::error::Result;

/// Hears how a [`Run`](super::Run) or a [`Sweep`](super::sweep::Sweep) gets on, and may stop it. Every
/// method has a default that does nothing, and `()` is an observer that does nothing at all. An
/// error that a method returns ends the run with it; what the last checkpoint holds is kept.
pub trait Observer {
    /// A block of steps of the run has ended.
    fn steps(&mut self, _trainer: &Trainer) {}

    /// An epoch of the run has ended.
    ///
    /// # Errors
    /// Whatever keeps the observer from telling it further.
    fn epoch(&mut self, _record: &Record) -> Result<()> {
        Ok(())
    }

    /// A run of the sweep begins: that of `choice` with `seed`.
    fn trial_begins(&mut self, _choice: &Choice, _seed: u64) {}

    /// A run of the sweep has ended, in this process or in another, and is in `results.jsonl`; `fresh` is
    /// false where it was there already when this one began.
    ///
    /// # Errors
    /// Whatever keeps the observer from telling it further.
    fn trial(&mut self, _trial: &Trial, _fresh: bool) -> Result<()> {
        Ok(())
    }

    /// Whether to stop: asked before every block of steps, of which each takes about 0.2 s.
    fn should_stop(&self) -> bool {
        false
    }
}

impl Observer for () {}
