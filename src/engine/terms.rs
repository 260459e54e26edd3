//! How each term of an objective is recorded: its value into a column of the losses, its gradient
//! to codes and parameters.

use super::arena::Arena;
use super::jets::{Jets, Tensor};
use super::latents::Latents;
use super::layers::Cotangents;
use super::ops::*;
use super::recording::{Recording, View};
use super::sequential::{Tape, forward};
use crate::net::Network;
use crate::objective::{Estimate, MmdKernel, Term};
use crate::random::Stream;

/// How far beyond two codes their mixtures reach (IRVAE's eta).
const MIXING: f32 = 0.2;

/// Whether a term records a stack of layers of its own, with gradients of its own.
pub(super) fn has_stack(term: Term) -> bool {
    matches!(term, Term::Contractive(_) | Term::Isometric)
}

/// Whether a term has a gradient at the codes.
pub(super) fn is_on_codes(term: Term) -> bool {
    !matches!(term, Term::Contractive(_))
}

/// What the terms of a step are recorded from.
pub(super) struct Context<'a> {
    pub(super) network: &'a Network,
    /// What the encoder saw, [batch * group, n].
    pub(super) seen: Tensor,
    pub(super) encoded: &'a Tape,
    pub(super) codes: &'a Latents,
    pub(super) indices: View,
    pub(super) loss_weights: View,
    pub(super) state: View,
    pub(super) losses: View,
    pub(super) columns: usize,
    pub(super) batch: usize,
    pub(super) group: usize,
    pub(super) seed: u64,
    /// Samples of the data set.
    pub(super) samples: usize,
    /// The first row of a group that is combined, and how many there are.
    pub(super) neighbours: (usize, usize),
    /// Set by the term that needs it.
    pub(super) embedding: Option<View>,
    /// Set by the term that needs them.
    pub(super) coefficients: Option<View>,
}

