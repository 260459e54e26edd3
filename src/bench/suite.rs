//! The passes that are measured singly, by family.

use super::{Unit, Work};
use crate::engine::jets::Jets;
use crate::engine::ops::*;
use crate::engine::{Recording, SCHEDULE_COLUMNS, STATE_WORDS};
use crate::net::Activation;

/// Passes that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// Name on the command line.
    pub name: &'static str,
    /// The unit of their rates.
    pub unit: Unit,
    works: fn() -> Vec<Work>,
}

impl Suite {
    /// The products of linear layers, alone and with activations.
    pub const GEMM: Self = Self {
        name: "gemm",
        unit: Unit::Operations,
        works: linear_layers,
    };
    /// The products of convolutions.
    pub const CONV: Self = Self {
        name: "conv",
        unit: Unit::Operations,
        works: convolutions,
    };
    /// What moves data: activations of jets, their way to the loss, and the optimiser.
    pub const JET: Self = Self {
        name: "jet",
        unit: Unit::Bytes,
        works: streams,
    };
    /// All of them.
    pub const ALL: [Self; 3] = [Self::GEMM, Self::CONV, Self::JET];

    /// Every pass of the family in every shape.
    pub fn works(&self) -> Vec<Work> {
        (self.works)()
    }
}

/// Rows, inputs and outputs of the linear layers.
const LINEAR: [[usize; 3]; 6] = [
    [300, 512, 512],
    [100, 512, 512],
    [1200, 512, 512],
    [300, 784, 512],
    [1024, 1024, 1024],
    [32, 512, 512],
];
/// Channels in, channels out and the side of the image, of the layers of the presets `conv28` and
/// `conv32`.
const LAYERS: [[usize; 3]; 5] = [
    [1, 32, 28],
    [32, 64, 14],
    [3, 64, 32],
    [64, 128, 16],
    [128, 256, 8],
];
/// A batch of 100 as plain values, and with one neighbour each to the second order.
const IMAGES: [usize; 2] = [100, 300];
/// Jets enough that they do not fit into caches.
const BATCH: usize = 16_384;
/// Directions of each.
const DIRECTIONS: usize = 1;
/// Features of each slot.
const WIDTH: usize = 512;
/// Features of a sample.
const PIXELS: usize = 784;
/// Parameters of the optimiser.
const PARAMETERS: usize = 1 << 23;

/// Products of two square matrices.
pub(super) fn square_products(side: usize) -> Vec<Work> {
    products([side; 3])
}

/// What streams at the highest rates, with hardly anything to compute: two copies of 128 MiB, and
/// Adam, which moves more at a time.
pub(super) fn plain_streams() -> Vec<Work> {
    vec![
        activate(Activation::Linear, Jets::values(1 << 15, 1 << 10)),
        difference(Jets {
            batch: 1 << 15,
            ..jets(1)
        }),
        adam(),
    ]
}

fn products(shape: [usize; 3]) -> Vec<Work> {
    vec![
        linear(shape),
        linear_input_adjoint(shape),
        linear_weight_adjoint(shape),
    ]
}

fn linear_layers() -> Vec<Work> {
    let fused = [(Activation::Relu, 1), (Activation::Elu, 2)]
        .into_iter()
        .flat_map(|(function, order)| {
            let jets = Jets {
                batch: 100,
                ..jets(order)
            };
            [
                linear_activate(function, jets),
                activate_linear_adjoint(function, jets),
            ]
        });
    LINEAR.into_iter().flat_map(products).chain(fused).collect()
}

fn convolutions() -> Vec<Work> {
    let shapes = LAYERS
        .into_iter()
        .flat_map(|layer| IMAGES.map(|rows| (layer, rows)));
    shapes
        .flat_map(|(layer, rows)| {
            [
                convolve(layer, rows),
                convolve_transpose(layer, rows),
                convolve_weight_adjoint(layer, rows),
            ]
        })
        .collect()
}

fn streams() -> Vec<Work> {
    let mut works = Vec::new();
    for function in [
        Activation::Relu,
        Activation::Elu,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Gelu,
    ] {
        for order in 0..=2 {
            works.extend([
                activate(function, jets(order)),
                activate_adjoint(function, jets(order)),
            ]);
        }
    }
    for order in 1..=2 {
        works.extend([
            taylor_evaluate(jets(order)),
            taylor_evaluate_adjoint(jets(order)),
        ]);
    }
    works.extend([
        gather(false),
        gather(true),
        difference(jets(1)),
        difference_adjoint(jets(1)),
        adam(),
        squares(),
    ]);
    works
}

