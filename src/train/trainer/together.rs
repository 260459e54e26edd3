//! Runs of one structure that train side by side, as replicas of one network: every dispatch of a GPU
//! serves all of them, each has a thread of the CPU. Each gives what it would give alone, to the bit.

use super::{Batches, RecordedRun, Trainer};
use crate::engine::{Stack, View};
use crate::error::{Error, Result};
use crate::eval::Predictor;
use crate::executor::Executor;
use crate::objective::Step;
use crate::train::{Config, Record, data_loader::DataLoader};
use rayon::prelude::*;
use std::time::Instant;

/// Bytes of training data of all runs of a group in the host's memory, at most.
const DATA_OF_GROUP: usize = 2 << 30;

/// Collects runs into groups that can train side by side.
pub struct Grouping<'a, T> {
    executor: &'a dyn Executor,
    most: Option<usize>,
    open: Vec<Group<T>>,
}

/// Runs that can train side by side, each with what its maker wants to know of it.
struct Group<T> {
    runs: Vec<(RecordedRun, T)>,
    /// Whether all have the same data.
    shares: bool,
    /// Runs that fit.
    capacity: usize,
}

impl<'a, T> Grouping<'a, T> {
    /// Groups of at most `most` runs, or of as many as pay on `executor`.
    pub fn new(executor: &'a dyn Executor, most: Option<usize>) -> Self {
        Self {
            executor,
            most,
            open: Vec::new(),
        }
    }

    /// Adds a run; returns a group that is complete.
    ///
    /// # Errors
    /// When the device cannot run it.
    pub fn push(&mut self, run: RecordedRun, tag: T) -> Result<Option<Vec<(RecordedRun, T)>>> {
        let capacity = |shares| capacity(&run, shares, self.executor, self.most);
        let is_like =
            |group: &Group<T>| group.runs[0].0.step.recording.is_like(&run.step.recording);
        let Some(place) = self.open.iter().position(is_like) else {
            let group = Group {
                shares: true,
                capacity: capacity(true)?,
                runs: vec![(run, tag)],
            };
            if group.capacity == 1 {
                return Ok(Some(group.runs));
            }
            self.open.push(group);
            return Ok(None);
        };
        let group = &mut self.open[place];
        if group.shares && !group.runs[0].0.has_data_of(&run) {
            (group.shares, group.capacity) = (false, capacity(false)?);
            if group.runs.len() >= group.capacity {
                // They fit only without it.
                group.shares = true;
                group.capacity = capacity(true)?;
                return Ok(Some(std::mem::replace(&mut group.runs, vec![(run, tag)])));
            }
        }
        group.runs.push((run, tag));
        let complete = group.runs.len() >= group.capacity;
        Ok(complete.then(|| self.open.remove(place).runs))
    }

    /// Whether there is a group that is not complete.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Takes the groups that are not complete.
    pub fn rest(&mut self) -> impl Iterator<Item = Vec<(RecordedRun, T)>> {
        let open = std::mem::take(&mut self.open);
        open.into_iter().map(|group| group.runs)
    }
}

/// How many runs like `run` fit into a group, where all have the same data or each its own.
fn capacity(
    run: &RecordedRun,
    shares: bool,
    executor: &dyn Executor,
    most: Option<usize>,
) -> Result<usize> {
    if run.feed.streamed {
        return Ok(1);
    }
    let data = run.step.data;
    let recording = &run.step.recording;
    let shared = [data];
    let fit = match executor.replicas(recording, if shares { &shared } else { &[] }, most) {
        // Alone it may be computed in parts, or says what is too large.
        Err(Error::Device(_)) => return Ok(1),
        fit => fit?,
    };
    Ok(match shares {
        true => fit,
        false => fit.min(DATA_OF_GROUP / (4 * data.len)).max(1),
    })
}

/// The buffers that are the same for all of `runs`.
fn shared<'r>(mut runs: impl Iterator<Item = &'r RecordedRun>) -> Vec<View> {
    let first = runs.next().expect("a group has a run");
    let same = runs.all(|run| first.has_data_of(run));
    same.then_some(first.step.data).into_iter().collect()
}

impl RecordedRun {
    /// Whether both train on the same data.
    fn has_data_of(&self, other: &Self) -> bool {
        let [own, others] = [self, other].map(|run| &run.feed.splits);
        own.scaling == others.scaling && own.train.values == others.train.values
    }
}