impl Context<'_> {
    /// Records `term`, which has column `column`.
    pub(super) fn record(&mut self, r: &mut Recording, term: Term, column: usize, arena: &Arena) {
        let values = match term {
            Term::Kl => self.kl_divergence(r, column),
            Term::Mmd(kernel) => self.mmd(r, kernel, column),
            Term::Contractive(estimate) => self.contractive(r, estimate, column, arena),
            Term::Grae => self.grae(r, column),
            Term::Lle => self.lle(r, column),
            Term::Isometric => self.isometric(r, column, arena),
        };
        let (state, output, len) = (self.state, self.losses, values.len);
        r.push(
            term.name(),
            Sum {
                input: values,
                state,
                output,
                len,
                columns: self.columns,
                column,
            },
        );
    }

    fn rows(&self) -> View {
        self.codes
            .rows
            .expect("terms on codes go with an encoder of plain values")
    }

    fn normals(&self, r: &mut Recording, name: &str, len: usize, stream: Stream) -> View {
        let output = r.temporary(name, len);
        r.push(
            name,
            Noise {
                state: self.state,
                output,
                len,
                seed: self.seed,
                stream,
                uniform: false,
            },
        );
        output
    }

    fn kl_divergence(&self, r: &mut Recording, column: usize) -> View {
        let (batch, group, features) = (self.batch, self.group, self.network.latent());
        let values = r.temporary("KL divergence", batch * features);
        let pass = KlDivergence {
            codes: self.codes.encoded(),
            loss_weights: self.loss_weights,
            state: self.state,
            values,
            d_codes: self.codes.part(),
            batch,
            group,
            features,
            columns: self.columns,
            column,
        };
        r.push("KL divergence", pass);
        values
    }

    fn mmd(&self, r: &mut Recording, kernel: MmdKernel, column: usize) -> View {
        let (batch, group, features, columns) =
            (self.batch, self.group, self.network.latent(), self.columns);
        let (codes, loss_weights, state) = (self.rows(), self.loss_weights, self.state);
        let prior = self.normals(r, "prior", batch * features, Stream::Prior);
        let distances = r.temporary("distances", 3 * batch * batch);
        r.push(
            "distances",
            SquaredDistances {
                codes,
                prior,
                distances,
                batch,
                group,
                features,
            },
        );
        let gaussian = kernel == MmdKernel::Gaussian;
        let medians = match gaussian {
            true => r.temporary("medians", 2),
            // The other kernel does not look at them.
            false => r.reals("no medians", 2),
        };
        if gaussian {
            r.push(
                "medians",
                Median {
                    distances,
                    loss_weights,
                    state,
                    medians,
                    batch,
                    columns,
                },
            );
        }
        let values = r.temporary("MMD", batch * batch);
        let slopes = r.temporary("slopes", 2 * batch * batch);
        let pass = Mmd {
            distances,
            medians,
            loss_weights,
            state,
            values,
            slopes,
            batch,
            features,
            columns,
            gaussian,
        };
        r.push("MMD", pass);
        let d_codes = self.codes.part();
        let pass = MmdAdjoint {
            codes,
            prior,
            slopes,
            loss_weights,
            state,
            d_codes,
            batch,
            group,
            features,
            columns,
            column,
        };
        r.push("MMD adjoint", pass);
        values
    }

    fn contractive(
        &self,
        r: &mut Recording,
        estimate: Estimate,
        column: usize,
        arena: &Arena,
    ) -> View {
        let (batch, group, features, columns) =
            (self.batch, self.group, self.network.encoded(), self.columns);
        let (count, cotangents) = match estimate {
            Estimate::Exact => {
                let identity =
                    (0..features * features).map(|i| f32::from(i / features == i % features));
                let all: Vec<f32> = identity.collect();
                (features, r.constants("basis", all.repeat(batch)))
            }
            Estimate::Hutchinson => (1, self.normals(r, "probe", batch * features, Stream::Probe)),
        };
        let rows = Cotangents {
            view: cotangents,
            batch,
            count,
            group,
        };
        let directions = self.encoded.transpose(r, arena, rows).view;
        let jets = Jets {
            batch,
            directions: count,
            order: 1,
            features: self.seen.jets.features,
        };
        let input = Tensor {
            view: r.temporary("sample jets", jets.len()),
            jets,
        };
        r.push(
            "concat",
            Concat {
                head: self.seen.view,
                tail: directions,
                output: input.view,
                batch,
                head_rows: 1,
                head_group: group,
                tail_rows: count,
                features: jets.features,
            },
        );
        let trace = forward(
            r,
            "encoder",
            &self.network.encoder,
            arena,
            &self.network.shape,
            input,
            1,
            None,
        );
        let values = r.temporary("Jacobian norm", batch * count * features);
        let d_jets = r.temporary("d_jets", trace.output.jets.len());
        let jets = trace.output.view;
        let (loss_weights, state) = (self.loss_weights, self.state);
        r.push(
            "Jacobian norm",
            JacobianNorm {
                jets,
                cotangents,
                loss_weights,
                state,
                values,
                d_jets,
                batch,
                count,
                features,
                columns,
                column,
            },
        );
        trace.backward(r, arena, d_jets, false);
        values
    }

    fn grae(&mut self, r: &mut Recording, column: usize) -> View {
        let (batch, group, features) = (self.batch, self.group, self.network.latent());
        let embedding = r.reals("embedding", self.samples * features);
        self.embedding = Some(embedding);
        let values = r.temporary("embedding loss", batch * features);
        let pass = EmbeddingLoss {
            codes: self.rows(),
            embedding,
            indices: self.indices,
            loss_weights: self.loss_weights,
            state: self.state,
            values,
            d_codes: self.codes.part(),
            batch,
            group,
            features,
            columns: self.columns,
            column,
        };
        r.push("embedding loss", pass);
        values
    }

    fn lle(&mut self, r: &mut Recording, column: usize) -> View {
        let (batch, group, features, (first, k)) = (
            self.batch,
            self.group,
            self.network.latent(),
            self.neighbours,
        );
        let coefficients = r.reals("coefficients", self.samples * k);
        self.coefficients = Some(coefficients);
        let values = r.temporary("LLE loss", batch * features);
        let pass = LleLoss {
            codes: self.rows(),
            coefficients,
            indices: self.indices,
            loss_weights: self.loss_weights,
            state: self.state,
            values,
            d_codes: self.codes.part(),
            first,
            k,
            batch,
            group,
            features,
            columns: self.columns,
            column,
        };
        r.push("LLE loss", pass);
        values
    }

    fn isometric(&self, r: &mut Recording, column: usize, arena: &Arena) -> View {
        let (batch, group, features, columns) =
            (self.batch, self.group, self.network.latent(), self.columns);
        let (loss_weights, state, decoder) = (self.loss_weights, self.state, &self.network.decoder);
        let draws = r.temporary("mixing", batch);
        r.push(
            "mixing",
            Noise {
                state,
                output: draws,
                len: batch,
                seed: self.seed,
                stream: Stream::Mixing,
                uniform: true,
            },
        );
        let points = r.temporary("mixed codes", batch * features);
        let (low, high) = (-MIXING, 1.0 + MIXING);
        let codes = self.rows();
        r.push(
            "mix",
            Interpolate {
                codes,
                draws,
                loss_weights,
                state,
                output: points,
                batch,
                group,
                features,
                columns,
                low,
                high,
            },
        );
        let v = self.normals(r, "directions", batch * features, Stream::Direction);
        let join = |r: &mut Recording, head: View, head_rows: usize, tail: View| {
            let jets = Jets {
                batch,
                directions: head_rows,
                order: 1,
                features,
            };
            let output = r.temporary("mixed jets", jets.len());
            let pass = Concat {
                head,
                tail,
                output,
                batch,
                head_rows,
                head_group: head_rows,
                tail_rows: 1,
                features,
            };
            r.push("concat", pass);
            Tensor { view: output, jets }
        };

        // J v, then u = J^T J v.
        let once = join(r, points, 1, v);
        let pushed = forward(
            r,
            "decoder",
            decoder,
            arena,
            &[self.network.latent()],
            once,
            1,
            None,
        );
        let n = pushed.output.jets.features;
        let image = r.temporary("J v", batch * n);
        r.push(
            "J v",
            SelectSlot {
                jets: pushed.output.view,
                output: image,
                batch,
                slots: 2,
                slot: 1,
                features: n,
            },
        );
        // The values of jets of order 1 are every second row.
        let u = pushed
            .transpose(
                r,
                arena,
                Cotangents {
                    view: image,
                    batch,
                    count: 1,
                    group: 2,
                },
            )
            .view;

        let twice = join(r, once.view, 2, u);
        let trace = forward(
            r,
            "decoder",
            decoder,
            arena,
            &[self.network.latent()],
            twice,
            1,
            None,
        );
        let jets = trace.output.view;
        let [crossed, squared] = ["crossed", "squared"].map(|name| r.temporary(name, batch));
        r.push(
            "inner products",
            JvpInnerProducts {
                jets,
                loss_weights,
                state,
                crossed,
                squared,
                batch,
                features: n,
                columns,
            },
        );
        let [crossed, squared] = [crossed, squared].map(|input| {
            let output = r.temporary("mean product", 1);
            r.push(
                "mean product",
                Sum {
                    input,
                    state,
                    output,
                    len: batch,
                    columns: 0,
                    column: 0,
                },
            );
            output
        });
        let value = r.temporary("isometric loss", 1);
        let d_jets = r.temporary("d_jets", trace.output.jets.len());
        r.push(
            "isometric loss",
            IsometricLoss {
                jets,
                crossed,
                squared,
                loss_weights,
                state,
                value,
                d_jets,
                batch,
                features: n,
                columns,
                column,
            },
        );
        let d_twice = trace
            .backward(r, arena, d_jets, true)
            .expect("the stack's input has a gradient");
        let d_points = r.temporary("d_points", batch * features);
        r.push(
            "d_points",
            SelectSlot {
                jets: d_twice,
                output: d_points,
                batch,
                slots: 3,
                slot: 0,
                features,
            },
        );
        let d_codes = self.codes.part();
        let pass = InterpolateAdjoint {
            d_output: d_points,
            draws,
            loss_weights,
            state,
            d_codes,
            batch,
            group,
            features,
            columns,
            low,
            high,
        };
        r.push("mix adjoint", pass);
        value
    }
}
