//! KL(N(mean, variance) || N(0, I)), summed over latent dimensions (variational autoencoders, Kingma
//! and Welling 2014).

use super::term::{Needs, TermContext, TermSettings};
use crate::engine::View;
use crate::engine::ops::KlDivergence;
use crate::objective::recorder::StepRecorder;
use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "kl";
pub(super) const NEEDS: Needs = Needs::LATENTS;

/// `[kl]`, of variational autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KlConfig {
    /// Weight of the divergence in nats, beside a mean squared error per element. The evidence
    /// lower bound of a decoder with noise of variance s^2 is 2 s^2 / n.
    pub weight: f64,
}

impl Default for KlConfig {
    fn default() -> Self {
        Self { weight: 1e-3 }
    }
}

impl KlConfig {
    /// The variance s^2 of a decoder's noise that the weight stands for, where samples have
    /// `features` elements; `None` without a weight.
    pub fn variance(&self, features: usize) -> Option<f64> {
        (self.weight > 0.0).then_some(0.5 * self.weight * features as f64)
    }
}

impl TermSettings for KlConfig {
    fn name(&self) -> &'static str {
        NAME
    }

    fn weight(&self) -> f64 {
        self.weight
    }
}

/// Records the term: [batch, m] numbers whose sum is the term.
pub(super) fn record(r: &mut StepRecorder, term: TermContext) -> View {
    let (batch, group, features) = (r.step.batch, r.step.group, r.network.latent());
    let values = r.temporary("KL divergence", batch * features);
    let pass = KlDivergence {
        codes: term.latents.encoded(),
        loss_weights: r.step.loss_weights,
        state: r.step.state,
        values,
        d_codes: term.latents.gradient(),
        batch,
        group,
        features,
        columns: r.step.columns,
        column: term.column,
    };
    r.push("KL divergence", pass);
    values
}
