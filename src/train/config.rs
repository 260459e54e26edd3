//! Everything that decides a run, as a TOML file holds it.

use super::warm_start::rising_steps;
use super::{DataConfig, NeighbourConfig, NetConfig, OutputBias, Schedule, WarmStart};
use crate::data::find_data;
use crate::engine::Optimiser;
use crate::error::{Error, Result};
use crate::net::Network;
use crate::objective::{
    ContractiveConfig, CorruptionConfig, GraeConfig, IsometricConfig, KlConfig, LleConfig, Method,
    MmdConfig, Objective, Sampling, Term, TermSettings, Variants,
};
use serde::{Deserialize, Serialize};

/// A run. Every field has a default but the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A name of the table of methods.
    pub method: String,
    /// Decides initial parameters, batches, splits and synthetic data.
    pub seed: u64,
    /// What is trained on.
    pub data: DataConfig,
    /// The network.
    pub net: NetConfig,
    /// Neighbourhoods and their weights; plain autoencoders have none.
    pub neighbours: NeighbourConfig,
    /// The course of training.
    pub train: TrainConfig,
    /// Of variational autoencoders.
    pub kl: KlConfig,
    /// Of Wasserstein autoencoders.
    pub mmd: MmdConfig,
    /// Of denoising autoencoders.
    pub corruption: CorruptionConfig,
    /// Of contractive autoencoders.
    pub contractive: ContractiveConfig,
    /// Of geometry regularized autoencoders.
    pub grae: GraeConfig,
    /// Of structure-preserving autoencoders.
    pub lle: LleConfig,
    /// Of isometrically regularized autoencoders.
    pub isometric: IsometricConfig,
}

impl Config {
    /// With paths that are not found from the current folder taken from where the configuration was
    /// written, if they are there. Those of samples are looked for where they are read.
    pub(crate) fn found(mut self) -> Self {
        let paths = [&mut self.neighbours.graph, &mut self.grae.file];
        if let Some(folder) = &self.data.folder {
            for path in paths.into_iter().flatten() {
                let there = folder.join(&*path);
                if find_data(path).is_err() && there.exists() {
                    *path = there;
                }
            }
        }
        self
    }
}

/// `[train]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training set; as many as make 2,000 steps, but at least 100, where it is not
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Centres of a batch; 100 or all samples where there are fewer, where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// Adam's learning rate.
    pub lr: f64,
    /// How the rate changes.
    pub schedule: Schedule,
    /// Decay of Adam's first moment.
    pub beta1: f64,
    /// Decay of Adam's second moment.
    pub beta2: f64,
    /// Added to the root of Adam's second moment.
    pub epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Largest norm of the gradient; 0 for no clipping.
    pub grad_clip_norm: f64,
    /// Epochs over which the weights of all terms rise from 0.
    pub warm_up: usize,
    /// Where the parameters start; chosen by method, latent dimensions and samples, where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<WarmStart>,
    /// Where the bias of a sigmoid output starts: `mean`, of the data, or `random`, as any other output
    /// does; `mean`, where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_bias: Option<OutputBias>,
    /// Stop after so many evaluations without a better validation error; 0 for never.
    pub patience: usize,
    /// Mebibytes of training data on the device, at most; larger sets are streamed. What the device
    /// binds at once, where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_memory_mib: Option<usize>,
    /// Samples that are shuffled at a time, so that batches near each other read parts of large files that
    /// lie together; all of them, where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shuffle_buffer: Option<usize>,
    /// Epochs between evaluations on the validation set; a hundredth of all, where it is 0.
    pub evaluate_every: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            method: "nrae-q".into(),
            seed: 0,
            data: DataConfig::default(),
            net: NetConfig::default(),
            neighbours: NeighbourConfig::default(),
            train: TrainConfig::default(),
            kl: KlConfig::default(),
            mmd: MmdConfig::default(),
            corruption: CorruptionConfig::default(),
            contractive: ContractiveConfig::default(),
            grae: GraeConfig::default(),
            lle: LleConfig::default(),
            isometric: IsometricConfig::default(),
        }
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        let Optimiser {
            beta1,
            beta2,
            epsilon,
            weight_decay,
            grad_clip_norm,
        } = Optimiser::default();
        Self {
            epochs: None,
            batch: None,
            lr: 1e-3,
            schedule: Schedule::default(),
            beta1,
            beta2,
            epsilon,
            weight_decay,
            grad_clip_norm,
            warm_up: 0,
            warm_start: None,
            output_bias: None,
            patience: 0,
            data_memory_mib: None,
            shuffle_buffer: None,
            evaluate_every: 0,
        }
    }
}

