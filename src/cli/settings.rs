//! The settings of a run as flags, combined with a file: shared by `train`, `search` and `net`.

use crate::data::{ScalingKind, Synthetic};
use crate::error::{Error, Result};
use crate::net::{Activation, Preset};
use crate::train::{Config, Schedule, Settings};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Settings of a run.
#[derive(clap::Args, Debug)]
pub(super) struct SettingArguments {
    /// A TOML file with settings
    config: Option<PathBuf>,
    /// Any setting by its key in the configuration, e.g. train.grad_clip_norm=1; may be given
    /// several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Seed of initial parameters, batches, splits and synthetic data
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Training samples: a file or folder, a part of one as FILE:PART, or a name from `nrae data
    /// list`
    #[arg(long, value_name = "FILE|NAME", help_heading = "Data")]
    data: Option<PathBuf>,
    /// One class per sample, to colour plots, if the labels do not come with the samples
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    labels: Option<PathBuf>,
    /// A built-in curve instead of a file
    #[arg(long, value_enum, help_heading = "Data")]
    synthetic: Option<Synthetic>,
    /// Only the first N samples of the training file
    #[arg(long, value_name = "N", help_heading = "Data")]
    limit: Option<usize>,
    /// Validation samples: a file, or the fraction of the training file to hold out, 0 for none
    /// [default: 0.1 of a file of 50 samples or more]
    #[arg(long, value_name = "FILE|FRACTION", help_heading = "Data")]
    validation: Option<String>,
    /// Test samples: a file, or the fraction of the training file to hold out
    #[arg(long, value_name = "FILE|FRACTION", help_heading = "Data")]
    test: Option<String>,
    /// How to scale the data; auto looks at them, and leaves built-in curves as they are [default:
    /// auto]
    #[arg(long, value_enum, help_heading = "Data")]
    scaling: Option<ScalingKind>,

    /// The method: nrae-q, nrae-l, ae, vae, nr-vae-q, ...; `nrae methods` lists all
    #[arg(long, help_heading = "Model")]
    method: Option<String>,
    /// Weight of the term that the method adds to the reconstruction loss
    #[arg(long, help_heading = "Model")]
    weight: Option<f64>,
    /// A network architecture; `nrae net` prints it
    #[arg(long, value_enum, value_name = "PRESET", help_heading = "Model")]
    net: Option<Preset>,
    /// Number of latent dimensions
    #[arg(long, value_name = "M", help_heading = "Model")]
    latent: Option<usize>,
    /// Widths of the hidden layers of an mlp encoder; the decoder mirrors them
    #[arg(
        long,
        value_name = "W,W,...",
        value_delimiter = ',',
        help_heading = "Model"
    )]
    hidden: Option<Vec<usize>>,
    /// Activation of the hidden layers
    #[arg(long, value_enum, help_heading = "Model")]
    activation: Option<Activation>,
    /// Neighbours of each sample in the graph
    #[arg(long, help_heading = "Model")]
    k: Option<usize>,
    /// Weight of a neighbour, where a centre counts 1. A step compares one neighbour beside the
    /// centre, so the centre has 1/2 and not 1 / (k + 1) as in equation 3 of the paper; `--set
    /// neighbours.centre_weight=unbiased` gives it that, and `--set neighbours.num_sampled=all`
    /// compares all k
    #[arg(long, help_heading = "Model")]
    lambda: Option<f64>,

    /// Passes over the training data [default: 2,000 steps, but 100 to 1,000 epochs]
    #[arg(long, value_name = "N", help_heading = "Training")]
    epochs: Option<usize>,
    /// Batch size: the number of centres
    #[arg(long, value_name = "N", help_heading = "Training")]
    batch: Option<usize>,
    /// Adam's learning rate
    #[arg(long, value_name = "RATE", help_heading = "Training")]
    lr: Option<f64>,
    /// Schedule of the learning rate
    #[arg(long, value_enum, help_heading = "Training")]
    schedule: Option<Schedule>,
    /// Device memory for training data, in MiB; larger sets are streamed, with the same result
    #[arg(long, value_name = "MIB", help_heading = "Training")]
    data_memory_mib: Option<usize>,
    /// Stop after N evaluations without a better validation error
    #[arg(long, value_name = "N", help_heading = "Training")]
    patience: Option<usize>,
}