fn jets(order: usize) -> Jets {
    Jets {
        batch: BATCH,
        directions: DIRECTIONS,
        order,
        features: WIDTH,
    }
}

fn product_shape([rows, inputs, outputs]: [usize; 3]) -> String {
    format!("{rows}x{inputs}x{outputs}")
}

fn linear(shape @ [rows, inputs, outputs]: [usize; 3]) -> Work {
    let mut r = Recording::default();
    let (input, weight) = (
        r.reals("input", rows * inputs),
        r.reals("weight", outputs * inputs),
    );
    let (bias, output) = (r.reals("bias", outputs), r.reals("output", rows * outputs));
    r.push(
        "linear",
        Linear {
            input,
            weight,
            bias,
            output,
            rows,
            inputs,
            outputs,
            slots: 1,
        },
    );
    Work::new(product_shape(shape), r)
}

fn linear_input_adjoint(shape @ [rows, inputs, outputs]: [usize; 3]) -> Work {
    let mut r = Recording::default();
    let (d_output, weight) = (
        r.reals("d_output", rows * outputs),
        r.reals("weight", outputs * inputs),
    );
    let d_input = r.reals("d_input", rows * inputs);
    r.push(
        "linear d_input",
        LinearInputAdjoint {
            d_output,
            weight,
            d_input,
            rows,
            inputs,
            outputs,
        },
    );
    Work::new(product_shape(shape), r)
}

/// A linear layer from as many features as it gives, and the activation behind it: one kernel where
/// the device fuses them.
fn linear_activate(function: Activation, jets: Jets) -> Work {
    let (mut r, inputs) = (Recording::default(), jets.features);
    let [input, output, activated] =
        ["input", "output", "activated"].map(|name| r.reals(name, jets.len()));
    let (weight, bias) = (
        r.reals("weight", inputs * jets.features),
        r.reals("bias", jets.features),
    );
    let linear = Linear {
        input,
        weight,
        bias,
        output,
        rows: jets.rows(),
        inputs,
        outputs: jets.features,
        slots: jets.slots(),
    };
    let activate = Activate {
        input: output,
        output: activated,
        function,
        jets,
        output_order: jets.order,
    };
    r.push("linear", linear);
    r.push("activate", activate);
    Work::new(
        format!(
            "{}, {}",
            function.name(),
            product_shape([jets.rows(), inputs, jets.features])
        ),
        r,
    )
}

/// Back through a linear layer to as many features as the activation in front of it gave, and back
/// through that activation.
fn activate_linear_adjoint(function: Activation, jets: Jets) -> Work {
    let (mut r, outputs) = (Recording::default(), jets.features);
    let [d_output, d_activated, input, d_input] =
        ["d_output", "d_activated", "input", "d_input"].map(|name| r.reals(name, jets.len()));
    let weight = r.reals("weight", outputs * jets.features);
    let linear = LinearInputAdjoint {
        d_output,
        weight,
        d_input: d_activated,
        rows: jets.rows(),
        inputs: jets.features,
        outputs,
    };
    let activate = ActivateAdjoint {
        input,
        d_output: d_activated,
        d_input,
        function,
        jets,
        output_order: jets.order,
    };
    r.push("linear d_input", linear);
    r.push("activate adjoint", activate);
    Work::new(
        format!(
            "{}, {}",
            function.name(),
            product_shape([jets.rows(), outputs, jets.features])
        ),
        r,
    )
}

/// In parts as a step records it; their sum is not included.
fn linear_weight_adjoint(shape @ [rows, inputs, outputs]: [usize; 3]) -> Work {
    let mut r = Recording::default();
    let (d_output, input) = (
        r.reals("d_output", rows * outputs),
        r.reals("input", rows * inputs),
    );
    let stretch = rows.div_ceil(split_k(rows, outputs, inputs));
    let d_weight = r.reals("d_weight", rows.div_ceil(stretch) * outputs * inputs);
    r.push(
        "linear d_weight",
        LinearWeightAdjoint {
            d_output,
            input,
            d_weight,
            rows,
            inputs,
            outputs,
            stretch,
        },
    );
    Work::new(product_shape(shape), r)
}

