//! The recording of a training step.

use super::arena::{Arena, Gradients};
use super::jets::{Jets, Tensor};
use super::latents::{Latents, difference};
use super::ops::*;
use super::recording::{Recording, View};
use super::sequential::forward;
use super::terms;
use super::update::Update;
use crate::net::{Network, Parameter, Parameters};
use crate::objective::{Corruption, CorruptionKind, Objective};
use crate::random::Stream;

/// Columns of a step's row in [`Step::schedule`].
pub const SCHEDULE_COLUMNS: usize = 4;
/// Words of [`Step::state`].
pub const STATE_WORDS: usize = 4;

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
    /// Whether only the rows of a block lie on the device.
    pub streamed: bool,
}

impl Data {
    /// f32 values that are already scaled.
    pub fn floats(samples: usize) -> Self {
        Self {
            samples,
            bytes: false,
            shift: 0.0,
            scale: 1.0,
            streamed: false,
        }
    }

    /// Words on the device: of the whole set, or of the `rows` of a block where it is streamed.
    pub fn words(&self, features: usize, rows: usize) -> usize {
        let samples = if self.streamed { rows } else { self.samples };
        (samples * features).div_ceil(if self.bytes { 4 } else { 1 })
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
    pub grad_clip_norm: f64,
}

impl Default for Optimiser {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            grad_clip_norm: 0.0,
        }
    }
}

/// A recorded step, with the places that the host writes and reads.
///
/// A block of up to `steps` steps is written at once (`indices`, `weights`, `loss_weights`,
/// `schedule`, and `state` as [`Step::start`] gives it), and the recording is replayed; `losses`
/// then holds one row a step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The passes of one step.
    pub recording: Recording,
    /// The layout of `parameters`, `gradients` and the moments.
    pub layout: Parameters,
    /// Centres of a batch.
    pub batch: usize,
    /// Rows gathered for each centre: itself, the neighbours drawn, and those that are combined.
    pub group: usize,
    /// Rows compared for each centre.
    pub compared: usize,
    /// Steps of a block.
    pub steps: usize,
    /// 1 for the reconstruction and 1 for each term.
    pub columns: usize,
    /// The data set as words.
    pub data: View,
    /// [steps, batch, group] words: samples.
    pub indices: View,
    /// [steps, batch, group] words: where in `data` the samples of a block are, which the host
    /// writes once; absent where the whole data set lies on the device.
    pub rows: Option<View>,
    /// [steps, batch, group]: the factor of each squared error.
    pub weights: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// [samples, m]: the embedding, where a term compares codes with one.
    pub embedding: Option<View>,
    /// [samples, k]: locally linear coefficients, where a term uses them.
    pub coefficients: Option<View>,
    /// [steps, SCHEDULE_COLUMNS]; absent where nothing is updated.
    pub schedule: Option<View>,
    /// [steps, columns]: the reconstruction, then each term without its weight.
    pub losses: View,
    /// The step within the block, the first step whose gradient was not finite (plus 1), the
    /// block's first step, and whether this step's gradient was found not to be finite.
    pub state: View,
    /// The arena of parameters.
    pub parameters: View,
    /// The arena of gradients; absent where each layer is updated as soon as its own gradient is
    /// there.
    pub gradients: Option<View>,
    /// First and second moments, where parameters are updated.
    pub moments: Option<[View; 2]>,
}

impl Step {
    /// What `state` holds at the start of a block whose first step is step `first` of the run.
    /// Steps beyond 2^32 repeat random numbers.
    pub fn start(first: usize) -> [u32; STATE_WORDS] {
        [0, 0, first as u32, 0]
    }
}

/// Records the loss and its gradient to every parameter, for blocks of `steps` batches of `batch`
/// centres. `seed` is that of random numbers within the step. No buffers share memory, so that any
/// can be looked at.
pub fn gradient_step(
    network: &Network,
    objective: &Objective,
    data: Data,
    batch: usize,
    steps: usize,
    seed: u64,
) -> Step {
    record(network, objective, data, batch, steps, seed, None)
}

