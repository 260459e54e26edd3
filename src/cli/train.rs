//! `nrae train`

mod seeds;

use super::compare::comparison;
use super::device::{DeviceArguments, introduction};
use super::run::{OutputOptions, finish};
use super::settings::{SettingArguments, at_least_one, free_folder};
use super::stop::TimeLimit;
use super::{Outcome, output, search, stop};
use crate::data::{ScalingKind, Values};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::gpu::Kernels;
use crate::net::{Parameters, Preset};
use crate::ranks::Ranks;
use crate::train::sweep::{describe, table};
use crate::train::tune::Tuning;
use crate::train::{Config, Run, Splits, Trainer, WarmStart};
use clap::ValueEnum;
use seeds::Seeds;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  nrae train --data data/digits.npy --labels data/digits-labels.npy
  nrae train --data mnist --test mnist:test --limit 10000
  nrae train --data mine.csv --method nrae-l --latent 3 --k 15 --epochs 200 --out runs/mine
  nrae train --synthetic swiss-roll --latent 1 --k 3 --lambda 1
  nrae train configs/sin.toml --seed 7 --set train.lr=5e-4
  nrae train --data digits --method ae,nrae-l,nrae-q --out runs/methods    one after the other, then compared
  nrae train --data digits --seeds 10 --out runs/ten    one run a seed, then their mean and deviation

Flags take precedence over --set, which takes precedence over CONFIG and the defaults. The run folder's config.toml lists all \
settings.";

/// The same in `-h`, which fits on a screen.
const SHORT_EXAMPLES: &str = "\
Examples: nrae train --data data/digits.npy --labels data/digits-labels.npy
          nrae train --data mine.csv --method ae,nrae-q    each, then compared";

/// Train an autoencoder
///
/// Samples are vectors [N, n], images ([N, H, W], [N, C, H, W] or [N, H, W, C], of any number of
/// channels) or, with --layout, signals ([N, C, L]) in a file or folder of any format that `nrae data
/// --help` lists, or a data set by its name.
#[derive(clap::Args, Debug)]
#[command(after_help = SHORT_EXAMPLES, after_long_help = EXAMPLES)]
pub(super) struct TrainArguments {
    #[command(flatten)]
    settings: SettingArguments,
    /// Try N settings first, and train the best (12 is a good number)
    ///
    /// Of k, lambda (or the weight of the method's term), learning rate and width what is not given,
    /// each on a fifth of the data held out for validation; never on the test data. The search begins
    /// with the defaults and walks from the best so far. DIR/tuning keeps its table and all runs.
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "seeds",
        hide_short_help = true,
        help_heading = "Training"
    )]
    tune: Option<usize>,
    /// The run folder to write [default: runs/DATA-METHOD]
    ///
    /// Of several methods, each has a folder of its own in it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite the run that is already in the folder
    #[arg(long, hide_short_help = true)]
    overwrite: bool,
    /// One run a seed: N from --seed on, or these [default: one]
    ///
    /// For error bars: each goes into OUT/seed-N, as it would alone; then they are compared, with means
    /// and standard deviations.
    #[arg(long, value_name = "N|N,N,...")]
    seeds: Option<Seeds>,
    /// Runs of --seeds that train side by side, at most [default: as many as pay]
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = at_least_one())]
    at_once: Option<usize>,
    /// Write events for TensorBoard into the run folder: tensorboard --logdir runs
    #[arg(long, hide_short_help = true)]
    tensorboard: bool,
    #[command(flatten)]
    limit: TimeLimit,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    voice: OutputOptions,
}

impl TrainArguments {
    pub(super) fn run(mut self, ranks: &Arc<dyn Ranks>) -> Outcome {
        self.limit.start();
        self.voice.hush(ranks.leads());
        if ranks.are_several() && self.tune.is_some() {
            return Err(Error::input(
                "--tune is done by one process, since what it tries next depends on what it has tried: find settings with `nrae \
                 search`, whose runs several processes share, or start one process",
            ));
        }
        if ranks.are_several() && self.seeds.is_some() {
            return Err(Error::input(
                "--seeds is done by one process, and several train one run together: start a process for each --seed, with an \
                 --out of its own, or find errors over seeds with `nrae search`, whose runs several processes share",
            ));
        }
        if let Some(seeds) = self.seeds.clone() {
            let methods = self.settings.methods();
            return self.train_seeds(&seeds, &methods);
        }
        match self.settings.methods() {
            methods if methods.len() > 1 => self.train_each(methods, ranks),
            _ => self.train(ranks),
        }
    }

