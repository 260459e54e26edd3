//! The recording of a training step.

use super::jets::{Jets, Tensor};
use super::ops::*;
use super::recording::{Recording, View};
use super::stack::{Arena, backward, forward};
use crate::net::{Network, Parameters};
use crate::objective::Objective;

/// Columns of a step's row in [`Step::schedule`].
pub const SCHEDULE_COLUMNS: usize = 4;

/// The resident data set, as the gather sees it.
#[derive(Clone, Copy, Debug)]
pub struct Data {
    /// Rows of the data set.
    pub samples: usize,
    /// Whether values are bytes rather than f32.
    pub bytes: bool,
    /// Subtracted from every value.
    pub shift: f32,
    /// Divides every value.
    pub scale: f32,
}

impl Data {
    /// f32 values that are already scaled.
    pub fn floats(samples: usize) -> Self {
        Self { samples, bytes: false, shift: 0.0, scale: 1.0 }
    }

    /// Words that hold the whole set.
    pub fn words(&self, features: usize) -> usize {
        (self.samples * features).div_ceil(if self.bytes { 4 } else { 1 })
    }
}

/// Settings of Adam that stay fixed during a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Optimiser {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay, per unit of learning rate.
    pub weight_decay: f64,
    /// Largest norm of the gradient; 0 for no clipping.
    pub clip: f64,
}

impl Default for Optimiser {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, clip: 0.0 }
    }
}

/// A recorded step, with the places that the host writes and reads.
///
/// A block of up to `steps` steps is written at once (`indices`, `weights`, `schedule`), the state is zeroed, and the recording is
/// replayed; `losses` then holds one row a step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The passes of one step.
    pub recording: Recording,
    /// The layout of `parameters`, `gradients` and the moments.
    pub layout: Parameters,
    /// Centres of a batch.
    pub batch: usize,
    /// 1 + D: rows gathered for each centre, the centre first.
    pub targets: usize,
    /// Rows compared for each centre.
    pub rows: usize,
    /// Steps of a block.
    pub steps: usize,
    /// The data set as words.
    pub data: View,
    /// [steps, batch, targets] words.
    pub indices: View,
    /// [steps, batch, targets]: the factor of each squared error.
    pub weights: View,
    /// [steps, SCHEDULE_COLUMNS]; absent where nothing is updated.
    pub schedule: Option<View>,
    /// `[steps]`: the loss.
    pub losses: View,
    /// Step counter and divergence mark, 2 words.
    pub state: View,
    /// The arena of parameters.
    pub parameters: View,
    /// The arena of gradients.
    pub gradients: View,
    /// First and second moments, where parameters are updated.
    pub moments: Option<[View; 2]>,
}

/// Records the loss and its gradient to every parameter, for blocks of `steps` batches of `batch` centres.
pub fn gradient_step(network: &Network, objective: &Objective, data: Data, batch: usize, steps: usize) -> Step {
    let mut step = record_gradient(network, objective, data, batch, steps);
    step.recording.push("next step", Advance { state: step.state });
    step
}

/// Records a whole training step: loss, gradient, and Adam's update.
pub fn training_step(
    network: &Network,
    objective: &Objective,
    data: Data,
    batch: usize,
    steps: usize,
    optimiser: &Optimiser,
) -> Step {
    let mut step = record_gradient(network, objective, data, batch, steps);
    let len = step.layout.len;
    let recording = &mut step.recording;
    let first = recording.reals("first moments", len);
    let second = recording.reals("second moments", len);
    let schedule = recording.reals("schedule", steps * SCHEDULE_COLUMNS);
    let chunks = len.div_ceil(SQUARES_CHUNK);
    let partials = recording.reals("partial norms", chunks);
    let norm = recording.reals("squared norm", 1);
    recording.push("gradient squares", Squares { input: step.gradients, partials, len });
    recording.push("gradient norm", Sum { input: partials, state: step.state, output: norm, len: chunks, columns: 0, column: 0 });
    recording.push(
        "adam",
        Adam {
            parameters: step.parameters,
            gradients: step.gradients,
            first,
            second,
            schedule,
            norm,
            state: step.state,
            len,
            beta1: optimiser.beta1,
            beta2: optimiser.beta2,
            epsilon: optimiser.epsilon,
            weight_decay: optimiser.weight_decay,
            clip: optimiser.clip,
        },
    );
    recording.push("next step", Advance { state: step.state });
    step.moments = Some([first, second]);
    step.schedule = Some(schedule);
    step
}

fn record_gradient(network: &Network, objective: &Objective, data: Data, batch: usize, steps: usize) -> Step {
    let (features, sampling) = (network.features(), objective.sampling);
    let (directions, targets) = (sampling.neighbours, 1 + sampling.neighbours);
    let layout = Parameters::of(network);
    let mut recording = Recording::default();
    let parameters = recording.reals("parameters", layout.len);
    let gradients = recording.reals("gradients", layout.len);
    let resident = recording.words("data", data.words(features));
    let indices = recording.words("indices", steps * batch * targets);
    let weights = recording.reals("weights", steps * batch * targets);
    let state = recording.words("state", 2);
    let losses = recording.reals("losses", steps);
    let arena = Arena { layout: &layout, values: parameters, gradients: Some(gradients) };

    let jets = Jets::values(batch * targets, features);
    let x = Tensor { view: recording.reals("samples", jets.len()), jets };
    recording.push(
        "gather",
        Gather {
            data: resident,
            indices,
            state,
            output: x.view,
            rows: batch * targets,
            features,
            bytes: data.bytes,
            shift: data.shift,
            scale: data.scale,
        },
    );
    let encoded = forward(&mut recording, "encoder", &network.encoder, &arena, x, 0, None);
    let latent = network.latent();
    let order = objective.reconstruction.order();
    let jets = Jets { batch, directions, order: order.min(1), features: latent };
    let z = if directions > 0 {
        let z = Tensor { view: recording.reals("latent jets", jets.len()), jets };
        recording
            .push("difference", Difference { input: encoded.output.view, output: z.view, batch, directions, features: latent });
        z
    } else {
        Tensor { view: encoded.output.view, jets: Jets::values(batch, latent) }
    };
    let decoded = forward(&mut recording, "decoder", &network.decoder, &arena, z, order, Some(sampling.centre));

    let rows = if directions > 0 { sampling.rows() } else { 1 };
    let d_prediction = recording.reals("residual", batch * rows * features);
    let row_losses = recording.reals("row losses", batch * rows);
    recording.push(
        "residual",
        Residual {
            prediction: decoded.output.view,
            target: x.view,
            weights,
            state,
            d_prediction,
            losses: row_losses,
            batch,
            rows,
            targets,
            features,
        },
    );
    recording.push("loss", Sum { input: row_losses, state, output: losses, len: batch * rows, columns: 1, column: 0 });

    let d_z = backward(&mut recording, &arena, &decoded, d_prediction, true).expect("the decoder's input has a gradient");
    let d_code = if directions > 0 {
        let d_code = recording.reals("difference d_input", jets.len());
        recording.push(
            "difference adjoint",
            DifferenceAdjoint { d_output: d_z, d_input: d_code, batch, directions, features: latent },
        );
        d_code
    } else {
        d_z
    };
    backward(&mut recording, &arena, &encoded, d_code, false);
    Step {
        recording,
        layout,
        batch,
        targets,
        rows,
        steps,
        data: resident,
        indices,
        weights,
        schedule: None,
        losses,
        state,
        parameters,
        gradients,
        moments: None,
    }
}
