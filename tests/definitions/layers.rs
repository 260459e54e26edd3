//! Every layer: its value, J v and v^T H v against the formula of PyTorch's documentation and
//! differences of it.

use crate::glue::{self, SMOOTH, assert_close, autoencoder};
use crate::plain::activation;
use crate::plain::difference::directional;
use nrae::cpu::CpuSession;
use nrae::engine::{Stack, inference, jets_inference};
use nrae::net::{Activation, Convolution, Layer, Network, Parameters, Window};

const POINTS: usize = 3;
const DIRECTIONS: usize = 2;

/// A network with the decoder `layers` from `latent` dimensions.
fn decoder(latent: usize, layers: Vec<Layer>) -> Network {
    let mut network = Network {
        shape: vec![1],
        encoder: vec![],
        decoder: layers,
        variational: false,
    };
    // The shape of the samples is whatever the decoder gives.
    network.encoder = vec![Layer::Linear {
        inputs: 1,
        outputs: latent,
    }];
    let shape = network.decoder_shapes().unwrap().pop().unwrap();
    network.encoder = vec![Layer::Linear {
        inputs: shape.iter().product(),
        outputs: latent,
    }];
    network.shape = shape;
    network.check().unwrap();
    network
}

/// Holds values and derivatives of a decoder at random codes, scaled by `spread`, against the
/// definitions.
fn check(network: &Network, h: f64, spread: f64, tolerances: [f64; 3]) {
    let m = network.latent();
    let arena = glue::parameters(network, 3);
    let plain = autoencoder(network, &arena);
    let z: Vec<Vec<f64>> = glue::rows(11, POINTS, m)
        .into_iter()
        .map(|z| z.iter().map(|z| spread * z).collect())
        .collect();
    let v = glue::rows(12, POINTS * DIRECTIONS, m);

    let values = inference(network, Stack::Decoder, POINTS);
    let mut session = CpuSession::<f64>::new(&values.recording);
    session
        .memory
        .reals_mut(values.parameters)
        .copy_from_slice(&arena);
    session
        .memory
        .reals_mut(values.input)
        .copy_from_slice(&z.concat());
    session.replay(1);
    let expected: Vec<f64> = z.iter().flat_map(|z| plain.f(z)).collect();
    assert_close(
        session.memory.reals(values.output),
        &expected,
        tolerances[0],
        &format!("values of {:?}", network.decoder),
    );

    for order in [1, 2] {
        let jets = jets_inference(network, POINTS, DIRECTIONS, order);
        let mut session = CpuSession::<f64>::new(&jets.recording);
        session
            .memory
            .reals_mut(jets.parameters)
            .copy_from_slice(&arena);
        let input: Vec<f64> = (0..POINTS)
            .flat_map(|p| [&z[p][..], &v[DIRECTIONS * p..][..DIRECTIONS].concat()].concat())
            .collect();
        session.memory.reals_mut(jets.input).copy_from_slice(&input);
        session.replay(1);
        let (n, slots) = (jets.output_jets.features, jets.output_jets.slots());
        let found: Vec<&[f64]> = session.memory.reals(jets.output).chunks(n).collect();
        for p in 0..POINTS {
            for d in 0..DIRECTIONS {
                let expected = directional(h, |z| plain.f(z), &z[p], &v[DIRECTIONS * p + d]);
                let what = format!("order {order} of {:?}", network.decoder);
                assert_close(
                    found[p * slots],
                    &expected[0],
                    tolerances[0],
                    &format!("value, {what}"),
                );
                assert_close(
                    found[p * slots + 1 + d],
                    &expected[1],
                    tolerances[1],
                    &format!("J v, {what}"),
                );
                // What is zero by structure is not stored.
                let zeros = vec![0.0; n];
                let second = if jets.output_jets.order == 2 {
                    found[p * slots + 1 + DIRECTIONS + d]
                } else {
                    &zeros
                };
                if order == 2 {
                    let scale = expected[1]
                        .iter()
                        .fold(1.0_f64, |scale, value| scale.max(value.abs()));
                    for (found, expected) in second.iter().zip(&expected[2]) {
                        assert!(
                            (found - expected).abs() < tolerances[2] * scale,
                            "v'Hv is {found}, not {expected}, {what}"
                        );
                    }
                }
            }
        }
    }
}