impl SettingArguments {
    /// The seed on the command line, else 0.
    pub(super) fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }

    /// Whether there is a file or any setting but the seed.
    ///
    /// # Errors
    /// When a file or a value cannot be used.
    pub(super) fn describe_a_run(&self) -> Result<bool> {
        let mut settings = self.settings()?;
        settings.unset("seed");
        Ok(self.config.is_some() || !settings.is_empty())
    }

    /// Flags over `--set` over the file.
    ///
    /// # Errors
    /// When a file or a value cannot be used, or what is left unset has no default.
    pub(super) fn configuration(&self) -> Result<Config> {
        self.settings()?.finish()
    }

    /// The same, not yet checked as a whole.
    ///
    /// # Errors
    /// When a file or a value cannot be used.
    pub(super) fn settings(&self) -> Result<Settings> {
        let mut settings = match &self.config {
            Some(path) => Settings::from_file(path)?,
            None => Settings::default(),
        };
        for assignment in &self.set {
            settings.set_text(assignment)?;
        }
        self.set_held_out(&mut settings)?;
        if self.data.is_some() {
            settings.unset("data.synthetic");
        }
        if self.synthetic.is_some() {
            settings.unset("data.train");
        }
        for (key, value) in self.given() {
            if let Some(value) = value {
                settings.set(key, value)?;
            }
        }
        if let Some(weight) = self.weight {
            let method = settings.clone().finish()?.method()?;
            let Some(term) = method.base.terms.first() else {
                return Err(Error::input(format!(
                    "--weight has no meaning for {}, which adds no term",
                    method.name()
                )));
            };
            settings.set(&format!("{}.weight", term.name()), weight)?;
        }
        Ok(settings)
    }

    /// Sets what is held out. A path and a fraction of the same split exclude each other, so a flag
    /// for one replaces the other.
    fn set_held_out(&self, settings: &mut Settings) -> Result<()> {
        for (name, value) in [("validation", &self.validation), ("test", &self.test)] {
            match value.as_deref().map(str::parse::<f64>) {
                Some(Ok(fraction)) => {
                    settings.unset(&format!("data.{name}"));
                    settings.set(&format!("data.{name}_fraction"), fraction)?;
                }
                Some(Err(_)) => {
                    settings.unset(&format!("data.{name}_fraction"));
                    settings.set(&format!("data.{name}"), value.clone().unwrap_or_default())?;
                }
                None => {}
            }
        }
        Ok(())
    }

    /// The keys of flags that stand for one setting each, with what is given for them.
    fn given(&self) -> [(&'static str, Option<toml::Value>); 19] {
        let path = |path: &PathBuf| toml::Value::from(path.to_string_lossy().into_owned());
        let count = |count: usize| toml::Value::from(i64::try_from(count).unwrap_or(i64::MAX));
        let hidden = |widths: &Vec<usize>| {
            toml::Value::Array(widths.iter().map(|&width| count(width)).collect())
        };
        fn name<T: ValueEnum>(value: T) -> toml::Value {
            toml::Value::from(
                value
                    .to_possible_value()
                    .expect("no value is hidden")
                    .get_name(),
            )
        }
        [
            ("seed", self.seed.map(|seed| count(seed as usize))),
            ("method", self.method.clone().map(toml::Value::from)),
            ("data.train", self.data.as_ref().map(path)),
            ("data.labels", self.labels.as_ref().map(path)),
            ("data.synthetic", self.synthetic.map(name)),
            ("data.limit", self.limit.map(count)),
            ("data.scaling", self.scaling.map(name)),
            ("net.preset", self.net.map(name)),
            ("net.latent", self.latent.map(count)),
            ("net.hidden", self.hidden.as_ref().map(hidden)),
            ("net.activation", self.activation.map(name)),
            ("neighbours.k", self.k.map(count)),
            ("neighbours.lambda", self.lambda.map(toml::Value::from)),
            ("train.epochs", self.epochs.map(count)),
            ("train.batch", self.batch.map(count)),
            ("train.lr", self.lr.map(toml::Value::from)),
            ("train.schedule", self.schedule.map(name)),
            ("train.patience", self.patience.map(count)),
            ("train.data_memory_mib", self.data_memory_mib.map(count)),
        ]
    }
}

/// runs/DATA-METHOD, with a number appended if that is taken.
pub(super) fn free_folder(config: &Config) -> PathBuf {
    let data = match (&config.data.train, config.data.synthetic) {
        (Some(path), _) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.split(['.', ':']).next().unwrap_or("data").to_owned()
        }
        (None, Some(curve)) => curve
            .to_possible_value()
            .map_or("curve".into(), |value| value.get_name().to_owned()),
        (None, None) => "data".into(),
    };
    let base = format!("runs/{data}-{}", config.method);
    let numbered = |number: usize| {
        if number == 1 {
            base.clone()
        } else {
            format!("{base}-{number}")
        }
    };
    (1..)
        .map(numbered)
        .map(PathBuf::from)
        .find(|path| !Path::exists(path))
        .expect("some number is free")
}
