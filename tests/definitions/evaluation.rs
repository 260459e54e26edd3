//! What a trained model is measured by.

use crate::glue::{Twin, assert_close, autoencoder, doubles, numbers, parameters, rows, singles};
use crate::plain::measure::{log_normal, preservation, psnr, quantile, rank_correlation};
use crate::plain::random::Words;
use crate::plain::squared_distance;
use crate::plain::term::{kl, reparametrised};
use nrae::data::{Scaling, ScalingKind, Values};
use nrae::eval::{self, Elbo, Preservation, Quantiles};
use nrae::model::Model;
use nrae::net::{Activation, Network};
use nrae::random::Stream;

const SAMPLES: usize = 300;

/// A model of vectors with a scaling for each feature, and raw samples for it, scaled ones last.
fn model(variational: bool) -> (Model, Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let network = Network::mlp(&[4], &[6], 2, Activation::Tanh, Activation::Linear).unwrap();
    let network = if variational {
        network.into_variational().unwrap()
    } else {
        network
    };
    let parameters = singles(&parameters(&network, 2));
    let (shift, scale) = (vec![1.0, -2.0, 0.0, 0.5], vec![2.0, 4.0, 0.5, 1.0]);
    let raw: Vec<Vec<f64>> = rows(3, SAMPLES, 4);
    let scaled = |row: &Vec<f64>| {
        (0..4)
            .map(|i| (row[i] - f64::from(shift[i])) / f64::from(scale[i]))
            .collect()
    };
    let all = raw.iter().map(scaled).collect();
    (
        Model {
            network,
            parameters,
            scaling: Scaling {
                kind: ScalingKind::Unit,
                shift,
                scale,
            },
        },
        raw,
        all,
    )
}

#[test]
fn models_encode_decode_and_reconstruct_in_the_units_of_the_data() {
    for variational in [false, true] {
        let (model, raw, scaled) = model(variational);
        let plain = autoencoder(&model.network, &doubles(&model.parameters), 1e-3);
        let values = Values::Floats(singles(&raw.concat()));
        // A variational encoder's codes are its means.
        let codes: Vec<f64> = scaled
            .iter()
            .flat_map(|x| plain.g(x)[..2].to_vec())
            .collect();
        assert_close(
            &doubles(&model.encode(&values, &Twin).unwrap()),
            &codes,
            1e-6,
            "codes",
        );
        let decoded: Vec<f64> = codes.chunks(2).flat_map(|z| plain.f(z)).collect();
        let unscaled = |at: usize, y: f64| {
            f64::from(model.scaling.shift[at % 4]) + f64::from(model.scaling.scale[at % 4]) * y
        };
        let expected: Vec<f64> = decoded
            .iter()
            .enumerate()
            .map(|(at, y)| unscaled(at, *y))
            .collect();
        assert_close(
            &doubles(&model.reconstruct(&values, &Twin).unwrap()),
            &expected,
            1e-6,
            "reconstructions",
        );
        assert_close(
            &doubles(&model.decode(&singles(&codes), &Twin).unwrap()),
            &expected,
            1e-6,
            "decoded codes",
        );
        let mse = squared_distance(&scaled.concat(), &decoded) / decoded.len() as f64;
        assert_close(
            &[model.mean_squared_error(&values, &Twin).unwrap()],
            &[mse],
            1e-6,
            "MSE",
        );
        assert_close(&[eval::psnr(mse, 2.5)], &[psnr(mse, 2.5)], 1e-12, "PSNR");
    }
}

/// E log p(x | z) - KL(q(z | x) || N(0, I)), one code for each sample.
#[test]
fn the_evidence_lower_bound_is_its_definition() {
    let (model, raw, scaled) = model(true);
    let plain = autoencoder(&model.network, &doubles(&model.parameters), 1e-3);
    let values = Values::Floats(singles(&raw.concat()));
    let mut words = Words::new(9, Stream::Code as u32, 0);
    let (mut pairs, mut divergence) = (Vec::new(), 0.0);
    for x in &scaled {
        let heads = plain.g(x);
        let noise = [words.normal(), words.normal()];
        divergence += kl(&heads[..2], &heads[2..]) / SAMPLES as f64;
        pairs.push((
            x.clone(),
            plain.f(&reparametrised(&heads[..2], &heads[2..], &noise)),
        ));
    }
    let likelihood = |variance: f64| {
        pairs
            .iter()
            .map(|(x, y)| log_normal(x, y, variance))
            .sum::<f64>()
            / SAMPLES as f64
    };
    let found = Elbo::measure(&model, &values, Some(0.3), 9, &Twin)
        .unwrap()
        .unwrap();
    assert_close(
        &[found.elbo, found.variance],
        &[likelihood(0.3) - divergence, 0.3],
        1e-6,
        "ELBO",
    );
    assert_close(&[found.divergence], &[divergence], 1e-6, "KL");
    // Without a variance it is the most likely one.
    let best = Elbo::measure(&model, &values, None, 9, &Twin)
        .unwrap()
        .unwrap();
    assert_close(
        &[best.elbo],
        &[likelihood(best.variance) - divergence],
        1e-6,
        "ELBO",
    );
    for other in [0.99, 1.01] {
        assert!(likelihood(best.variance) > likelihood(other * best.variance));
    }
}

#[test]
fn neighbourhoods_are_preserved_by_the_definitions_of_venna_and_kaski() {
    for k in [1, 5, 17] {
        let data = rows(1, 60, 3);
        let noise = numbers(2, 120);
        // Rounded, so that there are ties.
        let code = |i: usize, c: usize| ((data[i][c] + 0.7 * noise[2 * i + c]) * 6.0).round();
        let codes: Vec<Vec<f64>> = (0..60).map(|i| vec![code(i, 0), code(i, 1)]).collect();
        let found =
            Preservation::measure(&singles(&data.concat()), 3, &singles(&codes.concat()), 2, k)
                .unwrap();
        let (trustworthiness, continuity, recall) = preservation(&data, &codes, k);
        assert_eq!((found.k, found.samples), (k, 60));
        let found = [found.trustworthiness, found.continuity, found.recall];
        assert_close(
            &found,
            &[trustworthiness, continuity, recall],
            1e-12,
            &format!("k {k}"),
        );
    }
}

#[test]
fn ranks_and_quantiles_follow_their_definitions() {
    for levels in [2.0, 5.0, 1e6] {
        let noise = numbers(4, 40);
        let a: Vec<f64> = numbers(3, 40)
            .iter()
            .map(|x| (x * levels).round())
            .collect();
        let b: Vec<f64> = (0..40)
            .map(|i| ((0.3 * noise[i] - a[i] / levels) * levels).round())
            .collect();
        let found = nrae::eval::rank_correlation(&singles(&a), &singles(&b)).unwrap();
        assert_close(
            &[found],
            &[rank_correlation(&a, &b)],
            1e-12,
            "rank correlation",
        );
        let found = Quantiles::of(b.clone()).unwrap();
        let expected = [0.05, 0.5, 0.95].map(|share| quantile(&b, share));
        assert_close(
            &[found.q05, found.median, found.q95],
            &expected,
            1e-12,
            "quantiles",
        );
    }
}
