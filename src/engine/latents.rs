//! From what the encoder gives to what the decoder starts from, and the gradients that come back to
//! it from several sides.

use super::jets::{Jets, Tensor};
use super::ops::*;
use super::recording::{ALIGNMENT, Recording, View};
use crate::net::Network;
use crate::objective::Term;
use crate::random::Stream;

/// Records (x, x' - x, ...) of groups of rows: `jets` of order 1, or plain values of the centres
/// where there are no directions.
pub(super) fn difference(
    r: &mut Recording,
    name: &str,
    input: View,
    group: usize,
    jets: Jets,
) -> Tensor {
    let Jets {
        batch,
        directions,
        features,
        ..
    } = jets;
    let output = Tensor {
        view: r.temporary(name, jets.len()),
        jets,
    };
    r.push(
        "difference",
        Difference {
            input,
            output: output.view,
            batch,
            directions,
            group,
            features,
        },
    );
    output
}

/// The codes of a batch.
pub(super) struct Latents {
    /// What the decoder starts from.
    pub(super) input: Tensor,
    /// [batch, group, m]: what terms on codes look at; absent where the encoder gives jets.
    pub(super) rows: Option<View>,
    /// What the encoder gives: [batch, group, m or 2 m].
    encoded: Tensor,
    group: usize,
    /// Noise of a variational encoder's codes, [batch, m].
    noise: Option<View>,
    /// Gradients at what the encoder gives, one part for each side that they come from.
    parts: std::cell::RefCell<Parts>,
}

/// Gradients that are added up: parts of one buffer.
struct Parts {
    buffer: View,
    /// Distance of two parts.
    stride: usize,
    len: usize,
    count: usize,
    used: usize,
}

impl Parts {
    /// The place of the next gradient.
    fn next(&mut self) -> View {
        assert!(
            self.used < self.count,
            "every gradient at the codes has a part"
        );
        self.used += 1;
        self.buffer.part((self.used - 1) * self.stride, self.len)
    }
}

impl Latents {
    /// Jets that go from the encoder straight into the decoder.
    pub(super) fn passed_on(encoded: Tensor) -> Self {
        let parts = Parts {
            buffer: encoded.view,
            stride: 0,
            len: 0,
            count: 0,
            used: 0,
        };
        Self {
            input: encoded,
            rows: None,
            encoded,
            group: 1,
            noise: None,
            parts: parts.into(),
        }
    }

    /// Records the way from rows `encoded` [batch * group, m or 2 m] to the decoder's `jets`.
    #[expect(
        clippy::too_many_arguments,
        reason = "a step is recorded from all of these"
    )]
    pub(super) fn of(
        r: &mut Recording,
        network: &Network,
        encoded: Tensor,
        group: usize,
        jets: Jets,
        terms: &[Term],
        state: View,
        seed: u64,
    ) -> Self {
        let Jets {
            batch, features, ..
        } = jets;
        let noise = network.variational.then(|| {
            let noise = r.temporary("code noise", batch * features);
            let len = batch * features;
            r.push(
                "code noise",
                Noise {
                    state,
                    output: noise,
                    len,
                    seed,
                    stream: Stream::Code,
                    uniform: false,
                },
            );
            noise
        });
        let rows = match noise {
            Some(noise) => {
                let output = r.temporary("codes", batch * group * features);
                r.push(
                    "reparametrise",
                    Reparametrise {
                        input: encoded.view,
                        noise,
                        output,
                        batch,
                        group,
                        features,
                    },
                );
                output
            }
            None => encoded.view,
        };
        let count = 1 + terms
            .iter()
            .filter(|term| super::terms::is_on_codes(**term))
            .count();
        // Copies keep the gradient of the reconstruction in a part of its own.
        let copied = group > 1 || count > 1 || network.variational;
        let input = if copied {
            difference(r, "latent jets", rows, group, jets)
        } else {
            Tensor {
                view: rows,
                jets: Jets::values(batch, features),
            }
        };
        let len = encoded.jets.len();
        // Parts begin where any adapter can bind them.
        let stride = len.next_multiple_of(ALIGNMENT);
        let buffer = if copied {
            r.temporary("d_codes", count * stride)
        } else {
            rows
        };
        let parts = Parts {
            buffer,
            stride,
            len,
            count: if copied { count } else { 0 },
            used: 0,
        };
        Self {
            input,
            rows: Some(rows),
            encoded,
            group,
            noise,
            parts: parts.into(),
        }
    }

    /// The place of a gradient at what the encoder gives, [batch, group, m or 2 m]. Every part must
    /// be written whole.
    pub(super) fn part(&self) -> View {
        self.parts.borrow_mut().next()
    }

    /// What the encoder gives.
    pub(super) fn encoded(&self) -> View {
        self.encoded.view
    }

    /// Records the way of the reconstruction's gradient back from the decoder's input.
    pub(super) fn reconstruction_adjoint(&self, r: &mut Recording, d_input: View) {
        if self.parts.borrow().count == 0 {
            self.parts.borrow_mut().buffer = d_input;
            return;
        }
        let Jets {
            batch,
            directions,
            features,
            ..
        } = self.input.jets;
        let group = self.group;
        match self.noise {
            Some(noise) => {
                let d_rows = r.temporary("d_rows", batch * group * features);
                let pass = DifferenceAdjoint {
                    d_output: d_input,
                    d_input: d_rows,
                    batch,
                    directions,
                    group,
                    features,
                };
                r.push("difference adjoint", pass);
                let (input, d_encoded) = (self.encoded.view, self.part());
                r.push(
                    "reparametrise adjoint",
                    ReparametriseAdjoint {
                        input,
                        noise,
                        d_output: d_rows,
                        d_input: d_encoded,
                        batch,
                        group,
                        features,
                    },
                );
            }
            None => {
                let pass = DifferenceAdjoint {
                    d_output: d_input,
                    d_input: self.part(),
                    batch,
                    directions,
                    group,
                    features,
                };
                r.push("difference adjoint", pass);
            }
        }
    }

    /// Records the sum of all gradients at what the encoder gives.
    pub(super) fn fold(&self, r: &mut Recording) -> View {
        let parts = self.parts.borrow();
        assert_eq!(parts.used, parts.count, "every part is written");
        if parts.count <= 1 {
            return if parts.count == 0 {
                parts.buffer
            } else {
                parts.buffer.part(0, parts.len)
            };
        }
        let output = r.temporary("d_codes summed", parts.stride);
        r.push(
            "d_codes summed",
            SumPartials {
                input: parts.buffer,
                output,
                parts: parts.count,
                len: parts.stride,
            },
        );
        output.part(0, parts.len)
    }
}
