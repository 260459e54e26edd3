//! Pooling and upsampling of images.

use super::{Arena, Cotangents, RecordedLayer};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::*;
use crate::engine::recording::{Recording, View};
use crate::net::Window;

#[derive(Clone, Copy)]
enum Kind {
    Largest(Windows),
    Mean(Windows),
    Upsample {
        channels: usize,
        height: usize,
        width: usize,
        align_corners: bool,
    },
}

struct RecordedPool {
    name: String,
    kind: Kind,
    input: Tensor,
}

fn windows(window: Window, [shape, output]: [&[usize]; 2]) -> Windows {
    Windows {
        channels: shape[0],
        height: shape[1],
        width: shape[2],
        output_height: output[1],
        output_width: output[2],
        kernel: window.kernel,
        stride: window.stride(),
    }
}

/// Records max pooling from images of `shapes[0]` to those of `shapes[1]`.
pub(super) fn max(
    r: &mut Recording,
    name: &str,
    window: Window,
    input: Tensor,
    shapes: [&[usize]; 2],
) -> (Tensor, Box<dyn RecordedLayer>) {
    forward(
        r,
        name,
        Kind::Largest(windows(window, shapes)),
        input,
        shapes[1],
    )
}

/// Records average pooling.
pub(super) fn average(
    r: &mut Recording,
    name: &str,
    window: Window,
    input: Tensor,
    shapes: [&[usize]; 2],
) -> (Tensor, Box<dyn RecordedLayer>) {
    forward(
        r,
        name,
        Kind::Mean(windows(window, shapes)),
        input,
        shapes[1],
    )
}

/// Records bilinear upsampling by 2.
pub(super) fn upsample(
    r: &mut Recording,
    name: &str,
    align_corners: bool,
    input: Tensor,
    shapes: [&[usize]; 2],
) -> (Tensor, Box<dyn RecordedLayer>) {
    let [channels, height, width] = [0, 1, 2].map(|side| shapes[0][side]);
    forward(
        r,
        name,
        Kind::Upsample {
            channels,
            height,
            width,
            align_corners,
        },
        input,
        shapes[1],
    )
}

fn forward(
    r: &mut Recording,
    name: &str,
    kind: Kind,
    input: Tensor,
    output_shape: &[usize],
) -> (Tensor, Box<dyn RecordedLayer>) {
    let jets = Jets {
        features: output_shape.iter().product(),
        ..input.jets
    };
    let output = Tensor {
        view: r.temporary(format!("{name} output"), jets.len()),
        jets,
    };
    let (batch, slots, rows) = (jets.batch, jets.slots(), jets.rows());
    match kind {
        Kind::Largest(windows) => {
            r.push(
                format!("{name} max pool"),
                MaxPool {
                    centres: input.view,
                    output: output.view,
                    batch,
                    slots,
                    windows,
                },
            );
        }
        Kind::Mean(windows) => {
            r.push(
                format!("{name} average pool"),
                AveragePool {
                    input: input.view,
                    output: output.view,
                    rows,
                    windows,
                },
            );
        }
        Kind::Upsample {
            channels,
            height,
            width,
            align_corners,
        } => {
            let pass = Upsample {
                input: input.view,
                output: output.view,
                planes: rows * channels,
                height,
                width,
                align_corners,
            };
            r.push(format!("{name} upsample"), pass);
        }
    }
    (
        output,
        Box::new(RecordedPool {
            name: name.to_owned(),
            kind,
            input,
        }),
    )
}

impl RecordedPool {
    /// Records the adjoint for `count` gradients of each of `batch` samples, of which every
    /// `group`-th row went forward as a value.
    fn adjoint(
        &self,
        r: &mut Recording,
        d_output: View,
        (batch, count, group): (usize, usize, usize),
    ) -> View {
        let rows = batch * count;
        let d_input = r.temporary(
            format!("{} d_input", self.name),
            rows * self.input.jets.features,
        );
        let label = format!("{} adjoint", self.name);
        match self.kind {
            Kind::Largest(windows) => {
                r.push(
                    label,
                    MaxPoolAdjoint {
                        centres: self.input.view,
                        d_output,
                        d_input,
                        batch,
                        group,
                        count,
                        windows,
                    },
                );
            }
            Kind::Mean(windows) => r.push(
                label,
                AveragePoolAdjoint {
                    d_output,
                    d_input,
                    rows,
                    windows,
                },
            ),
            Kind::Upsample {
                channels,
                height,
                width,
                align_corners,
            } => {
                let planes = rows * channels;
                r.push(
                    label,
                    UpsampleAdjoint {
                        d_output,
                        d_input,
                        planes,
                        height,
                        width,
                        align_corners,
                    },
                );
            }
        }
        d_input
    }
}

impl RecordedLayer for RecordedPool {
    fn backward(
        &self,
        r: &mut Recording,
        _: &Arena,
        d_output: View,
        to_input: bool,
    ) -> Option<View> {
        let (batch, slots) = (self.input.jets.batch, self.input.jets.slots());
        to_input.then(|| self.adjoint(r, d_output, (batch, slots, slots)))
    }

    fn transpose(&self, r: &mut Recording, _: &Arena, rows: Cotangents) -> Cotangents {
        let view = self.adjoint(r, rows.view, (rows.batch, rows.count, rows.group));
        Cotangents { view, ..rows }
    }
}