const EXACT: [f64; 3] = [1e-12, 1e-10, 1e-8];

/// `layer` on images of `shape`: straight from the latent space, where it sees first derivatives
/// alone, and behind a curved layer.
fn check_on_images(layer: &Layer, shape: [usize; 3], h: f64, tolerances: [f64; 3]) {
    let size = shape.iter().product();
    let unflatten = Layer::Unflatten { shape };
    check(
        &decoder(size, vec![square(size), unflatten.clone(), layer.clone()]),
        h,
        1.0,
        tolerances,
    );
    let curved = vec![
        Layer::Linear {
            inputs: 3,
            outputs: size,
        },
        Layer::Activation {
            function: Activation::Tanh,
        },
        unflatten,
        layer.clone(),
        Layer::Flatten,
    ];
    check(&decoder(3, curved), h, 1.0, tolerances);
}

fn square(side: usize) -> Layer {
    Layer::Linear {
        inputs: side,
        outputs: side,
    }
}

/// The arena of a network whose decoder begins with a linear layer, which is the identity; other
/// parameters are 0.
fn identity(network: &Network) -> Vec<f64> {
    let layout = Parameters::of(network);
    let mut arena = vec![0.0; layout.len];
    let entry = layout
        .entries
        .iter()
        .find(|entry| entry.name == "decoder.0.weight")
        .unwrap();
    for i in 0..entry.shape[0] {
        arena[entry.offset + i * entry.shape[1] + i] = 1.0;
    }
    arena
}

fn convolution(
    inputs: usize,
    outputs: usize,
    [kernel, stride, padding, output_padding]: [usize; 4],
) -> Convolution {
    Convolution {
        inputs,
        outputs,
        kernel: kernel.into(),
        stride,
        padding: padding.into(),
        output_padding: output_padding.into(),
    }
}

#[test]
fn linear_layers_are_products() {
    for [latent, outputs] in [[1, 1], [3, 5], [17, 33]] {
        let linear = |inputs, outputs| Layer::Linear { inputs, outputs };
        check(
            &decoder(latent, vec![linear(latent, outputs)]),
            SMOOTH,
            1.0,
            EXACT,
        );
        let tanh = Layer::Activation {
            function: Activation::Tanh,
        };
        check(
            &decoder(latent, vec![linear(latent, 4), tanh, linear(4, outputs)]),
            SMOOTH,
            1.0,
            EXACT,
        );
    }
}

#[test]
fn convolutions_slide_their_kernels() {
    for shape in [[1, 5, 5], [3, 4, 7]] {
        for windows in [
            [1, 1, 0, 0],
            [3, 1, 1, 0],
            [3, 1, 0, 0],
            [4, 2, 1, 0],
            [3, 2, 2, 0],
            [2, 3, 0, 0],
            [5, 2, 2, 0],
        ] {
            if windows[0] <= 4 + 2 * windows[2] {
                check_on_images(
                    &Layer::Conv(convolution(shape[0], 2, windows)),
                    shape,
                    SMOOTH,
                    EXACT,
                );
            }
        }
    }
}

/// Along signals, which have the height 1, and with sides that differ.
#[test]
fn kernels_need_not_be_square() {
    for (shape, kernel, stride, padding, output_padding) in [
        ([2, 1, 9], [1, 4], 2, [0, 1], [0, 1]),
        ([3, 1, 6], [1, 3], 1, [0, 1], [0, 0]),
        ([2, 7, 2], [4, 2], 3, [1, 0], [2, 1]),
        ([1, 4, 5], [3, 5], 2, [0, 2], [1, 0]),
    ] {
        let convolution = Convolution {
            inputs: shape[0],
            outputs: 2,
            kernel: kernel.into(),
            stride,
            padding: padding.into(),
            output_padding: 0.into(),
        };
        check_on_images(&Layer::Conv(convolution), shape, SMOOTH, EXACT);
        let output_padding = output_padding.into();
        let transposed = Convolution {
            output_padding,
            ..convolution
        };
        check_on_images(&Layer::ConvTranspose(transposed), shape, SMOOTH, EXACT);
    }
}

