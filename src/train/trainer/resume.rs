//! What a run needs to go on later, and how it goes on.

use super::Trainer;
use crate::error::{Error, Result};
use crate::train::{Origin, State};

impl Trainer {
    /// Everything that is needed to go on later.
    ///
    /// # Errors
    /// When the device fails.
    pub fn state(&mut self) -> Result<State> {
        let [first, second] = self.step.moments.expect("a training step has moments");
        Ok(State {
            progress: self.progress.clone(),
            parameters: self.session.read(self.step.parameters)?,
            moments: [self.session.read(first)?, self.session.read(second)?],
            best_parameters: self.best_parameters.clone(),
            origin: Some(self.origin()?.clone()),
            kernels: self.kernels.clone(),
        })
    }

    /// What the run is made from.
    pub(in crate::train) fn origin(&self) -> Result<&Origin> {
        match self.origin.get() {
            Some(origin) => Ok(origin),
            None => {
                let origin = Origin::of(&self.config, &self.feed.splits)?;
                Ok(self.origin.get_or_init(|| origin))
            }
        }
    }

    /// Takes back that validation has ended the run, so that it goes on to its last epoch.
    pub(in crate::train) fn go_on(&mut self) {
        self.say_go_on();
        self.go_on_own();
    }

    pub(super) fn go_on_own(&mut self) {
        self.progress.stopped_early = false;
        self.progress.since_best = 0;
    }

    /// Trains on from `state`, also where validation had ended it: as if it had never been stopped
    /// where its data and settings are those of this run, else after its whole `epochs`, and no error
    /// that was measured before is the least.
    ///
    /// # Errors
    /// Those of [`Trainer::restore`].
    pub fn resume(&mut self, mut state: State, epochs: usize) -> Result<()> {
        let same = match &state.origin {
            Some(origin) => origin.changes(self.origin()?).is_empty(),
            None => false,
        };
        if !same {
            state.leave_data(epochs * self.steps_per_epoch());
        }
        self.restore(state)?;
        if self.progress.stopped_early {
            self.go_on();
        }
        Ok(())
    }

    /// Goes on from `state`, which must come from a run of the same configuration and data.
    ///
    /// # Errors
    /// When its arenas have other lengths, or the device fails.
    pub fn restore(&mut self, state: State) -> Result<()> {
        self.say_restore(&state);
        let outcome = self.restore_own(state);
        self.led &= outcome.is_ok();
        outcome
    }

    /// The same for this rank alone.
    pub(super) fn restore_own(&mut self, state: State) -> Result<()> {
        let written = self.write_state(&state);
        self.ranks.agree(written)?;
        self.progress = state.progress;
        self.best_parameters = state.best_parameters;
        Ok(())
    }

    /// Writes the parameters and moments of `state` to the device.
    fn write_state(&mut self, state: &State) -> Result<()> {
        let len = self.step.layout.len;
        let arenas = [&state.parameters, &state.moments[0], &state.moments[1]];
        if arenas
            .into_iter()
            .chain(&state.best_parameters)
            .any(|arena| arena.len() != len)
        {
            return Err(Error::input(
                "the checkpoint belongs to another network: it cannot be resumed with this configuration",
            ));
        }
        let [first, second] = self.step.moments.expect("a training step has moments");
        self.session
            .write(self.step.parameters, &state.parameters)?;
        self.session.write(first, &state.moments[0])?;
        self.session.write(second, &state.moments[1])
    }
}