    /// Trains every one of `methods` into a folder of its own, and compares them.
    fn train_each(mut self, methods: Vec<String>, ranks: &Arc<dyn Ranks>) -> Outcome {
        let mut folders = Vec::new();
        let mut parent = self.out.clone();
        // All settings are looked at before the first run begins.
        for method in &methods {
            self.settings.set_method(method.clone());
            let config = self.settings.configuration()?;
            let parent = parent.get_or_insert_with(|| free_folder(&config, "methods"));
            folders.push(parent.join(method));
        }
        for (method, folder) in methods.into_iter().zip(&folders) {
            self.settings.set_method(method);
            self.out = Some(folder.clone());
            let code = self.train(ranks)?;
            if code != ExitCode::SUCCESS {
                return Ok(code);
            }
            self.voice.say("")?;
        }
        if !self.voice.json && ranks.leads() {
            output::line(comparison(&folders)?)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn train(&self, ranks: &Arc<dyn Ranks>) -> Outcome {
        let mut config = ranks.agree(self.settings.configuration())?;
        let turn = ranks.local_rank();
        let executor = ranks.agree(self.device.open_in_turn(Kernels::AsTimed, turn))?;
        let mut out = self.out.clone();
        if let Some(trials) = self.tune {
            let folder = out.get_or_insert_with(|| free_folder(&config, &config.method));
            config = self.tuned(trials, &config, folder, &*executor)?;
        }
        let asked = config.clone();
        let splits = ranks.agree(Splits::load(&config))?;
        config.train.warm_start = ranks.agree(self.introduce(&asked, &splits, &*executor))?;
        ranks.agree(self.voice.tell_processes(&**ranks))?;
        let (bar, mut progress) = self.voice.preparing();
        let mut trainer = Trainer::among(ranks.clone(), config, splits, &*executor, &mut progress)?;
        bar.finish_and_clear();
        if !ranks.leads() {
            stop::listen();
            return trainer.follow().map(|()| ExitCode::SUCCESS);
        }
        // Only now, when all that was given fits together, is anything written.
        let path = out.unwrap_or_else(|| free_folder(trainer.config(), &trainer.config().method));
        let run = self.create(trainer, &path, &*executor)?;
        self.tell_start(&asked, run.trainer())?;
        finish(run, self.voice)
    }

    /// Makes the folder `path` for the run of `trainer`, as the flags say.
    fn create<'e>(
        &self,
        trainer: Trainer,
        path: &Path,
        executor: &'e dyn Executor,
    ) -> Result<Run<'e>> {
        let create = match self.tensorboard {
            true => Run::create_with_events,
            false => Run::create,
        };
        create(trainer, path, self.overwrite, executor)
    }

    /// What is best for the data of `config` among `trials` settings, tried in the run folder `out`.
    fn tuned(
        &self,
        trials: usize,
        config: &Config,
        out: &Path,
        executor: &dyn crate::executor::Executor,
    ) -> Result<Config> {
        if !self.overwrite && out.join("config.toml").exists() {
            return Err(Error::input(format!(
                "{} already holds a run: choose another --out, or give --overwrite",
                out.display()
            )));
        }
        let samples = Splits::load(config)?.train.samples;
        let tuning = Tuning::new(self.settings.settings()?, trials, samples)?;
        self.voice.say(format!(
            "Tries {} settings, each judged on held-out samples:",
            tuning.trials()
        ))?;
        for (key, values) in tuning.axes() {
            self.voice
                .say(format!("  {key:<20} {}", values.join(" ")))?;
        }
        let mut progress = search::Progress::new(tuning.trials(), self.voice);
        let folder = out.join("tuning");
        let tuned = tuning.run(&folder, executor, &mut progress)?;
        progress.bar.finish_and_clear();
        let (summaries, best) = tuned.expect("nothing stops it");
        if self.voice.json {
            output::json(&serde_json::json!({ "tuning": summaries }))?;
        } else if !self.voice.quiet {
            output::line(table(&summaries).trim_end())?;
        }
        self.voice.say(format!(
            "Best: {}. Wrote the table to {}; now trains it.",
            describe(&summaries[0].choice),
            folder.display()
        ))?;
        Ok(best)
    }