#[test]
fn transposed_convolutions_spread_their_kernels() {
    for shape in [[1, 3, 3], [3, 2, 4]] {
        for windows in [
            [1, 1, 0, 0],
            [3, 1, 1, 0],
            [4, 2, 1, 0],
            [3, 2, 1, 1],
            [2, 3, 0, 2],
            [3, 3, 0, 0],
            [5, 2, 2, 1],
        ] {
            check_on_images(
                &Layer::ConvTranspose(convolution(shape[0], 2, windows)),
                shape,
                SMOOTH,
                EXACT,
            );
        }
    }
}

#[test]
fn pools_take_the_largest_and_the_mean() {
    for (kernel, stride) in [
        (2, None),
        (3, None),
        (2, Some(1)),
        (3, Some(2)),
        (1, Some(2)),
    ] {
        let window = Window { kernel, stride };
        check_on_images(&Layer::AveragePool(window), [2, 5, 6], SMOOTH, EXACT);
        check_on_images(
            &Layer::MaxPool(window),
            [2, 5, 6],
            1e-3,
            [1e-12, 1e-9, 1e-6],
        );
    }
}

/// The first one of several largest values is the one whose derivatives count.
#[test]
fn ties_in_a_pool_go_to_the_first() {
    let network = decoder(
        4,
        vec![
            square(4),
            Layer::Unflatten { shape: [1, 2, 2] },
            Layer::MaxPool(Window {
                kernel: 2,
                stride: None,
            }),
        ],
    );
    let jets = jets_inference(&network, 1, 1, 1);
    for (z, v, expected) in [
        ([1.0, 1.0, 1.0, 1.0], [5.0, 6.0, 7.0, 8.0], [1.0, 5.0]),
        ([0.0, 2.0, 1.0, 2.0], [5.0, 6.0, 7.0, 8.0], [2.0, 6.0]),
        ([0.0, -2.0, 3.0, 3.0], [5.0, 6.0, 7.0, 8.0], [3.0, 7.0]),
    ] {
        let mut session = CpuSession::<f64>::new(&jets.recording);
        session
            .memory
            .reals_mut(jets.parameters)
            .copy_from_slice(&identity(&network));
        session
            .memory
            .reals_mut(jets.input)
            .copy_from_slice(&[z, v].concat());
        session.replay(1);
        assert_eq!(session.memory.reals(jets.output), expected);
    }
}

#[test]
fn upsampling_is_bilinear() {
    for align_corners in [false, true] {
        for shape in [[1, 1, 1], [2, 2, 3], [3, 4, 1], [1, 5, 4]] {
            check_on_images(&Layer::Upsample { align_corners }, shape, SMOOTH, EXACT);
        }
    }
}

#[test]
fn group_norm_divides_by_the_deviation_of_a_group() {
    for (groups, shape) in [
        (1, [2, 2, 3]),
        (2, [4, 2, 2]),
        (3, [3, 3, 2]),
        (4, [4, 1, 3]),
    ] {
        let norm = Layer::GroupNorm {
            groups,
            channels: shape[0],
        };
        check_on_images(&norm, shape, 2e-3, [1e-12, 1e-9, 1e-5]);
        // Where the variance is as small as what is added to it.
        let size = shape.iter().product();
        let network = decoder(size, vec![square(size), Layer::Unflatten { shape }, norm]);
        check(&network, 2e-4, 5e-3, [1e-11, 1e-7, 1e-2]);
    }
}

#[test]
fn unit_norm_divides_by_the_length() {
    for latent in [2, 3, 7] {
        check(
            &decoder(latent, vec![square(latent), Layer::UnitNorm]),
            5e-3,
            2.0,
            [1e-12, 1e-9, 1e-7],
        );
        let tanh = Layer::Activation {
            function: Activation::Tanh,
        };
        let layers = vec![
            Layer::Linear {
                inputs: latent,
                outputs: 5,
            },
            tanh,
            Layer::UnitNorm,
        ];
        check(&decoder(latent, layers), 5e-3, 1.0, [1e-12, 1e-9, 1e-6]);
    }
}

