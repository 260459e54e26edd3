//! `nrae train`

use super::Outcome;
use super::device::DeviceArguments;
use super::run::{Voice, finish};
use crate::data::{ScalingKind, Synthetic};
use crate::error::{Error, Result};
use crate::net::{Activation, Parameters};
use crate::train::{Config, RunFolder, Schedule, Settings, Splits, Trainer};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  nrae train --data data/digits.npy --labels data/digits-labels.npy
  nrae train --data mine.csv --method nrae-l --latent 3 --k 15 --epochs 200 --out runs/mine
  nrae train --synthetic swiss-roll --latent 1 --k 3 --lambda 1
  nrae train configs/sin.toml --seed 7 --set train.learning_rate=5e-4

A setting counts in this order: flag, --set, CONFIG, default. The run folder's config.toml lists them all.";

/// Train an autoencoder
///
/// Reads .npy (f32, f64, u8), .csv or IDX files, each also gzipped. Vectors are [N, n]; images are [N, H, W], [N, H, W, C] bytes or
/// [N, C, H, W] floats.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct TrainArguments {
    /// A TOML file with settings
    config: Option<PathBuf>,
    /// Any setting by its name in the configuration, e.g. train.clip=1; may be given many times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The folder to write; runs/DATA-METHOD where it is not given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write over a run that is in the folder
    #[arg(long)]
    overwrite: bool,
    /// Decides initial parameters, batches, splits and synthetic data
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Training samples
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    data: Option<PathBuf>,
    /// A class for each sample, to colour pictures
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    labels: Option<PathBuf>,
    /// A built-in curve instead of a file
    #[arg(long, value_enum, help_heading = "Data")]
    synthetic: Option<Synthetic>,
    /// Only the first N samples of the training file
    #[arg(long, value_name = "N", help_heading = "Data")]
    limit: Option<usize>,
    /// Validation samples: a file, or the share of the training file to hold out (0.1)
    #[arg(long, value_name = "FILE|SHARE", help_heading = "Data")]
    validation: Option<String>,
    /// Test samples: a file, or the share of the training file to hold out
    #[arg(long, value_name = "FILE|SHARE", help_heading = "Data")]
    test: Option<String>,
    /// How data are scaled; `unit` for bytes and `none` for floats where it is not given
    #[arg(long, value_enum, help_heading = "Data")]
    scaling: Option<ScalingKind>,

    /// What is minimised: nrae-q, nrae-l, ae, vae, nr-vae-q, ...; `nrae methods` lists all
    #[arg(long, help_heading = "Model")]
    method: Option<String>,
    /// Weight of what the method adds to the reconstruction
    #[arg(long, help_heading = "Model")]
    weight: Option<f64>,
    /// Latent dimensions
    #[arg(long, value_name = "M", help_heading = "Model")]
    latent: Option<usize>,
    /// Widths of the encoder's hidden layers, which the decoder mirrors
    #[arg(long, value_name = "W,W,...", value_delimiter = ',', help_heading = "Model")]
    hidden: Option<Vec<usize>>,
    /// Activation of the hidden layers
    #[arg(long, value_enum, help_heading = "Model")]
    activation: Option<Activation>,
    /// Neighbours of each sample in the graph
    #[arg(long, help_heading = "Model")]
    k: Option<usize>,
    /// Weight of a neighbour, where a centre counts 1
    #[arg(long, help_heading = "Model")]
    lambda: Option<f64>,

    /// Passes over the training data
    #[arg(long, value_name = "N", help_heading = "Training")]
    epochs: Option<usize>,
    /// Centres of a batch
    #[arg(long, value_name = "N", help_heading = "Training")]
    batch: Option<usize>,
    /// Adam's learning rate
    #[arg(long, value_name = "RATE", help_heading = "Training")]
    lr: Option<f64>,
    /// How the learning rate changes
    #[arg(long, value_enum, help_heading = "Training")]
    schedule: Option<Schedule>,
    /// Stop after N evaluations without a better validation error
    #[arg(long, value_name = "N", help_heading = "Training")]
    patience: Option<usize>,

    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    voice: Voice,
}

impl TrainArguments {
    pub(super) fn run(self) -> Outcome {
        let config = self.configuration()?;
        let executor = self.device.open()?;
        let splits = Splits::load(&config)?;
        let (bar, mut progress) = self.voice.share("Finding neighbours");
        let trainer = Trainer::new(config, splits, &*executor, &mut progress)?;
        bar.finish_and_clear();
        // Only now, when all that was given fits together, is anything written.
        let path = self.out.clone().unwrap_or_else(|| free_folder(trainer.config()));
        let folder = RunFolder::create(&path, self.overwrite)?;
        folder.write_config(trainer.config(), &*executor)?;
        self.introduce(&trainer, &*executor)?;
        finish(trainer, Vec::new(), &folder, &*executor, self.voice)
    }

