//! Whole losses of small random networks, with their gradients to every parameter.

use super::{CheckResult, Derivative, uniform};
use crate::cpu::CpuSession;
use crate::engine::View;
use crate::error::Result;
use crate::executor::{Executor, Session};
use crate::net::{Activation, Convolution, Layer, Network, Sides, Window};
use crate::objective::{
    Corruption, CorruptionKind, Data, Estimate, Method, MmdKernel, Objective, Sampling, Step,
    StepInputs, Variants, gradient_step,
};
use crate::random::{Generator, Stream};
use crate::tolerance::worse;
use rand::RngExt;

/// A loss on one batch, with everything that the step reads.
#[derive(Clone, Debug)]
pub struct LossCase {
    /// Method, activations and sampling.
    pub name: String,
    step: Step,
    data: Vec<u32>,
    indices: Vec<u32>,
    weights: Vec<f32>,
    loss_weights: Vec<f32>,
    parameters: Vec<f32>,
    /// What terms look up.
    tables: Vec<(View, Vec<f32>)>,
}

/// Samples of the random data.
const SAMPLES: usize = 7;
/// Centres of a batch of the user's own.
const BATCH: usize = 4;
/// Random directions that a gradient is checked along.
const DIRECTIONS: u64 = 3;
/// A gradient of a loss of the user's own is checked in every parameter up to so many.
const EVERY: usize = 1000;
/// Parameters that a larger one is checked in.
const SAMPLE: usize = 32;

/// Which derivatives of a loss are held against central differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// That to every parameter.
    EveryParameter,
    /// Those along random directions in all parameters.
    Directions,
    /// Those along random directions, and those to so many random parameters.
    Sample(usize),
}

/// Every method with every hidden activation, in turns with each kind of output and of sampling.
pub fn loss_cases(widths: (usize, &[usize], usize), batch: usize, seed: u64) -> Vec<LossCase> {
    let mut cases = Vec::new();
    for (row, method) in Method::all().enumerate() {
        // Methods that differ in what is reconstructed see every activation; the others take turns.
        let plain = method.base.terms.is_empty() && !method.base.corrupted;
        for (index, hidden) in Activation::ALL.into_iter().enumerate() {
            if plain || index == row % Activation::ALL.len() || hidden == Activation::Tanh {
                let output = [
                    Activation::Linear,
                    Activation::Sigmoid,
                    Activation::Softplus,
                ][index % 3];
                let sampling = Sampling {
                    neighbours: 1 + index % 2,
                    centre: index % 4 != 3,
                };
                let case = LossCase::new(
                    &method,
                    hidden,
                    output,
                    widths,
                    batch,
                    sampling,
                    seed + index as u64,
                );
                cases.push(case);
            }
        }
    }
    for (method, hidden) in Method::all().zip(
        [Activation::Elu, Activation::Relu, Activation::Tanh]
            .into_iter()
            .cycle(),
    ) {
        cases.push(LossCase::on_images(&method, hidden, seed));
    }
    cases
}

impl LossCase {
    /// A loss of a random network of `widths` (features, hidden layers, latent).
    ///
    /// # Panics
    /// When a width is 0.
    pub fn new(
        method: &Method,
        hidden: Activation,
        output: Activation,
        (features, middle, latent): (usize, &[usize], usize),
        batch: usize,
        sampling: Sampling,
        seed: u64,
    ) -> Self {
        let network =
            Network::mlp(&[features], middle, latent, hidden, output).expect("widths above 0");
        let network = if method.base.variational {
            network
                .into_variational()
                .expect("a linear layer at the end")
        } else {
            network
        };
        let sampled = match method.reconstruction.order() {
            0 => String::new(),
            _ => {
                let centre = if sampling.centre {
                    " and the centre"
                } else {
                    ""
                };
                format!(", {} neighbours{centre}", sampling.neighbours)
            }
        };
        let name = format!(
            "{}, {} to {}{sampled}",
            method.name(),
            hidden.name(),
            output.name()
        );
        Self::of_network(name, &network, method, batch, sampling, seed)
    }

