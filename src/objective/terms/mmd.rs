//! Maximum mean discrepancy of the latents from N(0, I), by the unbiased estimate (Wasserstein
//! autoencoders, Tolstikhin et al. 2018).

use super::term::{Needs, TermContext, TermSettings};
use crate::engine::View;
use crate::engine::ops::{Median, Mmd, MmdAdjoint, SquaredDistances};
use crate::objective::recorder::StepRecorder;
use crate::random::Stream;
use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "mmd";
pub(super) const NEEDS: Needs = Needs::LATENTS;

/// Kernels of [`Term::Mmd`](super::Term::Mmd).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum MmdKernel {
    /// Inverse multiquadratics of seven scales
    #[default]
    Imq,
    /// A Gaussian whose squared bandwidth is the mean of the median squared distances of latents and
    /// of draws
    Gaussian,
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

impl Default for MmdConfig {
    fn default() -> Self {
        Self {
            weight: 1e-2,
            kernel: MmdKernel::default(),
        }
    }
}

impl TermSettings for MmdConfig {
    fn name(&self) -> &'static str {
        NAME
    }

    fn weight(&self) -> f64 {
        self.weight
    }
}

/// Records the term: [batch, batch] numbers whose sum is the term.
pub(super) fn record(r: &mut StepRecorder, term: TermContext, kernel: MmdKernel) -> View {
    let (batch, group, columns) = (r.step.batch, r.step.group, r.step.columns);
    let (loss_weights, state) = (r.step.loss_weights, r.step.state);
    let (codes, features) = (term.latents.codes(), r.network.latent());
    let prior = r.normals("prior", batch * features, Stream::Prior);
    let distances = r.temporary("distances", 3 * batch * batch);
    let pass = SquaredDistances {
        codes,
        prior,
        distances,
        batch,
        group,
        features,
    };
    r.push("distances", pass);
    let gaussian = kernel == MmdKernel::Gaussian;
    let medians = match gaussian {
        true => r.temporary("medians", 2),
        // The other kernel does not look at them.
        false => r.step.recording.reals("no medians", 2),
    };
    if gaussian {
        let pass = Median {
            distances,
            loss_weights,
            state,
            medians,
            batch,
            columns,
        };
        r.push("medians", pass);
    }
    let values = r.temporary("MMD", batch * batch);
    let slopes = r.temporary("slopes", 2 * batch * batch);
    let pass = Mmd {
        distances,
        medians,
        loss_weights,
        state,
        values,
        slopes,
        batch,
        features,
        columns,
        gaussian,
    };
    r.push("MMD", pass);
    let pass = MmdAdjoint {
        codes,
        prior,
        slopes,
        loss_weights,
        state,
        d_codes: term.latents.gradient(),
        batch,
        group,
        features,
        columns,
        column: term.column,
    };
    r.push("MMD adjoint", pass);
    values
}
