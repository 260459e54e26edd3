//! Stretching and curvature of decoded manifolds, against what the values of the decoder alone
//! tell.

use crate::glue::{Twin, assert_close, autoencoder, doubles, numbers, parameters, singles};
use crate::plain::geometry::{self, determinant, extrinsic_curvature, scalar_curvature};
use crate::plain::measure::quantile;
use nrae::data::Scaling;
use nrae::eval::{Curvature, ManifoldMeasures, Metric, decoder_derivatives};
use nrae::model::Model;
use nrae::net::{Activation, Network, Parameters};

fn model(features: usize, latent: usize, function: Activation) -> Model {
    let network = Network::mlp(&[features], &[7], latent, function, Activation::Sigmoid).unwrap();
    let scaling = Scaling::identity();
    let parameters = singles(&parameters(&network, 6));
    assert_eq!(parameters.len(), Parameters::of(&network).len);
    Model {
        network,
        scaling,
        parameters,
    }
}

/// Metric, determinant and extrinsic curvature, and the scalar curvature by Christoffel's symbols:
/// Gauss' theorema egregium, the other way round.
#[test]
fn metric_and_curvatures_are_those_of_the_decoders_values() {
    let h = 5e-3;
    for (features, latent, function) in [
        (3, 2, Activation::Tanh),
        (5, 2, Activation::Softplus),
        (5, 3, Activation::Sine),
        (4, 1, Activation::Silu),
    ] {
        let model = model(features, latent, function);
        let plain = autoencoder(&model.network, &doubles(&model.parameters));
        let f = |z: &[f64]| plain.f(z);
        let latents = numbers(8, 3 * latent);
        let found = decoder_derivatives(&model, &singles(&latents), 2, &Twin, |derivatives| {
            let metric = Metric::new(&derivatives.first, latent).unwrap();
            let curvature = Curvature::new(derivatives, &metric).unwrap();
            (
                metric.values.clone(),
                metric.log_determinant(),
                curvature.scalar,
                curvature.extrinsic,
            )
        })
        .unwrap();
        let (mut logs, mut scalars, mut bends) = (Vec::new(), Vec::new(), Vec::new());
        for (z, (values, log_determinant, scalar, extrinsic)) in latents.chunks(latent).zip(found) {
            let what = format!("{function:?} at {z:?}");
            let g = geometry::metric(h, &f, z);
            assert_close(&values, &g.concat(), 1e-5, &what);
            logs.push(determinant(&g).ln());
            bends.push(extrinsic_curvature(h, &f, z));
            assert_close(&[log_determinant], &[*logs.last().unwrap()], 1e-4, &what);
            assert_close(&[extrinsic], &[*bends.last().unwrap()], 1e-4, &what);
            if latent > 1 {
                let expected = scalar_curvature(h, &f, z);
                scalars.push(expected);
                assert!(expected.abs() > 1e-3, "{what} is flat");
                assert!(
                    (scalar - expected).abs() < 1e-4 * extrinsic.powi(2),
                    "{what}: S is {scalar}, not {expected}"
                );
            } else {
                assert_eq!(scalar, 0.0);
            }
        }
        let measured = ManifoldMeasures::measure(&model, &singles(&latents), &Twin).unwrap();
        assert_eq!((measured.samples, measured.singular), (3, 0));
        let check = |found: f64, values: &[f64], share: f64| {
            assert_close(&[found], &[quantile(values, share)], 1e-3, "a quantile")
        };
        for (found, values) in [
            (measured.log_determinant, &logs),
            (measured.extrinsic_curvature, &bends),
        ] {
            let found = found.unwrap();
            for (found, share) in [(found.q05, 0.05), (found.median, 0.5), (found.q95, 0.95)] {
                check(found, values, share);
            }
        }
        match measured.scalar_curvature {
            Some(found) => check(found.median, &scalars, 0.5),
            None => assert_eq!(latent, 1),
        }
    }
}

/// The condition is that of the longest and the shortest of all directions of one length.
#[test]
fn the_condition_compares_the_most_and_the_least_stretched_direction() {
    let model = model(5, 2, Activation::Tanh);
    let h = 5e-3;
    let plain = autoencoder(&model.network, &doubles(&model.parameters));
    let z = [0.3, -0.7];
    let z_f64 = z.map(f64::from);
    let found = decoder_derivatives(&model, &z, 1, &Twin, |d| {
        Metric::new(&d.first, 2).unwrap().condition()
    })
    .unwrap()[0];
    let stretched = |angle: f64| {
        let [_, jv, _] = crate::plain::difference::directional(
            h,
            |z| plain.f(z),
            &z_f64,
            &[angle.cos(), angle.sin()],
        );
        crate::plain::dot(&jv, &jv)
    };
    let all: Vec<f64> = (0..20_000)
        .map(|i| stretched(std::f64::consts::PI * f64::from(i) / 20_000.0))
        .collect();
    let (least, most) = all.iter().fold((f64::MAX, 0.0_f64), |(least, most), s| {
        (least.min(*s), most.max(*s))
    });
    assert_close(&[found], &[most / least], 1e-4, "condition");
}