/// Kernels of 4 x 4 with a stride of 2 and a padding of 1, as both presets have them.
fn geometry([inputs, outputs, side]: [usize; 3]) -> Geometry {
    let (height, width, output_height, output_width) = (side, side, side / 2, side / 2);
    Geometry {
        inputs,
        height,
        width,
        outputs,
        output_height,
        output_width,
        kernel: 4,
        stride: 2,
        padding: 1,
    }
}

fn image_shape([inputs, outputs, side]: [usize; 3], rows: usize) -> String {
    format!("{rows} images, {inputs}-{outputs} at {side}x{side}")
}

fn convolve(layer: [usize; 3], rows: usize) -> Work {
    let (mut r, geometry) = (Recording::default(), geometry(layer));
    let (image, weight) = (
        r.reals("image", rows * geometry.image()),
        r.reals("weight", geometry.outputs * geometry.terms()),
    );
    let (bias, output) = (
        r.reals("bias", geometry.outputs),
        r.reals("output", rows * geometry.output()),
    );
    r.push(
        "convolve",
        Convolve {
            image,
            weight,
            bias,
            output,
            rows,
            slots: 1,
            geometry,
        },
    );
    Work::new(image_shape(layer, rows), r)
}

fn convolve_transpose(layer: [usize; 3], rows: usize) -> Work {
    let (mut r, geometry) = (Recording::default(), geometry(layer));
    let (input, weight) = (
        r.reals("input", rows * geometry.output()),
        r.reals("weight", geometry.outputs * geometry.terms()),
    );
    let (bias, image) = (
        r.reals("bias", geometry.inputs),
        r.reals("image", rows * geometry.image()),
    );
    r.push(
        "convolve transpose",
        ConvolveTranspose {
            input,
            weight,
            bias,
            image,
            rows,
            slots: 1,
            geometry,
        },
    );
    Work::new(image_shape(layer, rows), r)
}

/// In parts as a step records it; their sum is not included.
fn convolve_weight_adjoint(layer: [usize; 3], rows: usize) -> Work {
    let (mut r, geometry) = (Recording::default(), geometry(layer));
    let (d_output, image) = (
        r.reals("d_output", rows * geometry.output()),
        r.reals("image", rows * geometry.image()),
    );
    let stretch = rows.div_ceil(split_k(
        rows * geometry.positions(),
        geometry.outputs,
        geometry.terms(),
    ));
    let d_weight = r.reals(
        "d_weight",
        rows.div_ceil(stretch) * geometry.outputs * geometry.terms(),
    );
    r.push(
        "convolve d_weight",
        ConvolveWeightAdjoint {
            d_output,
            image,
            d_weight,
            rows,
            stretch,
            geometry,
        },
    );
    Work::new(image_shape(layer, rows), r)
}

fn jet_shape(jets: Jets) -> String {
    format!("order {}, {}x{}", jets.order, jets.rows(), jets.features)
}

fn activate(function: Activation, jets: Jets) -> Work {
    let mut r = Recording::default();
    let (input, output) = (r.reals("input", jets.len()), r.reals("output", jets.len()));
    r.push(
        "activate",
        Activate {
            input,
            output,
            function,
            jets,
            output_order: jets.order,
        },
    );
    Work::new(format!("{}, {}", function.name(), jet_shape(jets)), r)
}

fn activate_adjoint(function: Activation, jets: Jets) -> Work {
    let mut r = Recording::default();
    let [input, d_output, d_input] =
        ["input", "d_output", "d_input"].map(|name| r.reals(name, jets.len()));
    r.push(
        "activate adjoint",
        ActivateAdjoint {
            input,
            d_output,
            d_input,
            function,
            jets,
            output_order: jets.order,
        },
    );
    Work::new(format!("{}, {}", function.name(), jet_shape(jets)), r)
}

/// Values of the rows that the loss compares, the centre's among them.
fn compared(jets: Jets) -> usize {
    jets.batch * (1 + jets.directions) * jets.features
}

fn taylor_evaluate(jets: Jets) -> Work {
    let mut r = Recording::default();
    let (input, output) = (
        r.reals("input", jets.len()),
        r.reals("output", compared(jets)),
    );
    r.push(
        "Taylor expansion",
        TaylorEvaluate {
            input,
            output,
            jets,
            centre: true,
        },
    );
    Work::new(jet_shape(jets), r)
}

