//! What happens before the first step: the graph is found, the step recorded and prepared, and the
//! data go to the device.

use super::among::{check_parts, check_same, share_parameters};
use super::validation::Validation;
use super::{BLOCK_TIME, Trainer};
use crate::engine::{Stack, View};
use crate::error::{Error, Result};
use crate::eval::Predictor;
use crate::executor::{Executor, Session};
use crate::graph::Neighbourhoods;
use crate::model::Model;
use crate::net::Network;
use crate::objective::{Step, TableSource};
use crate::ranks::{Alone, Ranks};
use crate::scratch::Scratch;
use crate::train::cut;
use crate::train::data_loader::{DataLoader, upload_words};
use crate::train::defaults::batch;
use crate::train::graph::{compare_all, neighbourhood_graph};
use crate::train::output_bias::begin_at_mean;
use crate::train::planned::record;
use crate::train::summed::Summed;
use crate::train::warm_start::geodesic_start;
use crate::train::{Config, NumSampled, OutputBias, Progress, Splits, WarmStart};
use std::cell::OnceCell;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

/// Training samples whose error is measured while training, at most.
const MOST_TRAINING_SAMPLES: usize = 1000;

/// What happens before the first step of a run, and the share of it that is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preparing {
    /// Neighbours are found.
    Graph(f64),
    /// Parameters are found that know the order of the samples.
    Start(f64),
}

/// A run whose step is recorded, but which is not on a device yet.
pub struct RecordedRun {
    config: Config,
    pub(super) feed: DataLoader,
    network: Network,
    /// Where the parameters start, if not at random.
    parameters: Option<Vec<f32>>,
    pub(super) step: Step,
    /// The table of each term that has one.
    tables: Vec<(View, Vec<f32>)>,
    /// How long a warm start took.
    started_in: Duration,
    /// The processes that train it.
    ranks: Arc<dyn Ranks>,
}

impl RecordedRun {
    /// Builds the neighbourhood graph where the method needs one, records the step for `executor`, and
    /// finds where the parameters start. `progress` hears of it.
    ///
    /// # Errors
    /// When settings and data do not fit each other (k or the batch too large, data
    /// outside the output's range), or the device fails.
    pub fn new(
        config: Config,
        splits: Splits,
        executor: &dyn Executor,
        progress: &mut dyn FnMut(Preparing),
    ) -> Result<Self> {
        Self::among(Arc::new(Alone), config, splits, executor, progress)
    }

    /// The part of one of `ranks` in a run that all of them train.
    ///
    /// # Errors
    /// Those of [`RecordedRun::new`] and [`Trainer::among`].
    fn among(
        ranks: Arc<dyn Ranks>,
        config: Config,
        splits: Splits,
        executor: &dyn Executor,
        progress: &mut dyn FnMut(Preparing),
    ) -> Result<Self> {
        let start = Instant::now();
        let mut run = Self::unstarted(ranks, config, splits, executor, progress)?;
        if run.config.train.warm_start == Some(WarmStart::Geodesic) {
            let found = share_parameters(&*run.ranks, || {
                geodesic_start(&run.config, &run.feed.splits, executor, progress)
            });
            match found {
                Ok(parameters) => run.parameters = Some(parameters),
                // The run itself says what diverges.
                Err(Error::Diverged(_)) => {}
                Err(error) => return Err(error),
            }
            run.started_in = start.elapsed();
        }
        Ok(run)
    }

