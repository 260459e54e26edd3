//! What is added to a reconstruction, and how inputs are corrupted.

use serde::{Deserialize, Serialize};

/// A term that is added to the reconstruction, with a weight of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// KL(N(mean, variance) || N(0, I)), summed over latent dimensions (Kingma and Welling 2014).
    Kl,
    /// Maximum mean discrepancy of the codes from N(0, I) (Tolstikhin et al. 2018).
    Mmd(MmdKernel),
    /// |dg/dx|_F^2 (Rifai et al. 2011).
    Contractive(Estimate),
    /// |z - e|^2 with e the sample's place in an embedding (GRAE, Duque et al. 2020).
    Grae,
    /// |z - sum_j w_j z_j|^2 with w the locally linear coefficients of the sample on its neighbours
    /// (SPAE: the term of Chen et al. 2021 on a plain autoencoder, as the paper has it; the form is
    /// inferred from its description).
    Lle,
    /// mean |J^T J v|^2 / (mean |J v|^2)^2 of the decoder (Lee et al., IRVAE, ICLR 2022).
    Isometric,
}

impl Term {
    /// Name of the term's column in `metrics.jsonl` and of its section in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kl => "kl",
            Self::Mmd(_) => "mmd",
            Self::Contractive(_) => "contractive",
            Self::Grae => "grae",
            Self::Lle => "lle",
            Self::Isometric => "isometric",
        }
    }
}

/// Kernels of [`Term::Mmd`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum MmdKernel {
    /// Inverse multiquadratics of seven scales
    #[default]
    Imq,
    /// A Gaussian whose squared bandwidth is the mean of the median squared distances of codes and
    /// of draws
    Gaussian,
}

/// How the norm of a Jacobian is computed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Estimate {
    /// One transposed product for each latent dimension
    #[default]
    Exact,
    /// One transposed product with a random vector: unbiased, and as cheap for any latent dimension
    Hutchinson,
}

/// How samples are corrupted before they are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corruption {
    /// What is done.
    pub kind: CorruptionKind,
    /// Standard deviation of the noise, or share of the pixels that are set to 0.
    pub amount: f32,
}

/// Kinds of [`Corruption`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CorruptionKind {
    /// Normal noise is added
    #[default]
    Gaussian,
    /// Pixels are set to 0, the same ones in all channels
    Mask,
}