/// Records a whole training step: loss, gradient, and Adam's update. Temporary buffers share
/// memory, so that afterwards only the views of [`Step`] are of use.
pub fn training_step(
    network: &Network,
    objective: &Objective,
    data: Data,
    batch: usize,
    steps: usize,
    seed: u64,
    optimiser: &Optimiser,
) -> Step {
    let mut step = record(
        network,
        objective,
        data,
        batch,
        steps,
        seed,
        Some(optimiser),
    );
    step.recording.shares_memory = true;
    step
}

fn record(
    network: &Network,
    objective: &Objective,
    data: Data,
    batch: usize,
    steps: usize,
    seed: u64,
    optimiser: Option<&Optimiser>,
) -> Step {
    let (features, sampling) = (network.features(), objective.sampling);
    let (group, directions, columns) = (
        objective.group(),
        sampling.neighbours,
        1 + objective.terms.len(),
    );
    let layout = Parameters::of(network);
    let mut r = Recording::default();
    let parameters = r.reals("parameters", layout.len);
    let rows_of_block = steps * batch * group;
    let resident = r.words("data", data.words(features, rows_of_block));
    let indices = r.words("indices", rows_of_block);
    let block_rows = data.streamed.then(|| r.words("rows", rows_of_block));
    let weights = r.reals("weights", steps * batch * group);
    let loss_weights = r.reals("loss weights", steps * columns);
    let state = r.words("state", STATE_WORDS);
    let losses = r.reals("losses", steps * columns);
    // Every stack that is recorded a second time for a term has gradients of its own, which are
    // added up in the end.
    let stacks = 1 + objective
        .terms
        .iter()
        .filter(|term| terms::has_stack(**term))
        .count();
    let update =
        optimiser.map(|optimiser| Update::new(&mut r, optimiser, parameters, state, steps));
    let one_by_one = update
        .as_ref()
        .filter(|update| stacks == 1 && update.needs_no_norm());
    let longest = layout
        .layers()
        .map(|layer| layer.iter().map(Parameter::padded_len).sum())
        .max()
        .unwrap_or(0);
    let buffer = match one_by_one {
        Some(_) => r.temporary("gradient of a layer", longest),
        // Not temporary: norms and sums go over gaps, and over layers that a term does not use.
        None => r.reals(
            if stacks == 1 {
                "gradients"
            } else {
                "gradients of each stack"
            },
            stacks * layout.len,
        ),
    };
    let arena = |stack: usize| {
        let gradients = match one_by_one {
            Some(update) => Gradients::PerLayer(buffer, update),
            None => Gradients::All(buffer.part(stack * layout.len, layout.len)),
        };
        Arena {
            layout: &layout,
            values: parameters,
            gradients,
        }
    };

    let jets = Jets::values(batch * group, features);
    let x = Tensor {
        view: r.temporary("samples", jets.len()),
        jets,
    };
    let (rows, shift, scale) = (batch * group, data.shift, data.scale);
    let gather = Gather {
        data: resident,
        indices: block_rows.unwrap_or(indices),
        state,
        output: x.view,
        rows,
        features,
        bytes: data.bytes,
        shift,
        scale,
    };
    r.push("gather", gather);
    let seen = match objective.corruption {
        Some(corruption) => corrupt(&mut r, x, corruption, network, state, seed),
        None => x,
    };

    let order = objective.reconstruction.order();
    let main = arena(0);
    let latent = network.latent();
    let differences = Jets {
        batch,
        directions,
        order: order.min(1),
        features,
    };
    let (encoded, codes) = if objective.extended {
        // The encoder is expanded too: jets start from the samples.
        let input = difference(&mut r, "sample jets", seen.view, group, differences);
        let encoded = forward(
            &mut r,
            "encoder",
            &network.encoder,
            &main,
            &network.shape,
            input,
            order,
            None,
        );
        let codes = Latents::passed_on(encoded.output);
        (encoded, codes)
    } else {
        let encoded = forward(
            &mut r,
            "encoder",
            &network.encoder,
            &main,
            &network.shape,
            seen,
            0,
            None,
        );
        let jets = Jets {
            features: latent,
            ..differences
        };
        let codes = Latents::of(
            &mut r,
            network,
            encoded.output,
            group,
            jets,
            &objective.terms,
            state,
            seed,
        );
        (encoded, codes)
    };
    let decoded = forward(
        &mut r,
        "decoder",
        &network.decoder,
        &main,
        &[network.latent()],
        codes.input,
        order,
        Some(sampling.centre),
    );

    let compared = if directions > 0 { sampling.rows() } else { 1 };
    let d_prediction = r.temporary("d_prediction", batch * compared * features);
    let row_losses = r.temporary("row losses", batch * compared);
    let first = usize::from(directions > 0 && !sampling.centre);
    r.push(
        "weighted squared error",
        WeightedSquaredError {
            prediction: decoded.output.view,
            target_rows: x.view,
            weights,
            state,
            d_prediction,
            losses: row_losses,
            batch,
            rows: compared,
            first,
            group,
            features,
        },
    );
    r.push(
        "loss",
        Sum {
            input: row_losses,
            state,
            output: losses,
            len: batch * compared,
            columns,
            column: 0,
        },
    );
    let d_input = decoded
        .backward(&mut r, &main, d_prediction, true)
        .expect("the decoder's input has a gradient");
    codes.reconstruction_adjoint(&mut r, d_input);

    let mut context = terms::Context {
        network,
        seen,
        encoded: &encoded,
        codes: &codes,
        indices,
        loss_weights,
        state,
        losses,
        columns,
        batch,
        group,
        seed,
        samples: data.samples,
        neighbours: (1 + directions, objective.k),
        embedding: None,
        coefficients: None,
    };
    let mut stack = 0;
    for (position, term) in objective.terms.iter().enumerate() {
        stack += usize::from(terms::has_stack(*term));
        context.record(&mut r, *term, 1 + position, &arena(stack));
    }
    let (embedding, coefficients) = (context.embedding, context.coefficients);

    let d_codes = codes.fold(&mut r);
    encoded.backward(&mut r, &main, d_codes, false);
    let gradients = match (one_by_one, stacks) {
        (Some(_), _) => None,
        (None, 1) => Some(buffer),
        (None, _) => {
            let output = r.reals("gradients", layout.len);
            r.push(
                "gradients",
                SumPartials {
                    input: buffer,
                    output,
                    parts: stacks,
                    len: layout.len,
                },
            );
            Some(output)
        }
    };
    if let (Some(update), Some(gradients)) = (&update, gradients) {
        update.all(&mut r, gradients);
    }
    r.push("next step", IncrementStep { state });
    Step {
        recording: r,
        layout,
        batch,
        group,
        compared,
        steps,
        columns,
        data: resident,
        indices,
        rows: block_rows,
        weights,
        loss_weights,
        embedding,
        coefficients,
        schedule: update.as_ref().map(|update| update.schedule),
        losses,
        state,
        parameters,
        gradients,
        moments: update.as_ref().map(|update| update.moments),
    }
}

/// Records a corrupted copy of `x`.
fn corrupt(
    r: &mut Recording,
    x: Tensor,
    corruption: Corruption,
    network: &Network,
    state: View,
    seed: u64,
) -> Tensor {
    let (rows, features) = (x.jets.batch, x.jets.features);
    let mask = corruption.kind == CorruptionKind::Mask;
    // Images are [channels, height, width]; of vectors every feature is a pixel of its own.
    let pixels = if network.shape.len() == 3 {
        network.shape[1] * network.shape[2]
    } else {
        features
    };
    let len = rows * if mask { pixels } else { features };
    let noise = r.temporary("noise", len);
    r.push(
        "noise",
        Noise {
            state,
            output: noise,
            len,
            seed,
            stream: Stream::Corruption,
            uniform: mask,
        },
    );
    let output = Tensor {
        view: r.temporary("corrupted samples", x.jets.len()),
        jets: x.jets,
    };
    let amount = corruption.amount;
    r.push(
        "corrupt",
        Corrupt {
            input: x.view,
            noise,
            output: output.view,
            rows,
            features,
            pixels,
            amount,
            mask,
        },
    );
    output
}