    /// The same with random parameters, to be replaced.
    ///
    /// # Errors
    /// Those of [`RecordedRun::among`].
    fn unstarted(
        ranks: Arc<dyn Ranks>,
        mut config: Config,
        splits: Splits,
        executor: &dyn Executor,
        progress: &mut dyn FnMut(Preparing),
    ) -> Result<Self> {
        let samples = splits.train.samples;
        let mut settle = || -> Result<_> {
            let batch = batch(&config, samples)?;
            config.resolve(&splits)?;
            let (network, objective) = (splits.network(&config)?, config.objective()?);
            check_parts(&config, &objective, &network, batch, &*ranks)?;
            Ok((batch, network, objective))
        };
        let (batch, network, mut objective) = ranks.agree(settle())?;
        check_same(&config, &splits, executor, &*ranks)?;
        let copy = OnceCell::new();
        let scaled = || -> Result<&Scratch> {
            if copy.get().is_none() {
                let made = splits.scaling.working_copy(&splits.train.values)?;
                let _ = copy.set(made);
            }
            Ok(copy.get().expect("it has been made"))
        };
        let graph = if objective.needs_graph() {
            Some(neighbourhood_graph(
                &config.neighbours,
                &splits.train,
                &splits.scaling,
                scaled,
                executor,
                &*ranks,
                &mut |share| progress(Preparing::Graph(share)),
            )?)
        } else {
            None
        };
        let neighbourhoods = graph
            .as_ref()
            .map(|graph| Neighbourhoods::of_graph(graph, config.neighbours.edges));
        if let (NumSampled::All, Some(neighbourhoods)) =
            (config.neighbours.num_sampled, &neighbourhoods)
        {
            compare_all(&mut objective, neighbourhoods, batch, &network)?;
        }
        let step = record(
            &config,
            &splits,
            &network,
            &objective,
            batch,
            executor,
            ranks.size(),
        );
        let mut tables = Vec::with_capacity(step.tables.len());
        for (term, view) in &step.tables {
            // Only they need the scaled samples.
            let source = TableSource {
                samples: ranks.agree(scaled())?,
                features: splits.train.features(),
                latent: network.latent(),
                graph: graph.as_ref(),
                seed: config.seed,
            };
            tables.push((*view, config.term(term).table(&source)?));
        }
        drop(copy);
        if step.rows.is_some() {
            splits.train.values.expect_any_order();
        }
        Ok(Self {
            network,
            parameters: None,
            feed: DataLoader {
                splits,
                graph,
                neighbourhoods,
                objective,
                batch,
                part: (ranks.rank(), ranks.size()),
                streamed: step.rows.is_some(),
                kept: Mutex::default(),
            },
            config,
            step,
            tables,
            started_in: Duration::ZERO,
            ranks,
        })
    }

    /// Its configuration, with what it left open.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its data.
    pub fn splits(&self) -> &Splits {
        &self.feed.splits
    }

    /// Its network.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Samples that are held out for validation.
    pub(super) fn validation_samples(&self) -> Option<usize> {
        let validation = self.feed.splits.validation.as_ref();
        validation.map(|data| data.samples)
    }

    /// Prepares the step on `executor`, in parts where it is too large at once.
    fn prepare(&self, executor: &dyn Executor) -> Result<Box<dyn Session>> {
        let Self { step, feed, .. } = self;
        let session = match executor.prepare(&step.recording) {
            Err(refusal @ Error::Device(_)) => cut::prepare(
                step,
                &self.config,
                &feed.splits,
                self.network(),
                &feed.objective,
                executor,
                refusal,
            ),
            outcome => outcome,
        }?;
        Ok(match step.gradients {
            Some(gradients) if self.ranks.are_several() => {
                Box::new(Summed::new(session, self.ranks.clone(), gradients))
            }
            _ => session,
        })
    }