    /// Says what is trained, before anything that takes long. `asked` is the configuration before what
    /// it leaves open was chosen. Returns the start that was chosen, which is looked for once.
    fn introduce(
        &self,
        asked: &Config,
        splits: &Splits,
        executor: &dyn crate::executor::Executor,
    ) -> Result<Option<WarmStart>> {
        let mut config = asked.clone();
        config.resolve(splits)?;
        let held_out = splits.validation.is_some()
            && asked.data.validation.is_none()
            && asked.data.validation_fraction.is_none()
            && asked.data.synthetic.is_none();
        let count =
            |data: &Option<crate::data::Dataset>| data.as_ref().map_or(0, |data| data.samples);
        self.voice.say(summary_line(asked, &config, splits))?;
        self.voice.say(introduction(executor))?;
        self.voice.say(format!(
            "Data: {} samples of shape {:?} to train on, {} for validation{}, {} for the test",
            splits.train.samples,
            splits.train.shape,
            count(&splits.validation),
            if held_out {
                " (a tenth, held out by default)"
            } else {
                ""
            },
            count(&splits.test)
        ))?;
        let mut model = format!(
            "Model: {} parameters",
            Parameters::of(&splits.network(&config)?).count()
        );
        if config.objective()?.needs_graph() {
            model += &format!("; {} neighbours a sample", config.neighbours.k());
            if config.neighbours.kernel == crate::train::KernelKind::Binary {
                model += &format!(" of weight {}", config.neighbours.lambda);
            }
        }
        self.voice.say(model)?;
        if config.train.warm_start == Some(WarmStart::Geodesic) {
            self.voice.say(
                "Start: learns latents along paths over mutual neighbours (--set train.warm_start=none starts at random)",
            )?;
        }
        Ok(config.train.warm_start)
    }

    /// What has come of the preparation, and what begins.
    fn tell_start(&self, asked: &Config, trainer: &Trainer) -> Result<()> {
        let config = trainer.config();
        if let Some(recall) = trainer.graph().and_then(|graph| graph.recall) {
            let percent = 100.0 * recall;
            self.voice.say(format!(
                "Neighbours: {percent:.1} % of them true ones, as estimated"
            ))?;
        }
        if config.train.warm_start == Some(WarmStart::Geodesic) {
            let seconds = trainer.started_in().as_secs_f64();
            self.voice
                .say(format!("Start: learned in {seconds:.1} s"))?;
        }
        self.voice.say(format!(
            "Training: {} epochs{} of {} {}, seed {}",
            config.epochs(),
            match asked.train.epochs {
                None => " (chosen by the number and size of samples)",
                Some(_) => "",
            },
            trainer.steps_per_epoch(),
            if trainer.steps_per_epoch() == 1 {
                "step"
            } else {
                "steps"
            },
            config.seed
        ))
    }
}

/// The network's preset, and for images the one that convolves them where it is not taken.
fn net_name(config: &Config, shape: &[usize]) -> String {
    let name = name_of(config.net.preset);
    match (config.net.encoder.is_empty(), config.net.preset, shape) {
        (false, ..) => "layers of its own".to_owned(),
        (true, Preset::Mlp, [_, 1, _]) => format!("{name} (--net conv convolves signals)"),
        (true, Preset::Mlp, [_, _, _]) => format!("{name} (--net conv convolves images)"),
        _ => name,
    }
}

/// All of a run in one line: what was read, how it is scaled, which network it trains and how long.
fn summary_line(asked: &Config, config: &Config, splits: &Splits) -> String {
    let train = &splits.train;
    let data = match (&config.data.train, config.data.synthetic) {
        (Some(path), _) => path.display().to_string(),
        (None, curve) => curve.map_or(String::new(), name_of),
    };
    let what = match *train.shape {
        [_, 1, _] => "signals",
        [_, _, _] => "images",
        [_] => "vectors",
        _ => "samples",
    };
    let kind = match train.values {
        Values::Bytes(_) => "bytes",
        Values::Floats(_) => "f32",
        Values::Doubles(_) => "f64, kept until they are scaled",
    };
    let network = net_name(config, &train.shape);
    let (scaling, chosen) = (scaling_of(asked, splits), asked.train.epochs.is_none());
    format!(
        "Trains on {data}: {} {what} of shape {:?} ({kind}); {}; {} on {network} with {} latent dimensions for {} epochs{}",
        train.samples,
        train.shape,
        scaling,
        config.method,
        config.net.latent,
        config.epochs(),
        if chosen {
            " (chosen by the number and size of samples)"
        } else {
            ""
        }
    )
}

/// The name of a value as the command line takes it.
fn name_of(value: impl ValueEnum) -> String {
    value
        .to_possible_value()
        .map_or(String::new(), |value| value.get_name().to_owned())
}

/// The scaling, with why where nobody asked for it.
fn scaling_of(asked: &Config, splits: &Splits) -> String {
    let kind = name_of(splits.scaling.kind);
    let auto = matches!(asked.data.scaling, None | Some(ScalingKind::Auto));
    let why = match (auto, asked.data.synthetic, asked.data.scaling) {
        (false, ..) => return format!("scaling {kind}"),
        (true, Some(_), None) => "a built-in curve is left as it is",
        _ => ScalingKind::choose(&splits.train).1,
    };
    format!("scaling {kind}, since {why} (--scaling chooses another)")
}
