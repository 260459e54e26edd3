//! The settings of a run as flags, combined with a file: shared by `train`, `search` and `net`.

use super::table::TableArguments;
use crate::data::{Layout, Published, ScalingKind, Synthetic, find_data};
use crate::error::{Error, Result};
use crate::net::{Activation, Preset};
use crate::train::{Config, Schedule, Settings, key_of};
use clap::ValueEnum;
use clap::builder::TypedValueParser;
use std::path::{Path, PathBuf};

/// Settings of a run.
#[derive(clap::Args, Debug)]
pub(super) struct SettingArguments {
    /// A TOML file with settings
    config: Option<PathBuf>,
    /// Any setting by its key or its flag's name, e.g. train.grad_clip_norm=1
    ///
    /// May be given several times. The config.toml of a run has every key.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[arg(long, value_name = "N", help = default("Seed of weights, batches and splits", |c| c.seed))]
    seed: Option<u64>,

    /// Samples: a file, folder, FILE:PART or published name
    ///
    /// In any format that `nrae data --help` lists, or a set by its name in `nrae data list`.
    #[arg(long, value_name = "FILE|NAME", help_heading = "Data")]
    data: Option<PathBuf>,
    /// Colours of plots: classes, text or values [default: the data's]
    ///
    /// One a sample, where they do not come with the samples. Text names classes, in the order of the
    /// alphabet; more than 20 different numbers that are not whole colour along a scale.
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    labels: Option<PathBuf>,
    /// A built-in curve: sin, sin-official, swiss-roll, swiss-roll-official
    #[arg(
        long,
        value_enum,
        value_name = "CURVE",
        hide_possible_values = true,
        hide_short_help = true,
        help_heading = "Data"
    )]
    synthetic: Option<Synthetic>,
    /// Only the first N samples [default: all]
    #[arg(long, value_name = "N", help_heading = "Data")]
    limit: Option<usize>,
    /// A file, or the fraction to hold out [default: 0.1 of 50 or more]
    ///
    /// Validation samples select the best epoch: a file, or the fraction of the training file to hold
    /// out, 0 for none.
    #[arg(long, value_name = "FILE|SHARE", help_heading = "Data")]
    validation: Option<String>,
    /// A file, or the fraction to hold out [default: none]
    ///
    /// Test samples, which the result is measured on.
    #[arg(long, value_name = "FILE|SHARE", help_heading = "Data")]
    test: Option<String>,
    /// Axes of an array, such as ncl for signals [default: by its shape]
    ///
    /// nchw, nhwc and nhw are images with channels first, with channels last, and grey; ncl, nlc and nl
    /// are signals with channels first, with channels last, and of one channel. By its shape, [N, n] are
    /// vectors, [N, H, W] grey images, and of four axes those with channels last where that end is the
    /// smaller one, or holds 1, 3 or 4 bytes.
    #[arg(
        long,
        value_enum,
        value_name = "AXES",
        hide_possible_values = true,
        hide_short_help = true,
        help_heading = "Data"
    )]
    layout: Option<Layout>,
    /// Side to crop and resize images to [default: theirs; 64 for photos]
    ///
    /// The largest square in the middle is kept. Without it images are taken as they are, but those of
    /// a folder are brought to 64 x 64 where their sizes differ or a side is longer than 256 pixels.
    #[arg(long, value_name = "N", hide_short_help = true, help_heading = "Data")]
    size: Option<usize>,
    /// none, unit, standardise, or what suits the data [default: auto]
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        hide_possible_values = true,
        help_heading = "Data"
    )]
    scaling: Option<ScalingKind>,

    #[arg(
        long,
        help_heading = "Model",
        help = default("nrae-q, nrae-l, ae, vae, ...: `nrae methods` lists all", |c| c.method)
    )]
    method: Option<String>,
    /// Weight of the term that the method adds [default: see `nrae methods`]
    #[arg(
        long,
        value_name = "W",
        allow_negative_numbers = true,
        help_heading = "Model"
    )]
    weight: Option<f64>,
    #[arg(
        long,
        value_enum,
        value_name = "PRESET",
        hide_possible_values = true,
        help_heading = "Model",
        help = default("mlp, or conv, conv28, conv32, conv64, nae28, rae64", |c| name(c.net.preset))
    )]
    net: Option<Preset>,
    #[arg(long, value_name = "M", help_heading = "Model", help = default("Latent dimensions", |c| c.net.latent))]
    latent: Option<usize>,
    #[arg(
        long,
        value_name = "W,W,...",
        value_parser = widths,
        help_heading = "Model",
        help = default("Widths of an mlp's encoder; the decoder mirrors them", |c| list(&c.net.hidden))
    )]
    hidden: Option<Widths>,
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        hide_possible_values = true,
        help_heading = "Model",
        help = default("relu, elu, softplus, tanh, gelu, silu, sine, ...", |c| name(c.net.activation)),
        long_help = default(
            "Activation of the hidden layers: linear, relu, leaky-relu, elu, selu, softplus, tanh, sigmoid, gelu, silu or sine",
            |c| name(c.net.activation)
        )
    )]
    activation: Option<Activation>,
    /// Neighbours of each sample [default: root of their number, at most 10]
    #[arg(long, value_name = "K", help_heading = "Model")]
    k: Option<usize>,
    /// exact, approximate, or a file of indices [default: by size]
    ///
    /// How neighbours are found. `auto` finds the exact ones unless that took minutes; `approximate`
    /// finds nearly all, and says how many; a file is one that `nrae knn` wrote.
    #[arg(
        long,
        value_name = "HOW|FILE",
        hide_short_help = true,
        help_heading = "Model"
    )]
    graph: Option<String>,
    #[arg(
        long,
        value_name = "W",
        allow_negative_numbers = true,
        help_heading = "Model",
        help = default("Weight of a neighbour; the sample itself has 1", |c| c.neighbours.lambda),
        long_help = default(
            "Weight of a neighbour, where a centre counts 1. A step compares one neighbour beside the centre, so the centre has 1/2 and \
             not 1 / (k + 1) as in equation 3 of the paper; `--set neighbours.centre_weight=unbiased` gives it that, and `--set \
             neighbours.num_sampled=all` compares all k",
            |c| c.neighbours.lambda
        )
    )]
    lambda: Option<f64>,

    /// Passes over the data [default: 2,000 steps, but 100 epochs at least]
    #[arg(long, value_name = "N", help_heading = "Training")]
    epochs: Option<usize>,
    /// Samples of a step [default: 100, or all where there are fewer]
    #[arg(long, value_name = "N", help_heading = "Training")]
    batch: Option<usize>,
    #[arg(
        long,
        value_name = "RATE",
        allow_negative_numbers = true,
        help_heading = "Training",
        help = default("Adam's learning rate", |c| c.train.lr)
    )]
    lr: Option<f64>,
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        hide_possible_values = true,
        help_heading = "Training",
        help = default("Of the learning rate: constant, step or cosine", |c| name(c.train.schedule))
    )]
    schedule: Option<Schedule>,
    /// Device memory for training data, in MiB [default: what the device has]
    ///
    /// Larger sets are streamed, with the same result.
    #[arg(
        long,
        value_name = "MIB",
        hide_short_help = true,
        help_heading = "Training"
    )]
    data_memory_mib: Option<usize>,
    /// Stop after N evaluations without a better validation error [default: never]
    #[arg(long, value_name = "N", help_heading = "Training")]
    patience: Option<usize>,
    #[command(flatten)]
    table: TableArguments,
}