#[test]
fn images_and_vectors_have_the_same_order() {
    let layers = vec![
        square(12),
        Layer::Unflatten { shape: [2, 2, 3] },
        Layer::Conv(convolution(2, 3, [2, 1, 0, 0])),
        Layer::Flatten,
        Layer::Linear {
            inputs: 6,
            outputs: 12,
        },
        Layer::Unflatten { shape: [3, 2, 2] },
    ];
    check(&decoder(12, layers), SMOOTH, 1.0, EXACT);
}

/// Every activation, on vectors and behind convolutions, as the last and as an inner layer.
#[test]
fn activations_in_stacks() {
    for function in Activation::ALL {
        let activation = Layer::Activation { function };
        let linear = |inputs, outputs| Layer::Linear { inputs, outputs };
        let convolved = vec![
            linear(2, 8),
            activation.clone(),
            Layer::Unflatten { shape: [2, 2, 2] },
            Layer::Conv(convolution(2, 3, [3, 1, 1, 0])),
            activation.clone(),
            Layer::ConvTranspose(convolution(3, 1, [2, 2, 0, 0])),
            activation.clone(),
        ];
        for layers in [
            vec![square(2), activation.clone()],
            vec![linear(2, 5), activation.clone(), linear(5, 3)],
            convolved,
        ] {
            check(&decoder(2, layers), 1e-3, 1.0, [1e-12, 1e-9, 1e-5]);
        }
    }
}

/// Value, s' and s'' of an activation at each of `points`, from the jet (x, 1, 0).
fn jets_of(function: Activation, points: &[f64]) -> Vec<[f64; 3]> {
    let network = decoder(1, vec![square(1), Layer::Activation { function }]);
    let jets = jets_inference(&network, points.len(), 1, 2);
    let mut session = CpuSession::<f64>::new(&jets.recording);
    session
        .memory
        .reals_mut(jets.parameters)
        .copy_from_slice(&identity(&network));
    session
        .memory
        .reals_mut(jets.input)
        .copy_from_slice(&points.iter().flat_map(|x| [*x, 1.0]).collect::<Vec<_>>());
    session.replay(1);
    let output = session.memory.reals(jets.output);
    let stored = jets.output_jets.slots();
    output
        .chunks(stored)
        .map(|jet| [jet[0], jet[1], jet.get(2).copied().unwrap_or(0.0)])
        .collect()
}

/// Far out, near 0 and at 0, where derivatives are those from the left.
#[test]
fn activations_far_out_and_at_their_kinks() {
    let h = 1e-3;
    let apart = [
        -20.0, -7.5, -3.0, -1.0, -0.3, -0.01, -0.004, 0.004, 0.01, 0.3, 1.0, 3.0, 7.5, 20.0,
    ];
    for function in Activation::ALL {
        let value = |x: f64| vec![activation::value(function.name(), x)];
        for (x, found) in apart.iter().zip(jets_of(function, &apart)) {
            let [s, first, second] = crate::plain::difference::along(h, |t| value(x + t));
            let what = format!("{function:?} at {x}");
            for (found, expected, tolerance) in [
                (found[0], s[0], 1e-12),
                (found[1], first[0], 1e-9),
                (found[2], second[0], 1e-7),
            ] {
                assert!(
                    (found - expected).abs() <= tolerance * (1.0 + x.abs()),
                    "{what}: {found}, not {expected}"
                );
            }
        }
        let [found] = jets_of(function, &[0.0])[..] else {
            panic!("one point")
        };
        let at = |i: i32| value(f64::from(i) * h)[0];
        let first = (25.0 * at(0) - 48.0 * at(-1) + 36.0 * at(-2) - 16.0 * at(-3) + 3.0 * at(-4))
            / (12.0 * h);
        let second = (35.0 * at(0) - 104.0 * at(-1) + 114.0 * at(-2) - 56.0 * at(-3)
            + 11.0 * at(-4))
            / (12.0 * h * h);
        for (found, expected, tolerance) in [
            (found[0], at(0), 1e-15),
            (found[1], first, 1e-9),
            (found[2], second, 1e-6),
        ] {
            assert!(
                (found - expected).abs() <= tolerance,
                "{function:?} at 0: {found}, from the left {expected}"
            );
        }
    }
}
