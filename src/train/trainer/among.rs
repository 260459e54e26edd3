//! A run of several processes: rank 0 leads, and the others do with their parts of the batches what it
//! says.

use super::Trainer;
use crate::data::hexadecimal;
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::net::Network;
use crate::objective::Objective;
use crate::ranks::Ranks;
use crate::train::cut::couples_batch;
use crate::train::{Config, Origin, Splits, State};
use sha2::{Digest, Sha256};
use std::path::Path;

/// What rank 0 says next.
enum Command {
    /// The run is over, for now.
    End,
    /// A block of so many steps.
    Advance(usize),
    /// To go on from a checkpoint.
    Restore(Box<State>),
    /// To forget that validation has ended the run.
    GoOn,
}

impl Command {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::End => vec![0],
            Self::Advance(steps) => [&[1], &(*steps as u64).to_le_bytes()[..]].concat(),
            Self::Restore(state) => [&[2], &state.to_bytes()[..]].concat(),
            Self::GoOn => vec![3],
        }
    }

    fn of(bytes: &[u8]) -> Result<Self> {
        let (kind, rest) = bytes.split_first().expect("rank 0 says something");
        Ok(match kind {
            0 => Self::End,
            1 => {
                let steps = rest.try_into().expect("eight bytes");
                Self::Advance(u64::from_le_bytes(steps) as usize)
            }
            2 => {
                let state = State::from_bytes(rest, Path::new("the state of rank 0"))?;
                Self::Restore(Box::new(state))
            }
            _ => Self::GoOn,
        })
    }
}

impl Trainer {
    /// The processes that train it.
    pub fn ranks(&self) -> &dyn Ranks {
        &*self.ranks
    }

    /// Tells the other processes what comes next.
    fn say(&mut self, command: &Command) {
        if self.led {
            self.ranks.tell(command.to_bytes());
        }
    }

    pub(super) fn say_advance(&mut self, steps: usize) {
        self.say(&Command::Advance(steps));
    }

    pub(super) fn say_restore(&mut self, state: &State) {
        // A checkpoint is copied for nobody.
        if self.led {
            self.say(&Command::Restore(Box::new(state.clone())));
        }
    }

    pub(super) fn say_go_on(&mut self) {
        self.say(&Command::GoOn);
    }

    /// Tells the other processes that the run is over, so that they need not wait while this one
    /// draws pictures; the run cannot go on after it.
    pub fn dismiss(&mut self) {
        self.say(&Command::End);
        self.led = false;
    }

    /// Trains as rank 0 says, to the end of its run: what every other rank does.
    ///
    /// # Errors
    /// Those of [`Trainer::advance`], which all ranks have alike.
    pub fn follow(&mut self) -> Result<()> {
        loop {
            match Command::of(&self.ranks.tell(Vec::new()))? {
                Command::End => return Ok(()),
                Command::Advance(steps) => drop(self.advance_by(steps)?),
                Command::Restore(state) => self.restore_own(*state)?,
                Command::GoOn => self.go_on_own(),
            }
        }
    }

    /// Checks that all ranks still have the same `parameters`.
    pub(super) fn have_same(&self, parameters: &[f32]) -> Result<()> {
        if !self.ranks.are_several() {
            return Ok(());
        }
        let sum = Sha256::digest(bytemuck::cast_slice(parameters));
        self.ranks.same(&sum, || {
            Error::Device(
                "its parameters are no longer those of rank 0, so that its device or driver computes otherwise: start all ranks on \
                 the same kind of device, with the same driver"
                    .into(),
            )
        })
    }
}

impl Drop for Trainer {
    fn drop(&mut self) {
        // Nobody can be told anything in the middle of something that went wrong.
        if !std::thread::panicking() {
            self.dismiss();
        }
    }
}

/// Checks that a batch can be dealt out to `ranks`.
///
/// # Errors
/// When its samples depend on each other, or it has no equal parts.
pub(super) fn check_parts(
    config: &Config,
    objective: &Objective,
    network: &Network,
    batch: usize,
    ranks: &dyn Ranks,
) -> Result<()> {
    let size = ranks.size();
    if size == 1 {
        return Ok(());
    }
    if let Some(why) = couples_batch(objective, network) {
        return Err(Error::input(format!(
            "{} cannot be trained by {size} processes, which compute parts of a batch that know nothing of each other: {why}. \
             Train it with one process, or a method without terms and noise, such as ae, nrae-l or nrae-q",
            config.method
        )));
    }
    if !batch.is_multiple_of(size) {
        return Err(Error::input(format!(
            "a batch of {batch} samples has no {size} equal parts for {size} processes: give --batch {}, or another number of processes",
            batch.next_multiple_of(size)
        )));
    }
    Ok(())
}

/// Checks that all ranks train the same run, with the same data, on the same kind of device.
///
/// # Errors
/// When one does not.
pub(super) fn check_same(
    config: &Config,
    splits: &Splits,
    executor: &dyn Executor,
    ranks: &dyn Ranks,
) -> Result<()> {
    if !ranks.are_several() {
        return Ok(());
    }
    let name = executor.name();
    ranks.same(name.as_bytes(), || {
        Error::Device(format!(
            "it runs on {name}, and rank 0 on another device: start all ranks on the same kind, for instance with --device cpu"
        ))
    })?;
    let origin = ranks.agree(Origin::of(config, splits))?;
    let text = serde_json::to_string(&origin).expect("plain data");
    ranks.same(text.as_bytes(), || {
        let sum = hexadecimal(Sha256::digest(&text));
        Error::input(format!(
            "its settings or data ({} samples; SHA-256 of all {}) are not those of rank 0: every machine has to see the same files",
            splits.train.samples,
            &sum[..16]
        ))
    })
}

/// The parameters that `find` finds on rank 0, for all.
///
/// # Errors
/// Those of `find`.
pub(super) fn share_parameters(
    ranks: &dyn Ranks,
    find: impl FnOnce() -> Result<Vec<f32>>,
) -> Result<Vec<f32>> {
    if !ranks.are_several() {
        return find();
    }
    let bytes = ranks.told(|| Ok(bytemuck::cast_slice(&find()?).to_vec()))?;
    Ok(bytemuck::pod_collect_to_vec(&bytes))
}