impl Config {
    /// The method.
    ///
    /// # Errors
    /// When there is no such method.
    pub fn method(&self) -> Result<Method> {
        Method::named(&self.method)
    }

    /// The loss. Where all neighbours are compared, there are k of them for each centre, as directed
    /// edges have it; a run takes their number from its graph.
    ///
    /// # Errors
    /// Those of [`Config::method`].
    pub fn objective(&self) -> Result<Objective> {
        let sampling = Sampling {
            neighbours: self.neighbours.num_sampled.of(self.neighbours.k()),
            centre: self.neighbours.centre,
        };
        Ok(self.method()?.objective(sampling, self.variants()))
    }

    /// Variants of the method's parts.
    pub fn variants(&self) -> Variants {
        Variants {
            mmd: self.mmd.kernel,
            contractive: self.contractive.estimate,
            corruption: Some(self.corruption.corruption()),
            k: self.neighbours.k(),
        }
    }

    /// The sections of all terms.
    fn terms(&self) -> [&dyn TermSettings; 6] {
        [
            &self.kl,
            &self.mmd,
            &self.contractive,
            &self.grae,
            &self.lle,
            &self.isometric,
        ]
    }

    /// The section of the term called `name`.
    ///
    /// # Panics
    /// When no term has that name.
    pub fn term(&self, name: &str) -> &dyn TermSettings {
        let mut terms = self.terms().into_iter();
        terms
            .find(|settings| settings.name() == name)
            .expect("every term has a section")
    }

    /// The full weight of `term`.
    pub fn weight(&self, term: Term) -> f64 {
        self.term(term.name()).weight()
    }

    /// The share of all weights that counts in `epoch`, which rises from 0 to 1 over the first
    /// `train.warm_up` epochs.
    pub fn warm_up_factor(&self, epoch: usize) -> f64 {
        match self.train.warm_up {
            0 => 1.0,
            epochs => (epoch as f64 / epochs as f64).min(1.0),
        }
    }

    /// The learning rate in `step`, counted from 0, of a run with `per_epoch` steps an epoch. After a
    /// [geodesic](WarmStart::Geodesic) start it rises.
    pub fn learning_rate(&self, step: usize, per_epoch: usize) -> f64 {
        let rise = match self.train.warm_start {
            Some(WarmStart::Geodesic) => rising_steps(self.epochs() * per_epoch, per_epoch),
            _ => 0,
        };
        let rising = (step + 1) as f64 / rise.max(1) as f64;
        self.train.lr
            * rising.min(1.0)
            * self.train.schedule.factor(step / per_epoch, self.epochs())
    }

    /// The network for samples of `shape`, which are `unit` where they are scaled to the unit
    /// range.
    ///
    /// # Errors
    /// When layers do not fit each other or the samples.
    pub fn network(&self, shape: &[usize], unit: bool) -> Result<Network> {
        let variational = self.method()?.base.variational;
        self.net.network(shape, unit, variational)
    }

    /// Adam's constants.
    pub fn optimiser(&self) -> Optimiser {
        let TrainConfig {
            beta1,
            beta2,
            epsilon,
            weight_decay,
            grad_clip_norm,
            ..
        } = self.train;
        Optimiser {
            beta1,
            beta2,
            epsilon,
            weight_decay,
            grad_clip_norm,
        }
    }

    /// Epochs between two evaluations.
    pub fn evaluate_every(&self) -> usize {
        match self.train.evaluate_every {
            0 => self.epochs().div_ceil(100).max(1),
            every => every,
        }
    }

