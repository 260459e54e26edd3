//! mean |J^T J v|^2 / (mean |J v|^2)^2 of the decoder at points between latents (Lee et al., IRVAE,
//! ICLR 2022).

use super::term::{Needs, TermContext, TermSettings};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{
    Concat, Interpolate, InterpolateAdjoint, IsometricLoss, JvpInnerProducts, SelectSlot, Sum,
};
use crate::engine::{Cotangents, Sequential, View};
use crate::objective::recorder::StepRecorder;
use crate::random::Stream;
use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "isometric";
pub(super) const NEEDS: Needs = Needs {
    stack: true,
    ..Needs::LATENTS
};

/// How far beyond two latents their mixtures reach (IRVAE's eta).
const MIXING: f32 = 0.2;

/// `[isometric]`, of isometrically regularized autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IsometricConfig {
    /// Weight.
    pub weight: f64,
}

impl Default for IsometricConfig {
    fn default() -> Self {
        Self { weight: 1e-3 }
    }
}

impl TermSettings for IsometricConfig {
    fn name(&self) -> &'static str {
        NAME
    }

    fn weight(&self) -> f64 {
        self.weight
    }
}

/// Records the term: the one number that it is.
pub(super) fn record(r: &mut StepRecorder, term: TermContext) -> View {
    let batch = r.step.batch;
    let decoder = Sequential::decoder(r.network);
    let (points, draws) = mixed_codes(r, &term);
    let features = r.network.latent();
    let v = r.normals("directions", batch * features, Stream::Direction);

    // J v, then u = J^T J v.
    let once = with_direction(r, points, 1, v);
    let pushed = decoder.forward(&mut r.step.recording, term.arena, once, 1, None);
    let n = pushed.output.jets.features;
    let image = r.temporary("J v", batch * n);
    let pass = SelectSlot {
        jets: pushed.output.view,
        output: image,
        batch,
        slots: 2,
        slot: 1,
        features: n,
    };
    r.push("J v", pass);
    // The values of jets of order 1 are every second row.
    let rows = Cotangents {
        view: image,
        batch,
        count: 1,
        group: 2,
    };
    let u = pushed
        .transpose(&mut r.step.recording, term.arena, rows)
        .view;

    let twice = with_direction(r, once.view, 2, u);
    let tape = decoder.forward(&mut r.step.recording, term.arena, twice, 1, None);
    let (value, d_jets) = loss(r, tape.output, term.column);
    let d_twice = tape
        .backward(&mut r.step.recording, term.arena, d_jets, true)
        .expect("the stack's input has a gradient");
    mixed_codes_adjoint(r, term.latents.gradient(), d_twice, draws);
    value
}

/// Records points between the latents of the batch and a little beyond, [batch, m], and the uniform
/// numbers that place them.
fn mixed_codes(r: &mut StepRecorder, term: &TermContext) -> (View, View) {
    let (batch, features) = (r.step.batch, r.network.latent());
    let draws = r.uniforms("mixing", batch, Stream::Mixing);
    let output = r.temporary("mixed latents", batch * features);
    let pass = Interpolate {
        codes: term.latents.codes(),
        draws,
        loss_weights: r.step.loss_weights,
        state: r.step.state,
        output,
        batch,
        group: r.step.group,
        features,
        columns: r.step.columns,
        low: -MIXING,
        high: 1.0 + MIXING,
    };
    r.push("mix", pass);
    (output, draws)
}

/// Records `d_codes`, the way back to the latents from `d_jets`, the gradient at jets (point, v, u).
fn mixed_codes_adjoint(r: &mut StepRecorder, d_codes: View, d_jets: View, draws: View) {
    let (batch, features) = (r.step.batch, r.network.latent());
    let d_points = r.temporary("d_points", batch * features);
    let pass = SelectSlot {
        jets: d_jets,
        output: d_points,
        batch,
        slots: 3,
        slot: 0,
        features,
    };
    r.push("d_points", pass);
    let pass = InterpolateAdjoint {
        d_output: d_points,
        draws,
        loss_weights: r.step.loss_weights,
        state: r.step.state,
        d_codes,
        batch,
        group: r.step.group,
        features,
        columns: r.step.columns,
        low: -MIXING,
        high: 1.0 + MIXING,
    };
    r.push("mix adjoint", pass);
}

/// Records jets of order 1: the `head_rows` slots of each of `head`, and a direction.
fn with_direction(r: &mut StepRecorder, head: View, head_rows: usize, direction: View) -> Tensor {
    let (batch, features) = (r.step.batch, r.network.latent());
    let jets = Jets {
        batch,
        directions: head_rows,
        order: 1,
        features,
    };
    let output = r.temporary("mixed jets", jets.len());
    let pass = Concat {
        head,
        tail: direction,
        output,
        batch,
        head_rows,
        head_group: head_rows,
        tail_rows: 1,
        features,
    };
    r.push("concat", pass);
    Tensor { view: output, jets }
}

/// Records the term of jets (f, J v, J u), and its gradient at them.
fn loss(r: &mut StepRecorder, output: Tensor, column: usize) -> (View, View) {
    let (batch, features, columns) = (r.step.batch, output.jets.features, r.step.columns);
    let (loss_weights, state) = (r.step.loss_weights, r.step.state);
    let jets = output.view;
    let [crossed, squared] = ["crossed", "squared"].map(|name| r.temporary(name, batch));
    let pass = JvpInnerProducts {
        jets,
        loss_weights,
        state,
        crossed,
        squared,
        batch,
        features,
        columns,
    };
    r.push("inner products", pass);
    let [crossed, squared] = [crossed, squared].map(|input| {
        let output = r.temporary("mean product", 1);
        let pass = Sum {
            input,
            state,
            output,
            len: batch,
            columns: 0,
            column: 0,
        };
        r.push("mean product", pass);
        output
    });
    let value = r.temporary("isometric loss", 1);
    let d_jets = r.temporary("d_jets", output.jets.len());
    let pass = IsometricLoss {
        jets,
        crossed,
        squared,
        loss_weights,
        state,
        value,
        d_jets,
        batch,
        features,
        columns,
        column,
    };
    r.push("isometric loss", pass);
    (value, d_jets)
}