/// Widths of hidden layers.
#[derive(Clone, Debug)]
struct Widths(Vec<usize>);

/// A number that may not be 0.
pub(super) fn at_least_one() -> impl TypedValueParser<Value = usize> {
    clap::value_parser!(u64).range(1..).map(|n| n as usize)
}

/// Reads `64,32`, and `64x32` as well.
fn widths(text: &str) -> Result<Widths, String> {
    let widths = text
        .split([',', 'x', ' '])
        .map(|width| width.trim().parse());
    let widths: Result<_, std::num::ParseIntError> = widths.collect();
    widths
        .map(Widths)
        .map_err(|_| "widths are whole numbers with commas between them, such as 256,64".into())
}

/// Help that ends with the default that `value` takes from the configuration.
fn default<T: ToString>(text: &str, value: impl Fn(Config) -> T) -> String {
    format!("{text} [default: {}]", value(Config::default()).to_string())
}

/// The name of a value as the command line takes it.
fn name<T: ValueEnum>(value: T) -> String {
    value
        .to_possible_value()
        .expect("no value is hidden")
        .get_name()
        .to_owned()
}

/// Numbers between commas.
fn list(numbers: &[usize]) -> String {
    let texts: Vec<String> = numbers.iter().map(usize::to_string).collect();
    texts.join(",")
}

impl SettingArguments {
    /// The methods on the command line, where commas separate several.
    pub(super) fn methods(&self) -> Vec<String> {
        let methods = self.method.as_deref().unwrap_or_default().split(',');
        methods.map(|method| method.trim().to_owned()).collect()
    }