    /// Method and data, as pictures name them, e.g. `NRAE-Q on digits`.
    pub fn title(&self) -> String {
        let method = Method::find(&self.method).map(|method| method.title());
        format!(
            "{} on {}",
            method.as_ref().unwrap_or(&self.method),
            self.data.name()
        )
    }

    pub(super) fn check(&self) -> Result<()> {
        self.method()?;
        self.net.check()?;
        self.data.check()?;
        self.train.check()?;
        if let Some(what) = self.neighbours.mistake() {
            return Err(Error::input(what));
        }
        self.check_amounts()
    }

    /// Checks weights and amounts of the terms, and of the corruption.
    fn check_amounts(&self) -> Result<()> {
        let amounts = self.terms().into_iter().flat_map(|settings| {
            std::iter::once(("weight", settings.weight()))
                .chain(settings.amounts())
                .map(|(key, value)| (settings.name(), key, value))
        });
        match amounts
            .chain([("corruption", "amount", self.corruption.amount)])
            .find(|(_, _, value)| !not_negative(*value))
        {
            Some((section, key, value)) => Err(Error::input(format!(
                "{section}.{key} is {value}, but it must be a number >= 0"
            ))),
            None => Ok(()),
        }
    }
}

impl TrainConfig {
    fn check(&self) -> Result<()> {
        all_hold(&[
            (
                self.epochs != Some(0),
                "train.epochs is 0: choose at least one epoch",
            ),
            (
                self.batch != Some(0),
                "train.batch is 0: choose at least one sample a batch",
            ),
            (
                self.shuffle_buffer != Some(0),
                "train.shuffle_buffer is 0: choose at least one sample, or leave it out to shuffle all",
            ),
            (positive(self.lr), "train.lr must be a number > 0"),
            (
                (0.0..1.0).contains(&self.beta1),
                "train.beta1 must be at least 0 and below 1",
            ),
            (
                (0.0..1.0).contains(&self.beta2),
                "train.beta2 must be at least 0 and below 1",
            ),
            (positive(self.epsilon), "train.epsilon must be a number > 0"),
            (
                not_negative(self.weight_decay),
                "train.weight_decay must be a number >= 0",
            ),
            (
                not_negative(self.grad_clip_norm),
                "train.grad_clip_norm must be a number >= 0",
            ),
        ])
    }
}

/// Refuses with the message of the first condition that does not hold.
pub(super) fn all_hold(conditions: &[(bool, &'static str)]) -> Result<()> {
    match conditions.iter().find(|(holds, _)| !holds) {
        Some((_, message)) => Err(Error::input(*message)),
        None => Ok(()),
    }
}

fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

pub(super) fn not_negative(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_of_every_method_has_a_section() {
        for method in Method::all() {
            for term in method.base.terms {
                assert_eq!(Config::default().term(term.name()).name(), term.name());
            }
        }
    }

    #[test]
    fn the_rate_rises_after_a_start_that_has_learned_and_only_then() {
        let rates = |warm_start, epochs| {
            let mut config = Config::default();
            config.train.warm_start = Some(warm_start);
            config.train.epochs = Some(epochs);
            config.train.lr = 0.5;
            config.train.schedule = Schedule::Constant;
            [0, 3, 49, 99, 100].map(|step| config.learning_rate(step, 5))
        };
        assert_eq!(rates(WarmStart::None, 400), [0.5; 5]);
        assert_eq!(
            rates(WarmStart::Geodesic, 400),
            [0.005, 0.02, 0.25, 0.5, 0.5]
        );
        // Of 200 steps a quarter are learned from before, and a fifth of those.
        assert_eq!(rates(WarmStart::Geodesic, 40), [0.05, 0.2, 0.5, 0.5, 0.5]);
        // A short run goes on as a longer one does, as long as their starts take as many epochs.
        assert_eq!(rates(WarmStart::Geodesic, 1), rates(WarmStart::Geodesic, 4));
    }
}