impl Trainer {
    /// Puts `runs` on `executor` side by side: those of one of [`Grouping`]'s groups. They advance
    /// by [`Trainer::advance_together`] alone.
    ///
    /// # Errors
    /// When the device refuses.
    pub fn of_group(mut runs: Vec<RecordedRun>, executor: &dyn Executor) -> Result<Vec<Self>> {
        if let [_] = runs[..] {
            return Ok(vec![Self::of(runs.remove(0), executor)?]);
        }
        let shared = shared(runs.iter());
        let recordings: Vec<_> = runs.iter().map(|run| &run.step.recording).collect();
        let sessions = executor.prepare_replicas(&recordings, &shared)?;
        let predictors = predictors(&runs, executor)?;
        let runs = runs.into_iter().zip(sessions).zip(predictors);
        runs.map(|((run, session), predictor)| run.start(session, predictor, executor))
            .collect()
    }

    /// Runs steps of all `trainers`, which were prepared together, until all are done; of each why it
    /// could not go on, which does not end the others. `None` where `stop` has stopped it.
    ///
    /// # Errors
    /// When the device fails.
    pub fn finish_together(
        trainers: &mut [Self],
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Option<Error>>>> {
        let mut ends: Vec<Option<Error>> = trainers.iter().map(|_| None).collect();
        let is_live = |(trainer, end): (&Self, &Option<Error>)| !trainer.is_done() && end.is_none();
        while trainers.iter().zip(&ends).any(is_live) {
            if stop() {
                return Ok(None);
            }
            let outcomes = Self::advance_together(&mut trainers.iter_mut().collect::<Vec<_>>())?;
            for ((end, trainer), outcome) in ends.iter_mut().zip(&mut *trainers).zip(outcomes) {
                if let Err(error) = outcome {
                    // Whatever it is, it rests from here on.
                    trainer.diverged = true;
                    end.get_or_insert(error);
                }
            }
        }
        Ok(Some(ends))
    }

    /// Whether steps of it remain to be made.
    fn is_live(&self) -> bool {
        !self.is_done() && !self.diverged
    }

    /// Runs a block of steps of all `trainers`, which were prepared together, and returns of each the
    /// epochs that ended in it, or why it cannot go on; nothing of one that is done or could not go
    /// on before.
    ///
    /// # Errors
    /// When the device fails.
    pub fn advance_together(trainers: &mut [&mut Self]) -> Result<Vec<Result<Vec<Record>>>> {
        if let [trainer] = trainers {
            let outcome = match trainer.is_live() {
                true => trainer.advance(),
                false => Ok(Vec::new()),
            };
            return Ok(vec![outcome]);
        }
        let Some(blocks) = Self::next_blocks(trainers) else {
            return Ok(trainers.iter().map(|_| Ok(Vec::new())).collect());
        };
        let start = Instant::now();
        for (trainer, block) in trainers.iter_mut().zip(&blocks) {
            match block {
                Some(block) => block.send(&mut *trainer.session, &trainer.step)?,
                None => trainer.rest()?,
            }
        }
        let (runs_all, steps) = trainers
            .iter_mut()
            .zip(&blocks)
            .find_map(|(trainer, block)| Some((trainer, block.as_ref()?.steps)))
            .expect("some are live");
        runs_all.session.run(steps)?;
        // While the device works.
        Self::prepare_ahead(trainers, steps);
        let mut losses = Vec::with_capacity(trainers.len());
        for (trainer, block) in trainers.iter_mut().zip(&blocks) {
            losses.push(block.as_ref().map(|block| trainer.read_losses(block)));
        }
        let elapsed = start.elapsed();
        let ended = trainers.iter_mut().zip(losses).map(|(trainer, losses)| {
            trainer.set_block_length(elapsed, steps);
            losses.map_or_else(|| Ok(Vec::new()), |losses| trainer.end_block(&losses?))
        });
        let mut ended: Vec<Result<Vec<Record>>> = ended.collect();
        Self::evaluate_together(trainers, &mut ended)?;
        Ok(ended)
    }

    /// Measures the errors of all whose epochs, which have just `ended`, ask for it.
    fn evaluate_together(
        trainers: &mut [&mut Self],
        ended: &mut [Result<Vec<Record>>],
    ) -> Result<()> {
        let mut due: Vec<(&mut Self, &mut Result<Vec<Record>>)> = Vec::new();
        for (trainer, ended) in trainers.iter_mut().zip(ended) {
            let records = ended.as_deref_mut().unwrap_or_default();
            if trainer.record_to_evaluate(records).is_some() {
                due.push((trainer, ended));
            }
        }
        if due.is_empty() {
            return Ok(());
        }
        let mut parameters = Vec::with_capacity(due.len());
        for (trainer, _) in &mut due {
            parameters.push(trainer.session.read(trainer.step.parameters)?);
        }
        let mut predictors = Vec::with_capacity(due.len());
        let mut data = [Vec::new(), Vec::new()];
        for ((trainer, _), parameters) in due.iter_mut().zip(&parameters) {
            let splits = &trainer.feed.splits;
            let (Some(own), Some(held_out)) = (&mut trainer.validation, &splits.validation) else {
                unreachable!("only what is validated is due");
            };
            own.predictor.set_parameters(parameters)?;
            data[0].push((&own.train.values, &splits.scaling));
            data[1].push((&held_out.values, &splits.scaling));
            predictors.push(&mut own.predictor);
        }
        let [train, held_out] = data;
        let train = Predictor::mean_squared_errors(&mut predictors, &train)?;
        let held_out = Predictor::mean_squared_errors(&mut predictors, &held_out)?;
        let errors = train.into_iter().zip(held_out);
        for (((trainer, ended), parameters), errors) in due.into_iter().zip(parameters).zip(errors)
        {
            let Ok(records) = ended else { continue };
            let record = records.last_mut().expect("one is due");
            (record.train_mse, record.validation_mse) = (Some(errors.0), Some(errors.1));
            if let Err(error) = trainer.judge(record.epoch, parameters, [errors.0, errors.1]) {
                *ended = Err(error);
            }
        }
        Ok(())
    }

    /// The next block of each that is live, all of as many steps; `None` where none is.
    fn next_blocks(trainers: &mut [&mut Self]) -> Option<Vec<Option<Batches>>> {
        for trainer in trainers.iter_mut() {
            let first = trainer.progress.step;
            trainer.next = trainer.next.take().filter(|next| next.first == first);
        }
        let steps_of = |trainer: &&mut Self| match &trainer.next {
            Some(next) => next.steps,
            None => trainer.steps_of_block(trainer.progress.step),
        };
        let live = trainers.iter().filter(|trainer| trainer.is_live());
        let steps = live.map(steps_of).min()?;
        let ahead: Vec<_> = trainers
            .iter_mut()
            .map(|trainer| trainer.next.take().filter(|next| next.steps == steps))
            .collect();
        let wanted = trainers.iter().zip(&ahead);
        let wanted = wanted.map(|(trainer, ahead)| {
            (trainer.is_live() && ahead.is_none()).then_some(trainer.progress.step)
        });
        let made = prepare(trainers, wanted.collect(), steps);
        let live = trainers.iter().map(|trainer| trainer.is_live());
        let blocks = ahead.into_iter().zip(made).zip(live);
        Some(
            blocks
                .map(|((ahead, made), live)| ahead.or(made).filter(|_| live))
                .collect(),
        )
    }

    /// Prepares the block behind one of `steps`, as far as it can be known.
    fn prepare_ahead(trainers: &mut [&mut Self], steps: usize) {
        let following = |trainer: &&mut Self| {
            let following = trainer.progress.step + steps;
            (trainer.is_live() && following < trainer.total_steps()).then_some(following)
        };
        let wanted: Vec<_> = trainers.iter().map(following).collect();
        let lengths = trainers.iter().zip(&wanted);
        let lengths =
            lengths.filter_map(|(trainer, first)| Some(trainer.steps_of_block((*first)?)));
        let Some(steps) = lengths.min() else { return };
        let made = prepare(trainers, wanted, steps);
        for (trainer, block) in trainers.iter_mut().zip(made) {
            trainer.next = block;
        }
    }

    /// Keeps everything as it is while others run: as after a gradient that is not finite, nothing
    /// is updated.
    fn rest(&mut self) -> Result<()> {
        let mut state = Step::start(self.progress.step);
        state[1] = u32::MAX;
        self.session.write_u32(self.step.state, &state)
    }
}

/// What measures errors of each of `runs`: side by side where all have as many samples to validate.
fn predictors(runs: &[RecordedRun], executor: &dyn Executor) -> Result<Vec<Option<Predictor>>> {
    let samples = runs[0].validation_samples();
    let alike = runs.iter().all(|run| run.validation_samples() == samples);
    if let (Some(_), true, 2..) = (samples, alike, runs.len()) {
        let network = runs[0].network();
        let all = Predictor::together(network, Stack::Whole, runs.len(), executor)?;
        return Ok(all.into_iter().map(Some).collect());
    }
    let one = |run: &RecordedRun| {
        let predictor = |_| Predictor::new(run.network(), Stack::Whole, executor);
        run.validation_samples().map(predictor).transpose()
    };
    runs.iter().map(one).collect()
}

/// Blocks of `steps` from the steps that are `wanted` of each, on all cores.
fn prepare(
    trainers: &[&mut Trainer],
    wanted: Vec<Option<usize>>,
    steps: usize,
) -> Vec<Option<Batches>> {
    let sources: Vec<(&DataLoader, &Config)> = trainers
        .iter()
        .map(|trainer| (&trainer.feed, &trainer.config))
        .collect();
    let sources = sources.par_iter().zip(wanted);
    sources
        .map(|((feed, config), first)| Some(feed.prepare(config, first?, steps)))
        .collect()
}
