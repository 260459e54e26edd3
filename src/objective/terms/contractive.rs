//! |dg/dx|_F^2, the squared norm of the encoder's Jacobian (contractive autoencoders, Rifai et al.
//! 2011).

use super::term::{Needs, TermContext, TermSettings};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{Concat, JacobianNorm};
use crate::engine::{Cotangents, Sequential, View};
use crate::objective::recorder::StepRecorder;
use crate::random::Stream;
use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "contractive";
pub(super) const NEEDS: Needs = Needs {
    latent_gradient: false,
    stack: true,
    neighbours: false,
};

/// How the norm of a Jacobian is had.
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

/// `[contractive]`, of contractive autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContractiveConfig {
    /// Weight.
    pub weight: f64,
    /// How the norm is had.
    pub estimate: Estimate,
}

impl Default for ContractiveConfig {
    fn default() -> Self {
        Self {
            weight: 1e-3,
            estimate: Estimate::default(),
        }
    }
}

impl TermSettings for ContractiveConfig {
    fn name(&self) -> &'static str {
        NAME
    }

    fn weight(&self) -> f64 {
        self.weight
    }
}

/// Records the term: [batch, cotangents, m or 2 m] numbers whose sum is the term.
pub(super) fn record(r: &mut StepRecorder, term: TermContext, estimate: Estimate) -> View {
    let (batch, group, features) = (r.step.batch, r.step.group, r.network.encoded());
    let rows = cotangents(r, estimate);
    let (cotangents, count) = (rows.view, rows.count);
    let recording = &mut r.step.recording;
    let directions = term.encoder.transpose(recording, term.arena, rows).view;
    let jets = Jets {
        batch,
        directions: count,
        order: 1,
        features: term.seen.jets.features,
    };
    let input = Tensor {
        view: r.temporary("sample jets", jets.len()),
        jets,
    };
    let pass = Concat {
        head: term.seen.view,
        tail: directions,
        output: input.view,
        batch,
        head_rows: 1,
        head_group: group,
        tail_rows: count,
        features: jets.features,
    };
    r.push("concat", pass);
    let encoder = Sequential::encoder(r.network);
    let tape = encoder.forward(&mut r.step.recording, term.arena, input, 1, None);
    let values = r.temporary("Jacobian norm", batch * count * features);
    let d_jets = r.temporary("d_jets", tape.output.jets.len());
    let pass = JacobianNorm {
        jets: tape.output.view,
        cotangents,
        loss_weights: r.step.loss_weights,
        state: r.step.state,
        values,
        d_jets,
        batch,
        count,
        features,
        columns: r.step.columns,
        column: term.column,
    };
    r.push("Jacobian norm", pass);
    tape.backward(&mut r.step.recording, term.arena, d_jets, false);
    values
}

/// What the transposed Jacobian is multiplied with at every centre: all unit vectors, or one random
/// vector.
fn cotangents(r: &mut StepRecorder, estimate: Estimate) -> Cotangents {
    let (batch, features) = (r.step.batch, r.network.encoded());
    let (count, view) = match estimate {
        Estimate::Exact => {
            let identity =
                (0..features * features).map(|i| f32::from(i / features == i % features));
            let all: Vec<f32> = identity.collect();
            let basis = all.repeat(batch);
            (features, r.step.recording.constants("basis", basis))
        }
        Estimate::Hutchinson => (1, r.normals("probe", batch * features, Stream::Probe)),
    };
    Cotangents {
        view,
        batch,
        count,
        group: r.step.group,
    }
}
