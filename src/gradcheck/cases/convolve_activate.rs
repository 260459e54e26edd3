//! Convolutions around an activation of plain values, which a device may fuse with either.

use super::images::Images;
use super::{Case, CaseShape};
use crate::engine::jets::Jets;
use crate::engine::ops::{Activate, ActivateAdjoint, Convolve, ConvolveTranspose, Geometry};
use crate::engine::{Pass, Recording, View};
use crate::gradcheck::uniform;
use crate::net::Activation;

/// More channels than the kernel for few of them takes.
const CHANNELS: usize = 5;

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    [(Activation::Gelu, false), (Activation::Tanh, true)]
        .map(|(function, transposed)| around(extents, function, transposed))
        .to_vec()
}

/// A convolution, an activation and a transposed convolution back, or the other way round where
/// `transposed`.
fn around(extents: CaseShape, function: Activation, transposed: bool) -> Case {
    let images = Images::from(extents);
    let side = |side: usize| (side + 2 - 3) / 2 + 1;
    let geometry = Geometry {
        inputs: CHANNELS,
        height: images.height,
        width: images.width,
        outputs: CHANNELS + 1,
        output_height: side(images.height),
        output_width: side(images.width),
        kernel: 3.into(),
        stride: 2,
        padding: 1.into(),
    };
    let rows = images.rows;
    let (outer, inner) = if transposed {
        (geometry.output(), geometry.image())
    } else {
        (geometry.image(), geometry.output())
    };
    let mut r = Recording::default();
    let [input, d_input, output, d_output] =
        ["input", "d_input", "output", "d_output"].map(|name| r.reals(name, rows * outer));
    let [between, activated, d_activated, d_between] =
        ["between", "activated", "d_activated", "d_between"]
            .map(|name| r.reals(name, rows * inner));
    let [first, second] = ["first", "second"].map(|name| Weights::new(&mut r, name, geometry));
    let none = r.constants("no bias", vec![0.0; geometry.outputs]);
    let jets = Jets::values(rows, inner);
    let product = |weights: &Weights, transposed, from, to| {
        weights.product(transposed, from, to, rows, geometry)
    };
    r.push("convolution", product(&first, transposed, input, between));
    let pass = Activate {
        input: between,
        output: activated,
        function,
        jets,
        output_order: 0,
    };
    r.push("activate", pass);
    r.push(
        "convolution",
        product(&second, !transposed, activated, output),
    );
    let back = product(
        &Weights {
            bias: none,
            ..second
        },
        transposed,
        d_output,
        d_activated,
    );
    r.push("d_input", back);
    let pass = ActivateAdjoint {
        input: between,
        d_output: d_activated,
        d_input: d_between,
        function,
        jets,
        output_order: 0,
    };
    r.push("activate adjoint", pass);
    let back = product(
        &Weights {
            bias: none,
            ..first
        },
        !transposed,
        d_between,
        d_input,
    );
    r.push("d_input", back);
    let kind = if transposed {
        "transposed convolution"
    } else {
        "convolution"
    };
    let name = format!("{kind} with kernel 3, stride 2, and {}", function.name());
    let mut case = Case::new(name, r, output).adjoint(d_output, &[(input, d_input)]);
    case.written
        .extend([between, activated, d_activated, d_between]);
    case.reals = vec![first.small(), second.small(), (none, vec![0.0; none.len])];
    case
}

/// The parameters of a convolution.
#[derive(Clone, Copy)]
struct Weights {
    weight: View,
    /// As many as the larger side has channels.
    bias: View,
}

impl Weights {
    fn new(r: &mut Recording, name: &str, geometry: Geometry) -> Self {
        Self {
            weight: r.reals(
                format!("{name} weight"),
                geometry.outputs * geometry.terms(),
            ),
            bias: r.reals(format!("{name} bias"), geometry.outputs),
        }
    }

    fn product(
        &self,
        transposed: bool,
        from: View,
        to: View,
        rows: usize,
        geometry: Geometry,
    ) -> Pass {
        let (weight, slots) = (self.weight, 1);
        if transposed {
            let pass = ConvolveTranspose {
                input: from,
                weight,
                bias: self.bias.part(0, geometry.inputs),
                image: to,
                rows,
                slots,
                geometry,
            };
            return pass.into();
        }
        let pass = Convolve {
            image: from,
            weight,
            bias: self.bias,
            output: to,
            rows,
            slots,
            geometry,
        };
        pass.into()
    }

    /// Weights so small that what the activation reads is near 1, as in a network.
    fn small(&self) -> (View, Vec<f32>) {
        let mut draw = uniform(self.weight.len as u64);
        let scale = (9.0 * CHANNELS as f32).sqrt();
        let values = (0..self.weight.len).map(|_| draw() / scale);
        (self.weight, values.collect())
    }
}