    fn of_network(
        name: String,
        network: &Network,
        method: &Method,
        batch: usize,
        sampling: Sampling,
        seed: u64,
    ) -> Self {
        let odd = seed % 2 == 1;
        let variants = Variants {
            mmd: MmdKernel::Imq,
            contractive: if odd {
                Estimate::Hutchinson
            } else {
                Estimate::Exact
            },
            corruption: Some(Corruption {
                kind: if odd {
                    CorruptionKind::Mask
                } else {
                    CorruptionKind::Gaussian
                },
                amount: 0.3,
            }),
            k: 2,
        };
        let objective = method.objective(sampling, variants);
        Self::of_objective(name, network, &objective, SAMPLES, batch, seed)
    }

    /// Random data, weights and parameters for `objective`.
    fn of_objective(
        name: String,
        network: &Network,
        objective: &Objective,
        samples: usize,
        batch: usize,
        seed: u64,
    ) -> Self {
        let step = gradient_step(network, objective, Data::floats(samples), batch, 1, seed);
        let mut draw = uniform(seed);
        let mut draws = |len: usize| -> Vec<f32> { (0..len).map(|_| draw()).collect() };
        let data = draws(samples * network.features())
            .into_iter()
            .map(f32::to_bits)
            .collect();
        let mut generator = Generator::new(seed, Stream::Test, 1);
        let rows = batch * step.group;
        let indices = (0..rows)
            .map(|_| generator.random_range(0..samples as u32))
            .collect();
        let weights = draws(rows)
            .into_iter()
            .map(|draw| 0.5 + 0.4 * draw)
            .collect();
        // The last centre is padding for the terms, and weights differ from 1.
        let count = (batch - 1).max(1) as f32;
        let loss_weights = (0..step.columns)
            .map(|column| {
                if column == 0 {
                    count
                } else {
                    0.3 + 0.1 * column as f32
                }
            })
            .collect();
        // Larger than usual, so that jets are far from trivial.
        let parameters = step
            .layout
            .initialise(seed)
            .into_iter()
            .map(|p| 1.5 * p)
            .collect();
        let tables = step.tables.iter();
        let tables = tables.map(|(_, view)| (*view, draws(view.len))).collect();
        Self {
            name,
            step,
            data,
            indices,
            weights,
            loss_weights,
            parameters,
            tables,
        }
    }

    /// The loss of a network and an objective of the user's own on a batch of random groups of
    /// samples: means as in training, with weights of terms `term_weights` and of neighbours
    /// `neighbour_weight`, at initial parameters.
    ///
    /// `data` are samples, [any, features]; random ones where there are none.
    pub fn of_user(
        network: &Network,
        objective: &Objective,
        data: Option<&[f32]>,
        neighbour_weight: f32,
        term_weights: &[f32],
        seed: u64,
    ) -> Self {
        let features = network.features();
        let samples = data.map_or(SAMPLES, |data| data.len() / features);
        let mut case = Self::of_objective(String::new(), network, objective, samples, BATCH, seed);
        if let Some(data) = data {
            case.data = data.iter().map(|value| value.to_bits()).collect();
        }
        let mean = 1.0 / (BATCH * case.step.compared * features) as f32;
        for (row, weight) in case.weights.iter_mut().enumerate() {
            let centre = row % case.step.group == 0;
            *weight = if centre {
                mean
            } else {
                mean * neighbour_weight
            };
        }
        case.loss_weights[1..].copy_from_slice(term_weights);
        case.parameters = case.step.layout.initialise(seed);
        case.name = match case.coverage() {
            Coverage::Sample(count) => {
                format!("loss, along {DIRECTIONS} directions and in {count} parameters")
            }
            _ => "loss, in every parameter".into(),
        };
        case
    }

