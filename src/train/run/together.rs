//! Runs in folders that train side by side.

use super::{CHECKPOINT_EVERY, Run};
use crate::error::{Error, Result};
use crate::train::{Observer, Trainer};
use std::time::Instant;

impl Run<'_> {
    /// Trains runs whose trainers are [of one group](Trainer::of_group) like [`Run::train`], each
    /// with its observer; one of these that wants to stop stops all. Returns of each run whether it
    /// is done, or why it diverged, which does not end the others.
    ///
    /// # Errors
    /// When the device fails, a file cannot be written, or an observer fails. The folders then keep
    /// the runs as of their last checkpoints.
    pub fn train_together(
        runs: &mut [Self],
        observers: &mut [impl Observer],
    ) -> Result<Vec<Result<bool>>> {
        let start = Instant::now();
        let mut outcomes: Vec<Option<Result<bool>>> = runs.iter().map(|_| None).collect();
        let outcome = Self::advance_together(runs, observers, &mut outcomes, start);
        match outcome {
            // Nobody listens any more; what has been trained is kept.
            Ok(()) | Err(Error::Output(_)) => {}
            Err(error) => return Err(error),
        }
        for (run, outcome) in runs.iter_mut().zip(&mut outcomes) {
            if outcome.is_none() {
                run.elapsed = run.save(start)?;
                *outcome = Some(Ok(run.trainer.is_done()));
            }
        }
        outcome?;
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// Trains until there is an outcome of each run, or an observer stops them.
    fn advance_together(
        runs: &mut [Self],
        observers: &mut [impl Observer],
        outcomes: &mut [Option<Result<bool>>],
        start: Instant,
    ) -> Result<()> {
        let mut saved = Instant::now();
        while outcomes.iter().any(Option::is_none)
            && !observers.iter().any(|observer| observer.should_stop())
        {
            let mut trainers: Vec<&mut Trainer> =
                runs.iter_mut().map(|run| &mut run.trainer).collect();
            let ended = Trainer::advance_together(&mut trainers)?;
            let saves = saved.elapsed() > CHECKPOINT_EVERY;
            for (i, fresh) in ended.into_iter().enumerate() {
                let (run, observer) = (&mut runs[i], &mut observers[i]);
                if outcomes[i].is_some() {
                    continue;
                }
                let fresh = match fresh {
                    Err(error @ Error::Diverged(_)) => {
                        outcomes[i] = Some(Err(run.with_what_is_kept(error)));
                        continue;
                    }
                    fresh => fresh?,
                };
                observer.steps(&run.trainer);
                run.add(fresh, observer)?;
                if run.trainer.is_done() {
                    run.elapsed = run.save(start)?;
                    outcomes[i] = Some(Ok(true));
                } else if saves {
                    run.save(start)?;
                }
            }
            if saves {
                saved = Instant::now();
            }
        }
        Ok(())
    }
}