    /// Keeps one method.
    pub(super) fn set_method(&mut self, method: String) {
        self.method = Some(method);
    }

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
            Some(path) => self.file(path)?,
            None => Settings::default(),
        };
        self.check_numbers()?;
        for assignment in &self.set {
            settings.set_text(assignment)?;
        }
        self.set_held_out(&mut settings)?;
        if let Some(graph) = &self.graph {
            settings.unset("neighbours.graph");
            settings.set_text(&format!("graph={graph}"))?;
        }
        if self.data.is_some() {
            settings.unset("data.synthetic");
        }
        if self.synthetic.is_some() {
            settings.unset("data.train");
        }
        if let Some(seed) = self.seed {
            settings.set_seed(seed)?;
        }
        for (flag, value) in self.given() {
            if let Some(value) = value {
                settings.set(key_of(flag), value)?;
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

    /// The settings in the file at `path`, unless it is something else that was typed there.
    fn file(&self, path: &Path) -> Result<Settings> {
        let shown = path.display();
        let toml = path
            .extension()
            .is_some_and(|extension| extension == "toml");
        let number = shown.to_string().parse::<f64>().is_ok();
        if let (Some(Widths(widths)), true) = (&self.hidden, number) {
            return Err(Error::input(format!(
                "`{shown}` is no configuration: did you mean --hidden {},{shown}?",
                list(widths)
            )));
        }
        if !toml && (find_data(path).is_ok() || Published::find(&shown.to_string()).is_some()) {
            return Err(Error::input(format!(
                "{shown} is no configuration, which is a .toml file: did you mean --data {shown}?"
            )));
        }
        if !path.exists() {
            return Err(Error::input(format!(
                "there is no configuration {shown}: give a .toml file, or the samples as --data FILE"
            )));
        }
        Settings::from_file(path)
    }

    /// Refuses what is out of range under the name that was typed.
    fn check_numbers(&self) -> Result<()> {
        let fractions = [("validation", &self.validation), ("test", &self.test)];
        for (flag, value) in fractions {
            if let Some(text) = value
                && text
                    .parse()
                    .is_ok_and(|share: f64| !(0.0..1.0).contains(&share))
            {
                return Err(Error::input(format!(
                    "--{flag} is {text}, but a fraction to hold out is at least 0 and below 1: 0.1 holds out a tenth; so many samples are held out by --set data.{flag}_samples=N"
                )));
            }
        }
        for (flag, value) in [("lambda", self.lambda), ("weight", self.weight)] {
            if let Some(value) = value.filter(|value| !(*value >= 0.0 && value.is_finite())) {
                return Err(Error::input(format!(
                    "--{flag} is {value}, but a weight is a number from 0 on"
                )));
            }
        }
        match self.lr {
            Some(lr) if !(lr > 0.0 && lr.is_finite()) => Err(Error::input(format!(
                "--lr is {lr}, but a learning rate is a number above 0, such as 0.001"
            ))),
            _ => Ok(()),
        }
    }

    /// Sets what is held out. A path and a fraction of the same split exclude each other, so a flag
    /// for one replaces the other.
    fn set_held_out(&self, settings: &mut Settings) -> Result<()> {
        for (name, value) in [("validation", &self.validation), ("test", &self.test)] {
            if value.is_some() {
                settings.unset(&format!("data.{name}_samples"));
            }
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

    /// The flags but --seed that stand for one setting each, with what is given for them.
    fn given(&self) -> [(&'static str, Option<toml::Value>); 24] {
        let path = |path: &PathBuf| toml::Value::from(path.to_string_lossy().into_owned());
        let count = |count: usize| toml::Value::from(i64::try_from(count).unwrap_or(i64::MAX));
        let hidden = |Widths(widths): &Widths| {
            toml::Value::Array(widths.iter().map(|&width| count(width)).collect())
        };
        fn named<T: ValueEnum>(value: T) -> toml::Value {
            toml::Value::from(name(value))
        }
        [
            ("method", self.method.clone().map(toml::Value::from)),
            ("data", self.data.as_ref().map(path)),
            ("labels", self.labels.as_ref().map(path)),
            ("columns", self.table.columns.clone().map(toml::Value::from)),
            (
                "label-column",
                self.table.label_column.clone().map(toml::Value::from),
            ),
            (
                "id-column",
                self.table.id_column.clone().map(toml::Value::from),
            ),
            ("missing", self.table.missing.map(named)),
            ("synthetic", self.synthetic.map(named)),
            ("limit", self.limit.map(count)),
            ("layout", self.layout.map(named)),
            ("size", self.size.map(count)),
            ("scaling", self.scaling.map(named)),
            ("net", self.net.map(named)),
            ("latent", self.latent.map(count)),
            ("hidden", self.hidden.as_ref().map(hidden)),
            ("activation", self.activation.map(named)),
            ("k", self.k.map(count)),
            ("lambda", self.lambda.map(toml::Value::from)),
            ("epochs", self.epochs.map(count)),
            ("batch", self.batch.map(count)),
            ("lr", self.lr.map(toml::Value::from)),
            ("schedule", self.schedule.map(named)),
            ("patience", self.patience.map(count)),
            ("data-memory-mib", self.data_memory_mib.map(count)),
        ]
    }
}

/// runs/DATA-WHAT, with a number appended if that is taken.
pub(super) fn free_folder(config: &Config, what: &str) -> PathBuf {
    let data = match (config.data.path(), config.data.synthetic) {
        (Some(path), _) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            match name.split(['.', ':']).next() {
                None | Some("") => "data".into(),
                Some(name) => name.to_owned(),
            }
        }
        (None, Some(curve)) => curve
            .to_possible_value()
            .map_or("curve".into(), |value| value.get_name().to_owned()),
        (None, None) => "data".into(),
    };
    let base = format!("runs/{data}-{what}");
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