    /// How much of the gradient of a loss of the user's own is checked.
    pub fn coverage(&self) -> Coverage {
        if self.step.layout.count() > EVERY {
            Coverage::Sample(SAMPLE)
        } else {
            Coverage::EveryParameter
        }
    }

    /// The whole loss of what the session has computed, from its parts.
    fn loss<'a>(&'a self, parts: impl Iterator<Item = f64> + 'a) -> f64 {
        let weights = std::iter::once(1.0).chain(
            self.loss_weights[1..]
                .iter()
                .map(|weight| f64::from(*weight)),
        );
        parts.zip(weights).map(|(part, weight)| part * weight).sum()
    }

    /// A loss of a small convolutional network that has every kind of layer.
    pub fn on_images(method: &Method, hidden: Activation, seed: u64) -> Self {
        let conv = |inputs, outputs, kernel, stride, padding, output_padding| Convolution {
            inputs,
            outputs,
            kernel: Sides::from(kernel),
            stride,
            padding: Sides::from(padding),
            output_padding: Sides::from(output_padding),
        };
        let function = hidden;
        let encoder = vec![
            Layer::Conv(conv(2, 4, 3, 1, 1, 0)),
            Layer::GroupNorm {
                groups: 2,
                channels: 4,
            },
            Layer::Activation { function },
            Layer::MaxPool(Window {
                kernel: 2,
                stride: None,
            }),
            Layer::Conv(conv(4, 3, 2, 1, 0, 0)),
            Layer::Activation { function },
            Layer::AveragePool(Window {
                kernel: 2,
                stride: Some(1),
            }),
            Layer::Flatten,
            Layer::Linear {
                inputs: 3,
                outputs: 3,
            },
        ];
        let decoder = vec![
            Layer::Linear {
                inputs: 3,
                outputs: 12,
            },
            Layer::Activation { function },
            Layer::Unflatten { shape: [3, 2, 2] },
            Layer::ConvTranspose(conv(3, 4, 2, 2, 1, 1)),
            Layer::GroupNorm {
                groups: 1,
                channels: 4,
            },
            Layer::Activation { function },
            Layer::Upsample {
                align_corners: false,
            },
            Layer::Conv(conv(4, 2, 1, 1, 0, 0)),
        ];
        let mut network = Network {
            shape: vec![2, 6, 6],
            encoder,
            decoder,
            variational: false,
        };
        if method.base.variational {
            network = network
                .into_variational()
                .expect("a linear layer at the end");
        } else {
            network.encoder.push(Layer::UnitNorm);
        }
        network.check().expect("layers that fit");
        let sampling = Sampling {
            neighbours: 2,
            centre: true,
        };
        let name = format!("{}, images, {}", method.name(), hidden.name());
        Self::of_network(name, &network, method, 3, sampling, seed)
    }

    /// Runs the step; losses and gradient are in the session.
    fn run(&self, session: &mut dyn Session) -> Result<()> {
        StepInputs {
            first: 3,
            data: &self.data,
            indices: &self.indices,
            weights: &self.weights,
            loss_weights: &self.loss_weights,
            parameters: &self.parameters,
            ..Default::default()
        }
        .write(session, &self.step)?;
        for (view, values) in &self.tables {
            session.write(*view, values)?;
        }
        // Other values may have been in the memory of temporary buffers.
        for (view, _) in self
            .step
            .recording
            .views()
            .filter(|(_, buffer)| buffer.is_temporary())
        {
            session.write(view, &vec![f32::NAN; view.len])?;
        }
        session.run(1)
    }

    /// The gradient on `executor` against the f64 CPU kernels, and derivatives of the CPU kernels
    /// against central differences.
    ///
    /// # Errors
    /// When the device fails.
    pub fn check(&self, executor: &dyn Executor, coverage: Coverage) -> Result<CheckResult> {
        let step = &self.step;
        let gradients = step
            .gradients
            .expect("a step that updates nothing keeps its gradient");
        let mut reference = CpuSession::<f64>::new(&step.recording);
        self.run(&mut reference)?;
        let (losses, gradient) = (
            reference.memory.reals(step.losses).to_vec(),
            reference.memory.reals(gradients).to_vec(),
        );
        let mut device = executor.prepare(&step.recording)?;
        self.run(&mut *device)?;
        let tolerance = executor.tolerance();
        let device_error = worse(
            tolerance.worst(&device.read(step.losses)?, &losses),
            tolerance.worst(&device.read(gradients)?, &gradient),
        );
        Ok(CheckResult {
            name: self.name.clone(),
            device_error,
            difference_error: Some(self.difference_error(&mut reference, &gradient, coverage)),
        })
    }

    /// The error of the worst derivative, where `gradient` is that of the f64 CPU kernels.
    fn difference_error(
        &self,
        reference: &mut CpuSession<f64>,
        gradient: &[f64],
        coverage: Coverage,
    ) -> f64 {
        let step = &self.step;
        let parameters = reference.memory.reals(step.parameters).to_vec();
        let mut at = |direction: &dyn Fn(usize) -> f64, h: f64| {
            let moved = reference.memory.reals_mut(step.parameters);
            for (i, (moved, value)) in moved.iter_mut().zip(&parameters).enumerate() {
                *moved = value + h * direction(i);
            }
            let state = reference.memory.words_mut(step.state);
            state.copy_from_slice(&Step::start(3));
            reference.replay(1);
            self.loss(reference.memory.reals(step.losses).iter().copied())
        };
        let mut error = 0.0_f64;
        let scale = gradient
            .iter()
            .fold(0.0_f64, |scale, value| scale.max(value.abs()));
        for parameter in self.alone(coverage) {
            let unit = |i: usize| f64::from(u8::from(i == parameter));
            let value = gradient[parameter];
            let derivative = Derivative { value, scale };
            error = worse(error, derivative.error(|h| at(&unit, h)));
        }
        let turns = if coverage == Coverage::EveryParameter {
            0
        } else {
            DIRECTIONS
        };
        for turn in 0..turns {
            let mut draw = uniform(turn);
            let direction: Vec<f64> = gradient.iter().map(|_| f64::from(draw())).collect();
            let derivative = Derivative::along(gradient.iter().zip(&direction));
            error = worse(error, derivative.error(|h| at(&|i| direction[i], h)));
        }
        error
    }

    /// Places in the arena of the parameters that are moved alone.
    fn alone(&self, coverage: Coverage) -> Vec<usize> {
        let entries = &self.step.layout.entries;
        let all = entries
            .iter()
            .flat_map(|entry| entry.offset..entry.offset + entry.len());
        match coverage {
            Coverage::EveryParameter => all.collect(),
            Coverage::Directions => Vec::new(),
            Coverage::Sample(count) => {
                let all: Vec<usize> = all.collect();
                let mut generator = Generator::new(0, Stream::Test, 2);
                let below = all.len() as u32;
                (0..count)
                    .map(|_| all[generator.random_range(0..below) as usize])
                    .collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;

    #[test]
    fn memory_that_buffers_share_changes_no_bit() {
        for case in loss_cases((3, &[5, 4], 2), 3, 40) {
            let mut shared = case.clone();
            shared.step.recording.plan_memory();
            assert!(
                shared.step.recording.bytes() < case.step.recording.bytes(),
                "{}",
                case.name
            );
            let [own, shared] = [&case, &shared].map(|case| {
                let mut session = Cpu.prepare(&case.step.recording).unwrap();
                case.run(&mut *session).unwrap();
                [case.step.losses, case.step.gradients.unwrap()]
                    .map(|view| session.read(view).unwrap())
            });
            assert_eq!(own, shared, "{}", case.name);
        }
    }
}