fn taylor_evaluate_adjoint(jets: Jets) -> Work {
    let mut r = Recording::default();
    let (d_output, d_input) = (
        r.reals("d_output", compared(jets)),
        r.reals("d_input", jets.len()),
    );
    r.push(
        "Taylor expansion adjoint",
        TaylorEvaluateAdjoint {
            d_output,
            d_input,
            jets,
            centre: true,
        },
    );
    Work::new(jet_shape(jets), r)
}

/// Every sample once, in another order.
fn gather(bytes: bool) -> Work {
    let (mut r, rows, features) = (Recording::default(), BATCH, PIXELS);
    let data = r.words("data", rows * features / if bytes { 4 } else { 1 });
    let (indices, state) = (r.words("indices", rows), r.words("state", STATE_WORDS));
    let output = r.reals("output", rows * features);
    r.push(
        "gather",
        Gather {
            data,
            indices,
            state,
            output,
            rows,
            features,
            bytes,
            shift: 0.0,
            scale: 255.0,
        },
    );
    // An odd step through a power of two meets every number.
    let order = (0..rows).map(|row| (row * 4987 % rows) as u32).collect();
    let shape = format!(
        "{}, {rows}x{features}",
        if bytes { "bytes" } else { "floats" }
    );
    Work::new(shape, r)
        .with_words(indices, order)
        .with_words(state, vec![0; STATE_WORDS])
}

fn difference(jets: Jets) -> Work {
    let mut r = Recording::default();
    let Jets {
        batch,
        directions,
        features,
        ..
    } = jets;
    let (input, output) = (
        r.reals("input", compared(jets)),
        r.reals("output", jets.len()),
    );
    r.push(
        "difference",
        Difference {
            input,
            output,
            batch,
            directions,
            group: 1 + directions,
            features,
        },
    );
    Work::new(jet_shape(jets), r)
}

fn difference_adjoint(jets: Jets) -> Work {
    let mut r = Recording::default();
    let Jets {
        batch,
        directions,
        features,
        ..
    } = jets;
    let (d_output, d_input) = (
        r.reals("d_output", jets.len()),
        r.reals("d_input", compared(jets)),
    );
    r.push(
        "difference adjoint",
        DifferenceAdjoint {
            d_output,
            d_input,
            batch,
            directions,
            group: 1 + directions,
            features,
        },
    );
    Work::new(jet_shape(jets), r)
}

fn adam() -> Work {
    let (mut r, len) = (Recording::default(), PARAMETERS);
    let [parameters, gradients, first, second] =
        ["parameters", "gradients", "first moments", "second moments"]
            .map(|name| r.reals(name, len));
    let schedule = r.constants("schedule", vec![1e-4; SCHEDULE_COLUMNS]);
    let (norm, state) = (
        r.constants("norm", vec![1.0]),
        r.words("state", STATE_WORDS),
    );
    let (beta1, beta2, epsilon, weight_decay, grad_clip_norm) = (0.9, 0.999, 1e-8, 0.0, 0.0);
    let pass = Adam {
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
    };
    r.push("adam", pass);
    let work = Work::new(format!("{len}"), r)
        .with_words(state, vec![0; STATE_WORDS])
        .with_not_negative(second);
    [parameters, first, second]
        .into_iter()
        .fold(work, Work::with_updated)
}

fn squares() -> Work {
    let (mut r, len) = (Recording::default(), 2 * PARAMETERS);
    let (input, partials) = (
        r.reals("input", len),
        r.reals("partials", len.div_ceil(SUM_OF_SQUARES_CHUNK)),
    );
    r.push(
        "squares",
        SumOfSquares {
            input,
            partials,
            len,
        },
    );
    Work::new(format!("{len}"), r)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_work_is_one_pass_in_the_unit_of_its_family() {
        for family in Suite::ALL {
            for work in family.works() {
                assert!(
                    work.unit == family.unit && work.amount > 0,
                    "{}: {work:?}",
                    family.name
                );
            }
        }
        assert_eq!(linear([2, 3, 5]).amount, 2 * 2 * 3 * 5);
        assert!(
            plain_streams()[..2]
                .iter()
                .all(|copy| copy.amount == 2 * (128 << 20))
        );
        // Four arrays read, three of them written.
        assert!(adam().amount.abs_diff(7 * 4 * PARAMETERS as u64) < 100);
    }
}
