//! The terms of the other methods, alone and beside a reconstruction of neighbourhoods, with their
//! gradients.

use crate::case::Case;
use nrae::net::{Activation, Convolution, Layer, Network, Sides, Window};
use nrae::objective::{Corruption, CorruptionKind, Estimate, MmdKernel, Sampling, Variants};

pub fn corruption(mask: bool) -> Corruption {
    // An amount that f32 holds exactly.
    Corruption {
        kind: if mask {
            CorruptionKind::Mask
        } else {
            CorruptionKind::Gaussian
        },
        amount: 0.375,
    }
}

fn mlp(hidden: Activation) -> Network {
    Network::mlp(&[4], &[6, 5], 3, hidden, Activation::Linear).unwrap()
}

/// A convolutional network with every kind of layer in the encoder and in the decoder.
pub fn images(hidden: Activation, unit_norm: bool) -> Network {
    let conv = |inputs, outputs, kernel, stride, padding, output_padding| Convolution {
        inputs,
        outputs,
        kernel: Sides::from(kernel),
        stride,
        padding: Sides::from(padding),
        output_padding: Sides::from(output_padding),
    };
    let function = hidden;
    let mut encoder = vec![
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
        Layer::ConvTranspose(conv(4, 3, 2, 2, 1, 1)),
        Layer::Activation { function },
        Layer::AveragePool(Window {
            kernel: 3,
            stride: Some(2),
        }),
        Layer::Upsample {
            align_corners: true,
        },
        Layer::Flatten,
        Layer::Linear {
            inputs: 12,
            outputs: 3,
        },
    ];
    if unit_norm {
        encoder.push(Layer::UnitNorm);
    }
    let decoder = vec![
        Layer::Linear {
            inputs: 3,
            outputs: 12,
        },
        Layer::Activation { function },
        Layer::Unflatten { shape: [3, 2, 2] },
        Layer::ConvTranspose(conv(3, 4, 3, 2, 1, 1)),
        Layer::GroupNorm {
            groups: 1,
            channels: 4,
        },
        Layer::Activation { function },
        Layer::MaxPool(Window {
            kernel: 2,
            stride: Some(1),
        }),
        Layer::Upsample {
            align_corners: false,
        },
        Layer::Conv(conv(4, 2, 2, 1, 0, 0)),
        Layer::AveragePool(Window {
            kernel: 2,
            stride: Some(1),
        }),
        Layer::Upsample {
            align_corners: true,
        },
        Layer::Conv(conv(2, 2, 4, 2, 2, 0)),
    ];
    let network = Network {
        shape: vec![2, 5, 5],
        encoder,
        decoder,
        variational: false,
    };
    network.check().unwrap();
    network
}

/// Losses and gradients of a base with every kind of reconstruction.
fn check(base: &str, variants: Variants, hidden: Activation) {
    for (method, neighbours) in [
        (base.to_owned(), 1),
        (format!("nr-{base}-l"), 2),
        (format!("nr-{base}-q"), 1),
    ] {
        let sampling = Sampling {
            neighbours,
            centre: true,
        };
        let case = Case::new(&method, mlp(hidden), sampling, variants, 1, 7);
        let session = case.run();
        case.check_losses(&session, 1e-8);
        case.check_gradient(&session, 3, 1e-6);
    }
}

#[test]
fn a_variational_autoencoder_has_noisy_codes_and_their_divergence() {
    check("vae", Variants::default(), Activation::Tanh);
}

#[test]
fn a_wasserstein_autoencoder_has_the_discrepancy_of_either_kernel() {
    for mmd in [MmdKernel::Imq, MmdKernel::Gaussian] {
        check(
            "wae",
            Variants {
                mmd,
                ..Variants::default()
            },
            Activation::Silu,
        );
    }
}

#[test]
fn a_contractive_autoencoder_has_the_norm_of_the_encoders_jacobian() {
    for (turn, hidden) in [
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Gelu,
        Activation::Silu,
        Activation::Softplus,
        Activation::Sine,
    ]
    .into_iter()
    .enumerate()
    {
        let contractive = [Estimate::Exact, Estimate::Hutchinson][turn % 2];
        check(
            "cae",
            Variants {
                contractive,
                ..Variants::default()
            },
            hidden,
        );
    }
}

#[test]
fn a_denoising_autoencoder_sees_corrupted_samples_and_reconstructs_clean_ones() {
    for mask in [false, true] {
        check(
            "dae",
            Variants {
                corruption: Some(corruption(mask)),
                ..Variants::default()
            },
            Activation::Tanh,
        );
    }
}

#[test]
fn a_geometry_regularised_autoencoder_draws_codes_to_the_embedding() {
    check("grae", Variants::default(), Activation::Tanh);
}

#[test]
fn a_structure_preserving_autoencoder_keeps_linear_combinations() {
    for k in [1, 3] {
        check(
            "spae",
            Variants {
                k,
                ..Variants::default()
            },
            Activation::Tanh,
        );
    }
}

#[test]
fn an_isometrically_regularised_autoencoder_has_a_round_metric_between_codes() {
    check("isometric", Variants::default(), Activation::Tanh);
}

/// Piecewise activations, between their kinks.
#[test]
fn terms_hold_between_kinks() {
    for hidden in [
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Elu,
        Activation::Selu,
    ] {
        for method in ["nr-cae-l", "isometric"] {
            let sampling = Sampling {
                neighbours: 1,
                centre: true,
            };
            let case = Case::between_kinks(|seed| {
                Case::new(method, mlp(hidden), sampling, Variants::default(), 1, seed)
            });
            let session = case.run();
            case.check_losses(&session, 1e-7);
            case.check_gradient(&session, 3, 1e-5);
        }
    }
}

/// Every kind of layer on the way forward, back, and under transposed products.
#[test]
fn methods_on_images_go_through_every_layer() {
    for (turn, method) in [
        "ae",
        "nrae-q",
        "e-nrae-q",
        "nr-vae-q",
        "nr-wae-l",
        "nr-dae-l",
        "nr-cae-l",
        "nr-grae-q",
        "nr-spae-l",
        "nr-isometric-l",
    ]
    .into_iter()
    .enumerate()
    {
        let variants = Variants {
            corruption: Some(corruption(true)),
            k: 2,
            ..Variants::default()
        };
        let (network, sampling) = (
            images(Activation::Tanh, method != "nr-vae-q"),
            Sampling {
                neighbours: 1,
                centre: true,
            },
        );
        let case = Case::between_kinks(|seed| {
            Case::new(
                method,
                network.clone(),
                sampling,
                variants,
                1,
                seed + 100 * turn as u64,
            )
        });
        let session = case.run();
        case.check_losses(&session, 1e-7);
        // A whole Jacobian takes a difference for each pixel.
        let groups = if method == "nr-cae-l" { 2 } else { 7 };
        case.check_gradient_along(&session, groups, 1e-5);
    }
}
