//! A training step as a recording: gather, encode, reconstruct, terms, the way back, and the update.

use super::Objective;
use super::latents::Latents;
use super::recorder::{Gradient, StackGradients, StepRecorder};
use super::step::{Data, Step};
use super::terms::TermContext;
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{Gather, IncrementStep, Sum, WeightedSquaredError};
use crate::engine::{Arena, Optimiser, Recording, STATE_WORDS, Sequential, Tape, Update, View};
use crate::executor::Executor;
use crate::net::{LARGEST_BINDING, Network, Parameters};

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
    record(
        network,
        objective,
        data,
        batch,
        steps,
        seed,
        Some((optimiser, Gradient::ByLayer)),
    )
}

/// [`training_step`] in two [segments](crate::engine::Segment): the gradient to every parameter is
/// complete, in [`Step::gradients`], before any parameter is updated. Between the two a host may
/// read it, sum it over machines and write it back. What is trained is the same to the bit.
pub fn training_step_in_segments(
    network: &Network,
    objective: &Objective,
    data: Data,
    batch: usize,
    steps: usize,
    seed: u64,
    optimiser: &Optimiser,
) -> Step {
    let update = Some((optimiser, Gradient::Whole));
    record(network, objective, data, batch, steps, seed, update)
}

/// [`training_step_in_segments`] of a part of a batch: its losses are complete with its gradient, as
/// several gradients are followed by one update.
pub(crate) fn step_of_parts(
    network: &Network,
    objective: &Objective,
    data: Data,
    batch: usize,
    steps: usize,
    seed: u64,
    optimiser: &Optimiser,
) -> Step {
    let update = Some((optimiser, Gradient::OfPart));
    record(network, objective, data, batch, steps, seed, update)
}

/// Records a training step as it is best for `device`: [`training_step_in_segments`] where it updates
/// all parameters at once, else [`training_step`].
#[expect(clippy::too_many_arguments, reason = "those of a step, and the device")]
pub(crate) fn training_step_for(
    device: &dyn Executor,
    network: &Network,
    objective: &Objective,
    data: Data,
    batch: usize,
    steps: usize,
    seed: u64,
    optimiser: &Optimiser,
) -> Step {
    let record = if device.updates_at_once() {
        training_step_in_segments
    } else {
        training_step
    };
    record(network, objective, data, batch, steps, seed, optimiser)
}

fn record(
    network: &Network,
    objective: &Objective,
    data: Data,
    batch: usize,
    steps: usize,
    seed: u64,
    optimiser: Option<(&Optimiser, Gradient)>,
) -> Step {
    let largest = LARGEST_BINDING;
    record_in_blocks(
        network, objective, data, batch, steps, seed, optimiser, largest,
    )
}

/// Records a step whose passes bind at most `largest` parameters at once.
#[expect(
    clippy::too_many_arguments,
    reason = "those of a step, and how it is recorded"
)]
pub(super) fn record_in_blocks(
    network: &Network,
    objective: &Objective,
    data: Data,
    batch: usize,
    steps: usize,
    seed: u64,
    optimiser: Option<(&Optimiser, Gradient)>,
    largest: usize,
) -> Step {
    let layout = Parameters::of(network);
    let mut r = StepRecorder {
        step: allocate(&layout, network, objective, data, batch, steps),
        network,
        data,
        combined: objective.k,
        seed,
        losses: Vec::new(),
    };
    r.step.recording.shares_memory = optimiser.is_some();
    let update = optimiser.map(|(optimiser, _)| r.update(optimiser));
    let kept = optimiser.is_some_and(|(_, gradient)| gradient != Gradient::ByLayer);
    // Every stack that is recorded a second time for a term has gradients of its own, which are
    // added up in the end.
    let terms = &objective.terms;
    let stacks = 1 + terms.iter().filter(|term| term.needs().stack).count();
    let gradients = StackGradients::new(
        &mut r,
        &layout,
        stacks,
        update.as_ref().filter(|_| !kept),
        largest,
    );
    let main = gradients.arena(0);

    let samples = r.gather();
    let seen = match objective.corruption {
        Some(corruption) => corruption.record(&mut r, samples),
        None => samples,
    };
    let (encoder, mut latents) = r.encode(objective, seen, &main);
    r.reconstruct(objective, samples, &mut latents, &main);
    let mut stack = 0;
    for (column, term) in (1..).zip(terms) {
        stack += usize::from(term.needs().stack);
        let context = TermContext {
            name: term.name(),
            column,
            seen,
            encoder: &encoder,
            latents: &mut latents,
            arena: &gradients.arena(stack),
        };
        let values = term.record(&mut r, context);
        r.losses.push((term.name().to_owned(), values, column));
    }
    let d_encoded = latents.sum_gradients(&mut r);
    encoder.backward(&mut r.step.recording, &main, d_encoded, false);
    r.step.gradients = gradients.sum(&mut r);

    let of_part = optimiser.is_some_and(|(_, gradient)| gradient == Gradient::OfPart);
    if of_part {
        r.sum_losses();
    }
    // Here the gradient is complete, and the update begins; where each layer is updated as soon as
    // its own gradient is there, that has been done.
    if let (Some(update), Some(gradient)) = (&update, r.step.gradients) {
        update.all(&mut r.step.recording, gradient, gradients.stretches());
    }
    // Nothing waits for the sums of the losses: at the end they are beside the count of the step.
    r.sum_losses();
    let state = r.step.state;
    r.push("next step", IncrementStep { state });
    r.step
}

