//! From what the encoder gives to what the decoder starts from, and the gradients that come back to
//! it from several sides.

use super::recorder::StepRecorder;
use crate::engine::View;
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::*;
use crate::net::ALIGNMENT;
use crate::random::Stream;

/// The latents of a batch.
pub(super) struct Latents {
    /// What the decoder starts from.
    pub(super) input: Tensor,
    /// [batch, group, m]: what terms on latents look at; absent where the encoder gives jets.
    rows: Option<View>,
    /// What the encoder gives: [batch, group, m or 2 m].
    encoded: Tensor,
    group: usize,
    /// Noise of a variational encoder's latents, [batch, m].
    noise: Option<View>,
    /// Gradients at what the encoder gives, one part for each side that they come from.
    parts: Parts,
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
            "every gradient at the latents has a part"
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
            parts,
        }
    }

    /// Records the way from rows `encoded` [batch * group, m or 2 m] to the decoder's `jets`,
    /// where the gradients of `terms` terms come back to as well.
    pub(super) fn of(r: &mut StepRecorder, encoded: Tensor, jets: Jets, terms: usize) -> Self {
        let Jets {
            batch, features, ..
        } = jets;
        let (group, variational) = (r.step.group, r.network.variational);
        let noise = variational.then(|| r.normals("code noise", batch * features, Stream::Code));
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
        let count = 1 + terms;
        // Copies keep the gradient of the reconstruction in a part of its own.
        let copied = group > 1 || count > 1 || variational;
        let input = if copied {
            r.step
                .recording
                .difference("latent jets", rows, group, jets)
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
            parts,
        }
    }

    /// The place of a gradient at what the encoder gives, [batch, group, m or 2 m]. It must be
    /// written whole.
    pub(super) fn gradient(&mut self) -> View {
        self.parts.next()
    }

    /// [batch, group, m]: the codes.
    pub(super) fn codes(&self) -> View {
        self.rows
            .expect("terms on latents go with an encoder of plain values")
    }

    /// What the encoder gives, [batch, group, m or 2 m].
    pub(super) fn encoded(&self) -> View {
        self.encoded.view
    }

    /// Records the way of the reconstruction's gradient back from the decoder's input.
    pub(super) fn reconstruction_adjoint(&mut self, r: &mut StepRecorder, d_input: View) {
        if self.parts.count == 0 {
            self.parts.buffer = d_input;
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
                let (input, d_encoded) = (self.encoded.view, self.gradient());
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
                    d_input: self.gradient(),
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
    pub(super) fn sum_gradients(&self, r: &mut StepRecorder) -> View {
        let parts = &self.parts;
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
