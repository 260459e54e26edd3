//! The geometry of decoders on every executor, from jets in f32, against the f64 CPU kernels.

mod common;

use common::executors;
use nrae::cpu::CpuSession;
use nrae::data::Scaling;
use nrae::engine::Recording;
use nrae::error::Result;
use nrae::eval::{Curvature, Metric, decoder_derivatives};
use nrae::executor::{Executor, Session};
use nrae::model::Model;
use nrae::net::{Activation, Convolution, Layer, Network};

/// Features of images of 6 x 6.
const IMAGE: usize = 36;

/// The CPU executor in f64; only what it reads out is rounded to f32.
struct CpuKernel;

impl Executor for CpuKernel {
    fn name(&self) -> String {
        "f64 CPU kernel".into()
    }

    fn driver(&self) -> String {
        String::new()
    }

    fn data_limit(&self) -> usize {
        usize::MAX
    }

    fn prepare(&self, recording: &Recording) -> Result<Box<dyn Session>> {
        Ok(Box::new(CpuSession::<f64>::new(recording)))
    }
}

/// A network of images with every kind of layer that a decoder is built of, or else one of vectors.
fn model(features: usize, hidden: &[usize], latent: usize, function: Activation) -> Model {
    let mut network =
        Network::mlp(&[features], hidden, latent, function, Activation::Sigmoid).unwrap();
    if features == IMAGE {
        let convolution = Convolution {
            inputs: 2,
            outputs: 1,
            kernel: 3.into(),
            stride: 1,
            padding: 1.into(),
            output_padding: 0.into(),
        };
        network.shape = vec![1, 6, 6];
        network.decoder = vec![
            Layer::Linear {
                inputs: latent,
                outputs: 18,
            },
            Layer::Activation { function },
            Layer::Unflatten { shape: [2, 3, 3] },
            Layer::GroupNorm {
                groups: 1,
                channels: 2,
            },
            Layer::Upsample {
                align_corners: false,
            },
            Layer::Conv(convolution),
            Layer::Activation {
                function: Activation::Sigmoid,
            },
        ];
        network.check().unwrap();
    }
    let mut model = Model::new(network, Scaling::identity(), 3);
    // Larger than usual, so that the manifold is far from flat.
    model
        .parameters
        .iter_mut()
        .for_each(|parameter| *parameter *= 2.0);
    model
}

/// (log det G, condition number, S, extrinsic curvature) at each of `latents`.
fn geometry(model: &Model, latents: &[f32], executor: &dyn Executor) -> Vec<[f64; 4]> {
    let found = decoder_derivatives(model, latents, 2, executor, |derivatives| {
        let metric = Metric::new(&derivatives.first, model.network.latent()).unwrap();
        let curvature = Curvature::new(derivatives, &metric).unwrap();
        [
            metric.log_determinant(),
            metric.condition(),
            curvature.scalar,
            curvature.extrinsic,
        ]
    });
    found.unwrap()
}

#[test]
fn geometry_holds_on_every_executor() {
    let executors = executors();
    for (features, hidden, latent, points) in [
        (3, &[20][..], 2, 300),
        (40, &[33, 17], 2, 70),
        (50, &[24], 1, 9),
        (60, &[40], 6, 11),
        (IMAGE, &[5], 2, 20),
    ] {
        for activation in [Activation::Tanh, Activation::Elu, Activation::Softplus] {
            let model = model(features, hidden, latent, activation);
            let latents: Vec<f32> = (0..points * latent)
                .map(|i| 1.5 * (i as f32 * 0.7).sin())
                .collect();
            let expected = geometry(&model, &latents, &CpuKernel);
            // A scale for errors: S is a difference of products of II, which are as large as the
            // square of the extrinsic curvature.
            let scales: Vec<[f64; 4]> = expected
                .iter()
                .map(|[_, condition, _, extrinsic]| {
                    [1.0, *condition, extrinsic.powi(2), *extrinsic]
                })
                .collect();
            assert!(
                expected.iter().all(|point| point[3] > 1e-2)
                    && (latent == 1 || expected.iter().any(|point| point[2].abs() > 1e-3))
            );
            for executor in &executors {
                let found = geometry(&model, &latents, &**executor);
                for ((found, expected), scale) in found.iter().zip(&expected).zip(&scales) {
                    for measure in 0..4 {
                        let error = (found[measure] - expected[measure]).abs() / scale[measure];
                        assert!(
                            error < 3e-5,
                            "{}, {activation:?}, m {latent}: {found:?} not {expected:?}",
                            executor.name()
                        );
                    }
                }
            }
        }
    }
}