/// A step without passes: the buffers that the host writes and reads.
fn allocate(
    layout: &Parameters,
    network: &Network,
    objective: &Objective,
    data: Data,
    batch: usize,
    steps: usize,
) -> Step {
    let (group, columns) = (objective.group(), 1 + objective.terms.len());
    let rows = steps * batch * group;
    let mut r = Recording::default();
    Step {
        parameters: r.reals("parameters", layout.len),
        data: r.words("data", data.words(network.features(), rows)),
        indices: r.words("indices", rows),
        rows: data.streamed.then(|| r.words("rows", rows)),
        weights: r.reals("weights", rows),
        loss_weights: r.reals("loss weights", steps * columns),
        state: r.words("state", STATE_WORDS),
        losses: r.reals("losses", steps * columns),
        recording: r,
        layout: layout.clone(),
        batch,
        group,
        compared: objective.compared(),
        steps,
        columns,
        tables: Vec::new(),
        schedule: None,
        gradients: None,
        moments: None,
    }
}

impl StepRecorder<'_> {
    /// Records the sums of all losses, once.
    fn sum_losses(&mut self) {
        for (label, values, column) in std::mem::take(&mut self.losses) {
            self.sum_loss(&label, values, column);
        }
    }

    /// Prepares the update of all parameters.
    fn update(&mut self, optimiser: &Optimiser) -> Update {
        let step = &mut self.step;
        let update = Update::new(
            &mut step.recording,
            optimiser,
            step.parameters,
            step.state,
            step.steps,
        );
        step.schedule = Some(update.schedule);
        step.moments = Some(update.moments);
        update
    }

    /// Records the samples of the batch, [batch * group, n].
    fn gather(&mut self) -> Tensor {
        let (rows, features) = (self.step.batch * self.step.group, self.network.features());
        let jets = Jets::values(rows, features);
        let output = self.temporary("samples", jets.len());
        let pass = Gather {
            data: self.step.data,
            indices: self.step.rows.unwrap_or(self.step.indices),
            state: self.step.state,
            output,
            rows,
            features,
            bytes: self.data.bytes,
            shift: self.data.shift,
            scale: self.data.scale,
        };
        self.push("gather", pass);
        Tensor { view: output, jets }
    }

    /// Records the encoder on `seen`, and what the decoder starts from.
    fn encode(&mut self, objective: &Objective, seen: Tensor, arena: &Arena) -> (Tape, Latents) {
        let order = objective.reconstruction.order();
        let encoder = Sequential::encoder(self.network);
        let jets = |features| Jets {
            batch: self.step.batch,
            directions: objective.sampling.neighbours,
            order: order.min(1),
            features,
        };
        let (of_samples, of_codes) = (jets(self.network.features()), jets(self.network.latent()));
        if objective.extended {
            // The encoder is expanded too: jets start from the samples.
            let group = self.step.group;
            let input = self
                .step
                .recording
                .difference("sample jets", seen.view, group, of_samples);
            let tape = encoder.forward(&mut self.step.recording, arena, input, order, None);
            let latents = Latents::passed_on(tape.output);
            (tape, latents)
        } else {
            let tape = encoder.forward(&mut self.step.recording, arena, seen, 0, None);
            let terms = objective.terms.iter();
            let on_latents = terms.filter(|term| term.needs().latent_gradient).count();
            let latents = Latents::of(self, tape.output, of_codes, on_latents);
            (tape, latents)
        }
    }

    /// Records the decoder, its loss against `samples`, and the way back to the latents.
    fn reconstruct(
        &mut self,
        objective: &Objective,
        samples: Tensor,
        latents: &mut Latents,
        arena: &Arena,
    ) {
        let features = self.network.features();
        let Step {
            batch,
            compared,
            group,
            weights,
            state,
            ..
        } = self.step;
        let sampling = objective.sampling;
        let decoder = Sequential::decoder(self.network).forward(
            &mut self.step.recording,
            arena,
            latents.input,
            objective.reconstruction.order(),
            Some(sampling.centre),
        );
        let d_prediction = self.temporary("d_prediction", batch * compared * features);
        let row_losses = self.temporary("row losses", batch * compared);
        self.push(
            "weighted squared error",
            WeightedSquaredError {
                prediction: decoder.output.view,
                target_rows: samples.view,
                weights,
                state,
                d_prediction,
                losses: row_losses,
                batch,
                rows: compared,
                first: usize::from(sampling.neighbours > 0 && !sampling.centre),
                group,
                features,
            },
        );
        self.losses.push(("loss".to_owned(), row_losses, 0));
        let d_input = decoder
            .backward(&mut self.step.recording, arena, d_prediction, true)
            .expect("the decoder's input has a gradient");
        latents.reconstruction_adjoint(self, d_input);
    }

    /// Records the sum of `values` as the loss of `column`.
    fn sum_loss(&mut self, label: &str, values: View, column: usize) {
        let pass = Sum {
            input: values,
            state: self.step.state,
            output: self.step.losses,
            len: values.len,
            columns: self.step.columns,
            column,
        };
        self.push(label, pass);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Pass;
    use crate::net::Activation;
    use crate::objective::{Method, Sampling, Variants};

    /// A step of every method, that of the autoencoder first.
    fn steps(grad_clip_norm: f64) -> impl Iterator<Item = Step> {
        Method::all().map(move |method| {
            let network =
                Network::mlp(&[20], &[70, 9], 2, Activation::Elu, Activation::Sigmoid).unwrap();
            let network = if method.base.variational {
                network.into_variational().unwrap()
            } else {
                network
            };
            let variants = Variants {
                k: 2,
                ..Default::default()
            };
            let objective = method.objective(
                Sampling {
                    neighbours: 2,
                    centre: true,
                },
                variants,
            );
            training_step(
                &network,
                &objective,
                Data::floats(30),
                6,
                2,
                1,
                &Optimiser {
                    grad_clip_norm,
                    ..Default::default()
                },
            )
        })
    }

    #[test]
    fn every_parameter_is_updated_once_when_nothing_needs_it_any_more() {
        for (step, grad_clip_norm) in [0.0, 1.0].into_iter().flat_map(|grad_clip_norm| {
            steps(grad_clip_norm).map(move |step| (step, grad_clip_norm))
        }) {
            let passes = &step.recording.passes;
            let mut times = vec![0; step.layout.len];
            for (position, (_, pass)) in passes.iter().enumerate() {
                let Pass::Adam(adam) = pass else { continue };
                assert_eq!(
                    [adam.first, adam.second].map(|view| view.offset),
                    [adam.parameters.offset; 2]
                );
                let range = adam.parameters.offset..adam.parameters.offset + adam.len;
                times[range.clone()]
                    .iter_mut()
                    .for_each(|times| *times += 1);
                for (label, later) in &passes[position + 1..] {
                    let touched = later
                        .bindings()
                        .into_iter()
                        .any(|binding| binding.view.overlaps(adam.parameters));
                    assert!(!touched, "{label} comes after the update of {range:?}");
                }
            }
            assert!(step.layout.entries.iter().all(|entry| {
                times[entry.offset..][..entry.len()]
                    .iter()
                    .all(|times| *times == 1)
            }));
            let updates = passes
                .iter()
                .filter(|(_, pass)| matches!(pass, Pass::Adam(_)))
                .count();
            assert_eq!(updates == 1, step.gradients.is_some());
            assert!(grad_clip_norm == 0.0 || updates == 1);
        }
    }

    /// An autoencoder's last layer is updated while the way back goes on.
    #[test]
    fn a_layer_is_updated_right_after_its_gradient() {
        let step = steps(0.0).next().unwrap();
        let names: Vec<_> = step
            .recording
            .passes
            .iter()
            .map(|(_, pass)| pass.name())
            .collect();
        let first = names.iter().position(|name| *name == "adam").unwrap();
        assert!(
            names[first + 1..].contains(&"linear_weight_adjoint"),
            "{names:?}"
        );
        assert!(!names.contains(&"squares"));
    }
}
