//! Settings of the terms that methods add, a section of the configuration each.

use super::Config;
use crate::embedding::PhateOptions;
use crate::objective::{Corruption, CorruptionKind, Estimate, MmdKernel, Term, Variants};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[kl]`, of variational autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KlConfig {
    /// Weight of the divergence in nats, beside a mean squared error per element. The evidence
    /// lower bound of a decoder with noise of variance s^2 is 2 s^2 / n.
    pub weight: f64,
}

impl KlConfig {
    /// The variance s^2 of a decoder's noise that the weight stands for, where samples have
    /// `features` elements; `None` without a weight.
    pub fn variance(&self, features: usize) -> Option<f64> {
        (self.weight > 0.0).then_some(0.5 * self.weight * features as f64)
    }
}

/// `[mmd]`, of Wasserstein autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MmdConfig {
    /// Weight.
    pub weight: f64,
    /// Kernel.
    pub kernel: MmdKernel,
}

/// `[corruption]`, of denoising autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorruptionConfig {
    /// What is done to samples.
    pub kind: CorruptionKind,
    /// Standard deviation of the noise in scaled units, or share of the pixels that are set to 0.
    pub amount: f64,
}

/// `[contractive]`, of contractive autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContractiveConfig {
    /// Weight.
    pub weight: f64,
    /// How the norm is computed.
    pub estimate: Estimate,
}

/// `[grae]`, of geometry regularized autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraeConfig {
    /// Weight.
    pub weight: f64,
    /// An embedding of the training samples, [N, m]; PHATE's where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Neighbours whose distance is the bandwidth of PHATE's kernel.
    pub neighbours: usize,
    /// How fast PHATE's kernel decays.
    pub decay: f64,
    /// Above so many samples, PHATE embeds landmarks.
    pub landmarks: usize,
}

/// `[lle]`, of structure-preserving autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LleConfig {
    /// Weight.
    pub weight: f64,
    /// Added to the diagonal of the local Gram matrix, relative to its trace.
    pub regularisation: f64,
}

/// `[isometric]`, of isometrically regularized autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IsometricConfig {
    /// Weight.
    pub weight: f64,
}

impl Default for KlConfig {
    fn default() -> Self {
        Self { weight: 1e-3 }
    }
}

impl Default for MmdConfig {
    fn default() -> Self {
        Self {
            weight: 1e-2,
            kernel: MmdKernel::default(),
        }
    }
}

impl Default for CorruptionConfig {
    fn default() -> Self {
        Self {
            kind: CorruptionKind::default(),
            amount: 0.1,
        }
    }
}

impl Default for ContractiveConfig {
    fn default() -> Self {
        Self {
            weight: 1e-3,
            estimate: Estimate::default(),
        }
    }
}

impl Default for GraeConfig {
    fn default() -> Self {
        let PhateOptions {
            neighbours,
            decay,
            landmarks,
            ..
        } = PhateOptions::default();
        Self {
            weight: 1e-2,
            file: None,
            neighbours,
            decay,
            landmarks,
        }
    }
}

impl Default for LleConfig {
    fn default() -> Self {
        Self {
            weight: 1e-2,
            regularisation: 1e-3,
        }
    }
}

impl Default for IsometricConfig {
    fn default() -> Self {
        Self { weight: 1e-3 }
    }
}

impl Config {
    /// Variants of the method's parts.
    pub fn variants(&self) -> Variants {
        Variants {
            mmd: self.mmd.kernel,
            contractive: self.contractive.estimate,
            corruption: Some(Corruption {
                kind: self.corruption.kind,
                amount: self.corruption.amount as f32,
            }),
            k: self.neighbours.k,
        }
    }

    /// The full weight of `term`.
    pub fn weight(&self, term: Term) -> f64 {
        match term {
            Term::Kl => self.kl.weight,
            Term::Mmd(_) => self.mmd.weight,
            Term::Contractive(_) => self.contractive.weight,
            Term::Grae => self.grae.weight,
            Term::Lle => self.lle.weight,
            Term::Isometric => self.isometric.weight,
        }
    }

    /// The share of all weights that counts in `epoch`, which rises from 0 to 1 over the first
    /// `train.warm_up` epochs.
    pub fn warm_up_factor(&self, epoch: usize) -> f64 {
        match self.train.warm_up {
            0 => 1.0,
            epochs => (epoch as f64 / epochs as f64).min(1.0),
        }
    }

    /// Weights and amounts with their names, to be checked.
    pub(super) fn term_settings(&self) -> [(&'static str, f64); 9] {
        [
            ("kl.weight", self.kl.weight),
            ("mmd.weight", self.mmd.weight),
            ("corruption.amount", self.corruption.amount),
            ("contractive.weight", self.contractive.weight),
            ("grae.weight", self.grae.weight),
            ("grae.decay", self.grae.decay),
            ("lle.weight", self.lle.weight),
            ("lle.regularisation", self.lle.regularisation),
            ("isometric.weight", self.isometric.weight),
        ]
    }
}