    /// Flags over `--set` over the file.
    fn configuration(&self) -> Result<Config> {
        let mut settings = match &self.config {
            Some(path) => Settings::from_file(path)?,
            None => Settings::default(),
        };
        for assignment in &self.set {
            settings.set_text(assignment)?;
        }
        // A path and a share of the same split exclude each other, so a flag for one takes the other's place.
        for (name, value) in [("validation", &self.validation), ("test", &self.test)] {
            match value.as_deref().map(str::parse::<f64>) {
                Some(Ok(share)) => {
                    settings.unset(&format!("data.{name}"));
                    settings.set(&format!("data.{name}_share"), share)?;
                }
                Some(Err(_)) => {
                    settings.unset(&format!("data.{name}_share"));
                    settings.set(&format!("data.{name}"), value.clone().unwrap_or_default())?;
                }
                None => {}
            }
        }
        if self.data.is_some() {
            settings.unset("data.synthetic");
        }
        if self.synthetic.is_some() {
            settings.unset("data.train");
        }
        let path = |path: &PathBuf| toml::Value::from(path.to_string_lossy().into_owned());
        let count = |count: usize| toml::Value::from(i64::try_from(count).unwrap_or(i64::MAX));
        let hidden = |widths: &Vec<usize>| toml::Value::Array(widths.iter().map(|&width| count(width)).collect());
        fn name<T: ValueEnum>(value: T) -> toml::Value {
            toml::Value::from(value.to_possible_value().expect("no value is hidden").get_name())
        }
        let given = [
            ("seed", self.seed.map(|seed| count(seed as usize))),
            ("method", self.method.clone().map(toml::Value::from)),
            ("data.train", self.data.as_ref().map(path)),
            ("data.labels", self.labels.as_ref().map(path)),
            ("data.synthetic", self.synthetic.map(name)),
            ("data.limit", self.limit.map(count)),
            ("data.scaling", self.scaling.map(name)),
            ("net.latent", self.latent.map(count)),
            ("net.hidden", self.hidden.as_ref().map(hidden)),
            ("net.activation", self.activation.map(name)),
            ("neighbours.k", self.k.map(count)),
            ("neighbours.lambda", self.lambda.map(toml::Value::from)),
            ("train.epochs", self.epochs.map(count)),
            ("train.batch", self.batch.map(count)),
            ("train.learning_rate", self.lr.map(toml::Value::from)),
            ("train.schedule", self.schedule.map(name)),
            ("train.patience", self.patience.map(count)),
        ];
        for (key, value) in given {
            if let Some(value) = value {
                settings.set(key, value)?;
            }
        }
        if let Some(weight) = self.weight {
            let method = settings.clone().finish()?.method()?;
            let Some(term) = method.base.terms.first() else {
                return Err(Error::input(format!("--weight has no meaning for {}, which adds no term", method.name())));
            };
            settings.set(&format!("{}.weight", term.name()), weight)?;
        }
        settings.finish()
    }

    fn introduce(&self, trainer: &Trainer, executor: &dyn crate::executor::Executor) -> Result<()> {
        let (config, splits) = (trainer.config(), trainer.splits());
        let count = |data: &Option<crate::data::Dataset>| data.as_ref().map_or(0, |data| data.samples);
        self.voice.say(format!("Device: {}, {}", executor.name(), executor.driver()))?;
        self.voice.say(format!(
            "Data: {} samples of shape {:?} to train on, {} for validation, {} for the test",
            splits.train.samples,
            splits.train.shape,
            count(&splits.validation),
            count(&splits.test)
        ))?;
        let mut model = format!(
            "Model: {}, latent {}, {} parameters",
            config.method,
            config.net.latent,
            Parameters::of(&splits.network(config)?).count()
        );
        if let Some(graph) = trainer.graph() {
            model += &format!("; {} neighbours a sample", graph.k);
            if config.neighbours.kernel == crate::train::KernelKind::Binary {
                model += &format!(" of weight {}", config.neighbours.lambda);
            }
        }
        self.voice.say(model)?;
        self.voice.say(format!(
            "Training: {} epochs of {} steps, seed {}",
            config.train.epochs,
            trainer.steps_per_epoch(),
            config.seed
        ))
    }
}

/// runs/DATA-METHOD, with a number behind it where that is taken.
fn free_folder(config: &Config) -> PathBuf {
    let data = match (&config.data.train, config.data.synthetic) {
        (Some(path), _) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.split('.').next().unwrap_or("data").to_owned()
        }
        (None, Some(curve)) => curve.to_possible_value().map_or("curve".into(), |value| value.get_name().to_owned()),
        (None, None) => "data".into(),
    };
    let base = format!("runs/{data}-{}", config.method);
    let numbered = |number: usize| if number == 1 { base.clone() } else { format!("{base}-{number}") };
    (1..).map(numbered).map(PathBuf::from).find(|path| !Path::exists(path)).expect("some number is free")
}
