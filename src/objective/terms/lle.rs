//! |z - sum_j w_j z_j|^2 with w the locally linear coefficients of the sample on its neighbours
//! (SPAE: the term of Chen et al. 2021 on a plain autoencoder, as the paper has it; the form is
//! inferred from its description).

use super::term::{Needs, TableSource, TermContext, TermSettings};
use crate::engine::View;
use crate::engine::ops::LleLoss;
use crate::error::Result;
use crate::graph::locally_linear_coefficients;
use crate::objective::recorder::StepRecorder;
use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "lle";
pub(super) const NEEDS: Needs = Needs {
    neighbours: true,
    ..Needs::LATENTS
};

/// `[lle]`, of structure-preserving autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LleConfig {
    /// Weight.
    pub weight: f64,
    /// Added to the diagonal of the local Gram matrix, relative to its trace.
    pub regularisation: f64,
}

impl Default for LleConfig {
    fn default() -> Self {
        Self {
            weight: 1e-2,
            regularisation: 1e-3,
        }
    }
}

impl TermSettings for LleConfig {
    fn name(&self) -> &'static str {
        NAME
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn amounts(&self) -> Vec<(&'static str, f64)> {
        vec![("regularisation", self.regularisation)]
    }

    /// The coefficients of every sample on its k neighbours.
    fn table(&self, source: &TableSource) -> Result<Vec<f32>> {
        let graph = source.graph.expect("the term needs neighbours");
        let ridge = self.regularisation;
        Ok(locally_linear_coefficients(
            source.samples,
            source.features,
            graph,
            ridge,
        ))
    }
}

/// Records the term: [batch, m] numbers whose sum is the term.
pub(super) fn record(r: &mut StepRecorder, term: TermContext) -> View {
    let (batch, group, features) = (r.step.batch, r.step.group, r.network.latent());
    let k = r.combined;
    let coefficients = term.table(r, "coefficients", k);
    let values = r.temporary("LLE loss", batch * features);
    let pass = LleLoss {
        codes: term.latents.codes(),
        coefficients,
        indices: r.step.indices,
        loss_weights: r.step.loss_weights,
        state: r.step.state,
        values,
        d_codes: term.latents.gradient(),
        first: group - k,
        k,
        batch,
        group,
        features,
        columns: r.step.columns,
        column: term.column,
    };
    r.push("LLE loss", pass);
    values
}
