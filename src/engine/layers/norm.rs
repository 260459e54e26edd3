//! Group normalisation and unit norm.

use super::{Arena, Cotangents, RecordedLayer};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{Normalise, NormaliseAdjoint, SumPartials};
use crate::engine::recording::{Recording, View};

struct RecordedNorm {
    name: String,
    channels: usize,
    groups: usize,
    unit: bool,
    /// Scale and shift, or places that are not looked at.
    affine: (View, View),
    input: Tensor,
    output: Tensor,
}

/// Records group normalisation over `groups` of `channels`.
pub(super) fn group(
    recording: &mut Recording,
    arena: &Arena,
    name: &str,
    (channels, groups): (usize, usize),
    input: Tensor,
    order: usize,
) -> (Tensor, Box<dyn RecordedLayer>) {
    let affine = (
        arena.value(&format!("{name}.weight")),
        arena.value(&format!("{name}.bias")),
    );
    forward(
        recording,
        name,
        (channels, groups, false),
        affine,
        input,
        order,
    )
}

/// Records z / |z|.
pub(super) fn unit(
    recording: &mut Recording,
    name: &str,
    input: Tensor,
    order: usize,
) -> (Tensor, Box<dyn RecordedLayer>) {
    let unused = recording.reals("unused", 1);
    forward(
        recording,
        name,
        (input.jets.features, 1, true),
        (unused, unused),
        input,
        order,
    )
}

fn forward(
    recording: &mut Recording,
    name: &str,
    (channels, groups, unit): (usize, usize, bool),
    affine: (View, View),
    input: Tensor,
    order: usize,
) -> (Tensor, Box<dyn RecordedLayer>) {
    // It is curved, so second-order slots come into being here where they have not before.
    let output_order = if input.jets.directions > 0 && input.jets.order >= 1 {
        order
    } else {
        input.jets.order
    };
    let jets = Jets {
        order: output_order,
        ..input.jets
    };
    let output = Tensor {
        view: recording.temporary(format!("{name} output"), jets.len()),
        jets,
    };
    let (scale, shift) = affine;
    recording.push(
        format!("{name} norm"),
        Normalise {
            input: input.view,
            scale,
            shift,
            output: output.view,
            jets: input.jets,
            output_order,
            channels,
            groups,
            unit,
        },
    );
    (
        output,
        Box::new(RecordedNorm {
            name: name.to_owned(),
            channels,
            groups,
            unit,
            affine,
            input,
            output,
        }),
    )
}

impl RecordedNorm {
    fn adjoint(
        &self,
        recording: &mut Recording,
        d_output: View,
        (jets, output_order): (Jets, usize),
        (count, group): (usize, usize),
        sums: Option<(View, View)>,
    ) -> View {
        let d_input = recording.temporary(format!("{} d_input", self.name), jets.len());
        let (scale_sums, shift_sums) = match sums {
            Some(sums) => sums,
            None => (recording.reals("unused", 1), recording.reals("unused", 1)),
        };
        recording.push(
            format!("{} norm adjoint", self.name),
            NormaliseAdjoint {
                input: self.input.view,
                d_output,
                scale: self.affine.0,
                d_input,
                scale_sums,
                shift_sums,
                jets,
                output_order,
                channels: self.channels,
                groups: self.groups,
                unit: self.unit,
                count,
                group,
                sums: sums.is_some(),
            },
        );
        d_input
    }
}

impl RecordedLayer for RecordedNorm {
    fn backward(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        d_output: View,
        _: bool,
    ) -> Option<View> {
        let jets = self.input.jets;
        let len = self.channels;
        let sums = (!self.unit).then(|| {
            let name = &self.name;
            (
                recording.temporary(format!("{name} scale sums"), jets.batch * len),
                recording.temporary(format!("{name} shift sums"), jets.batch * len),
            )
        });
        let orders = (jets, self.output.jets.order);
        let d_input = self.adjoint(recording, d_output, orders, (1, jets.slots()), sums);
        if let Some((scale_sums, shift_sums)) = sums {
            let [weight, bias] = ["weight", "bias"].map(|part| format!("{}.{part}", self.name));
            for (what, parameter, input) in [
                ("d_weight", &weight, scale_sums),
                ("d_bias", &bias, shift_sums),
            ] {
                let output = arena.gradient(parameter);
                recording.push(
                    format!("{} {what}", self.name),
                    SumPartials {
                        input,
                        output,
                        parts: jets.batch,
                        len,
                    },
                );
            }
            arena.complete(recording, &weight);
        }
        Some(d_input)
    }

    fn transpose(&self, recording: &mut Recording, _: &Arena, rows: Cotangents) -> Cotangents {
        let jets = Jets::values(rows.batch * rows.count, self.input.jets.features);
        let view = self.adjoint(
            recording,
            rows.view,
            (jets, 0),
            (rows.count, rows.group),
            None,
        );
        Cotangents { view, ..rows }
    }
}