    /// Puts the run on `executor`, which has prepared its step as `session` and, where something is held
    /// out, its network as `predictor`.
    pub(super) fn start(
        self,
        mut session: Box<dyn Session>,
        predictor: Option<Predictor>,
        executor: &dyn Executor,
    ) -> Result<Trainer> {
        let Self {
            config,
            feed,
            network,
            parameters,
            step,
            tables,
            started_in,
            ranks,
        } = self;
        // Only now, when the device has room for the step, are there parameters.
        let scaling = feed.splits.scaling.clone();
        let model = match parameters {
            Some(parameters) => Model {
                network,
                scaling,
                parameters,
            },
            None => {
                let mut model = Model::new(network, scaling, config.seed);
                if config.train.output_bias == Some(OutputBias::Mean) {
                    begin_at_mean(&mut model, &feed.splits.train);
                }
                // Where a library of mathematics rounds otherwise, random parameters would differ.
                model.parameters = share_parameters(&*ranks, || Ok(model.parameters))?;
                model
            }
        };
        let mut write = || {
            for (view, table) in &tables {
                session.write(*view, table)?;
            }
            write_data(&mut *session, &step, &feed.splits)?;
            session.write(step.parameters, &model.parameters)
        };
        ranks.agree(write())?;
        let most_steps = ranks.least(step.steps);
        let train = &feed.splits.train;
        let validation = predictor.zip(feed.splits.validation.as_ref());
        let validation = validation.map(|(predictor, data)| Validation {
            predictor,
            train: train.draw(data.samples.min(MOST_TRAINING_SAMPLES), config.seed),
        });
        Ok(Trainer {
            config,
            feed,
            next: None,
            model,
            step,
            session,
            validation,
            progress: Progress::default(),
            best_parameters: None,
            steps_per_block: 1,
            block_time: BLOCK_TIME,
            stop: Arc::default(),
            diverged: false,
            origin: OnceLock::new(),
            started_in,
            kernels: executor.tuned().cloned(),
            led: ranks.are_several() && ranks.leads(),
            most_steps,
            ranks,
        })
    }
}

impl Trainer {
    /// Builds the neighbourhood graph where the method needs one, finds where the parameters start,
    /// records the step and prepares it on `executor`. `progress` hears of it.
    ///
    /// # Errors
    /// Those of [`RecordedRun::new`], and when the device refuses.
    pub fn new(
        config: Config,
        splits: Splits,
        executor: &dyn Executor,
        progress: &mut dyn FnMut(Preparing),
    ) -> Result<Self> {
        Self::among(Arc::new(Alone), config, splits, executor, progress)
    }

    /// The same for one of `ranks`, processes that train the run together: each computes an equal part
    /// of every batch, and all have the same parameters after every step. All call this; then rank 0
    /// trains, as it would alone, and the others [follow](Trainer::follow).
    ///
    /// # Errors
    /// Those of [`Trainer::new`]; when the samples of a batch depend on each other by the loss, the
    /// batch has no equal parts, or the data, settings or devices of the ranks differ. All ranks have
    /// the same error.
    pub fn among(
        ranks: Arc<dyn Ranks>,
        config: Config,
        splits: Splits,
        executor: &dyn Executor,
        progress: &mut dyn FnMut(Preparing),
    ) -> Result<Self> {
        let run = RecordedRun::among(ranks, config, splits, executor, progress)?;
        Self::of(run, executor)
    }

    /// The same at random parameters, to be [restored](Trainer::restore).
    ///
    /// # Errors
    /// Those of [`Trainer::among`].
    pub(in crate::train) fn unstarted(
        ranks: Arc<dyn Ranks>,
        config: Config,
        splits: Splits,
        executor: &dyn Executor,
        progress: &mut dyn FnMut(Preparing),
    ) -> Result<Self> {
        let run = RecordedRun::unstarted(ranks, config, splits, executor, progress)?;
        Self::of(run, executor)
    }

    /// Prepares `run` on `executor`.
    pub(super) fn of(run: RecordedRun, executor: &dyn Executor) -> Result<Self> {
        let prepare = || {
            let session = run.prepare(executor)?;
            let predictor = run
                .validation_samples()
                .map(|_| Predictor::new(run.network(), Stack::Whole, executor))
                .transpose()?;
            Ok((session, predictor))
        };
        let (session, predictor) = run.ranks.agree(prepare())?;
        run.start(session, predictor, executor)
    }
}

/// Writes the training data, or, where they are streamed, where the rows of a block lie.
fn write_data(session: &mut dyn Session, step: &Step, splits: &Splits) -> Result<()> {
    match step.rows {
        // Every row of a block is sent where the gather looks for it.
        Some(rows) => session.write_u32(rows, &(0..rows.len as u32).collect::<Vec<_>>()),
        None => session.write_u32(step.data, &upload_words(&splits.scaling, &splits.train)),
    }
}
