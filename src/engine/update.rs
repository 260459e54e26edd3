//! The update of the parameters, and where it stands in a recording.

use super::ops::*;
use super::recording::{Recording, View};
use super::step::{Optimiser, SCHEDULE_COLUMNS};
use std::ops::Range;

/// Records Adam's updates.
pub(super) struct Update {
    optimiser: Optimiser,
    parameters: View,
    state: View,
    /// Squared norm of the whole gradient, which only clipping needs.
    norm: View,
    /// First and second moments.
    pub(super) moments: [View; 2],
    /// [steps, `SCHEDULE_COLUMNS`]
    pub(super) schedule: View,
}

impl Update {
    /// The update of `parameters` in blocks of `steps` steps.
    pub(super) fn new(
        r: &mut Recording,
        optimiser: &Optimiser,
        parameters: View,
        state: View,
        steps: usize,
    ) -> Self {
        Self {
            optimiser: *optimiser,
            parameters,
            state,
            norm: if optimiser.grad_clip_norm > 0.0 {
                r.reals("squared norm", 1)
            } else {
                r.constants("no norm", vec![0.0])
            },
            moments: ["first moments", "second moments"].map(|name| r.reals(name, parameters.len)),
            schedule: r.reals("schedule", steps * SCHEDULE_COLUMNS),
        }
    }

    /// Whether parameters can be updated before the gradients of all others are known.
    pub(super) fn needs_no_norm(&self) -> bool {
        self.optimiser.grad_clip_norm == 0.0
    }

    /// Records the update of all parameters. The gaps in `gradients` must be zero.
    pub(super) fn all(&self, r: &mut Recording, gradients: View) {
        if !self.needs_no_norm() {
            let partials = r.temporary(
                "partial norms",
                gradients.len.div_ceil(SUM_OF_SQUARES_CHUNK),
            );
            r.push(
                "gradient squares",
                SumOfSquares {
                    input: gradients,
                    partials,
                    len: gradients.len,
                },
            );
            let (state, output, len) = (self.state, self.norm, partials.len);
            r.push(
                "gradient norm",
                Sum {
                    input: partials,
                    state,
                    output,
                    len,
                    columns: 0,
                    column: 0,
                },
            );
        }
        r.begin_update();
        self.part(r, 0..self.parameters.len, gradients);
    }

    /// Records the update of the parameters at `range`, whose gradients are `gradients`.
    pub(super) fn part(&self, r: &mut Recording, range: Range<usize>, gradients: View) {
        let [parameters, first, second] = [self.parameters, self.moments[0], self.moments[1]]
            .map(|arena| arena.part(range.start, range.len()));
        let (schedule, norm, state) = (self.schedule, self.norm, self.state);
        let (
            len,
            Optimiser {
                beta1,
                beta2,
                epsilon,
                weight_decay,
                grad_clip_norm,
            },
        ) = (range.len(), self.optimiser);
        r.push(
            "adam",
            Adam {
                parameters,
                gradients,
                first,
                second,
                schedule,
                norm,
                state,
                len,
                beta1,
                beta2,
                epsilon,
                weight_decay,
                grad_clip_norm,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Data, Pass, Step, training_step};
    use crate::net::{Activation, Network};
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
