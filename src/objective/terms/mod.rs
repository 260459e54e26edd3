//! What is added to a reconstruction. A term is a file of this folder: its settings, what it needs of
//! a step, and how it is recorded; here stands the list of them.

mod contractive;
mod grae;
mod isometric;
mod kl;
mod lle;
mod mmd;
mod term;

pub use contractive::{ContractiveConfig, Estimate};
pub use grae::{Embedding, GraeConfig};
pub use isometric::IsometricConfig;
pub use kl::KlConfig;
pub use lle::LleConfig;
pub use mmd::{MmdConfig, MmdKernel};
pub use term::{TableSource, TermSettings};

pub(super) use term::{Needs, TermContext};

use super::recorder::StepRecorder;
use crate::engine::View;

/// A term that is added to the reconstruction, with a weight of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// KL(N(mean, variance) || N(0, I)), summed over latent dimensions (Kingma and Welling 2014).
    Kl,
    /// Maximum mean discrepancy of the latents from N(0, I) (Tolstikhin et al. 2018).
    Mmd(MmdKernel),
    /// |dg/dx|_F^2 (Rifai et al. 2011).
    Contractive(Estimate),
    /// |z - e|^2 with e the sample's place in an embedding (GRAE, Duque et al. 2020).
    Grae,
    /// |z - sum_j w_j z_j|^2 with w the locally linear coefficients of the sample on its neighbours
    /// (SPAE).
    Lle,
    /// mean |J^T J v|^2 / (mean |J v|^2)^2 of the decoder (Lee et al., IRVAE, ICLR 2022).
    Isometric,
}

impl Term {
    /// Name of the term's column in `metrics.jsonl` and of its section in a configuration.
    pub fn name(self) -> &'static str {
        self.definition().0
    }

    /// What a step has to provide.
    pub(super) fn needs(self) -> Needs {
        self.definition().1
    }

    fn definition(self) -> (&'static str, Needs) {
        match self {
            Self::Kl => (kl::NAME, kl::NEEDS),
            Self::Mmd(_) => (mmd::NAME, mmd::NEEDS),
            Self::Contractive(_) => (contractive::NAME, contractive::NEEDS),
            Self::Grae => (grae::NAME, grae::NEEDS),
            Self::Lle => (lle::NAME, lle::NEEDS),
            Self::Isometric => (isometric::NAME, isometric::NEEDS),
        }
    }

    /// Records the term and its gradient: the sum of what is returned is the term, without its
    /// weight.
    pub(super) fn record(self, r: &mut StepRecorder, term: TermContext) -> View {
        match self {
            Self::Kl => kl::record(r, term),
            Self::Mmd(kernel) => mmd::record(r, term, kernel),
            Self::Contractive(estimate) => contractive::record(r, term, estimate),
            Self::Grae => grae::record(r, term),
            Self::Lle => lle::record(r, term),
            Self::Isometric => isometric::record(r, term),
        }
    }
}
