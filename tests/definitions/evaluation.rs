//! What a trained model is measured by.

use crate::glue::{
    SMOOTH, Twin, assert_close, autoencoder, doubles, numbers, parameters, rows, singles,
};
use crate::plain::autoencoder::expansion;
use crate::plain::difference::{directional, slope};
use crate::plain::measure::{log_normal, preservation, psnr, quantile, rank_correlation};
use crate::plain::random::Words;
use crate::plain::term::{kl, reparametrised};
use crate::plain::{dot, squared_distance};
use nrae::data::{Scaling, ScalingKind, Values};
use nrae::eval::{self, Elbo, Preservation, Quantiles};
use nrae::model::Model;
use nrae::net::{Activation, Network, Parameters};
use nrae::objective::Method;
use nrae::random::Stream;
use rand::RngExt;
use rand_distr::StandardNormal;

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
    let scaled = |row: &Vec<f64>| (0..4).map(|i| (row[i] - shift[i]) / scale[i]).collect();
    let all = raw.iter().map(scaled).collect();
    (
        Model {
            network,
            parameters,
            scaling: Scaling {
                kind: ScalingKind::Unit,
                shift,
                scale,
                doubles: false,
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
        let plain = autoencoder(&model.network, &doubles(&model.parameters));
        let values = Values::Floats(singles(&raw.concat()).into());
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
        let unscaled =
            |at: usize, y: f64| model.scaling.shift[at % 4] + model.scaling.scale[at % 4] * y;
        let expected: Vec<f64> = decoded
            .iter()
            .enumerate()
            .map(|(at, y)| unscaled(at, *y))
            .collect();
        assert_close(
            &doubles(&model.reconstruct(&values, &Twin).unwrap().to_floats()),
            &expected,
            1e-6,
            "reconstructions",
        );
        assert_close(
            &doubles(&model.decode(&singles(&codes), &Twin).unwrap().to_floats()),
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
    let plain = autoencoder(&model.network, &doubles(&model.parameters));
    let values = Values::Floats(singles(&raw.concat()).into());
    let mut words = Words::new(9, Stream::Code as u32, 0);
    let (mut pairs, mut divergence) = (Vec::new(), 0.0);
    for x in &scaled {
        let heads = plain.g(x);
        let noise: [f64; 2] = [words.sample(StandardNormal), words.sample(StandardNormal)];
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

/// f(z), J dz and dz^T H dz at more points than a batch has.
#[test]
fn jets_of_a_model_are_derivatives_of_its_decoder() {
    let (model, _, _) = model(false);
    let plain = autoencoder(&model.network, &doubles(&model.parameters));
    let (z, dz) = (rows(5, SAMPLES, 2), rows(6, SAMPLES, 2));
    let flat = [&z, &dz].map(|rows| singles(&rows.concat()));
    let found = eval::jets(&model, &flat[0], &flat[1], &Twin).unwrap();
    let mut expected = [Vec::new(), Vec::new(), Vec::new()];
    for (z, dz) in z.iter().zip(&dz) {
        let jet = directional(SMOOTH, |z| plain.f(z), z, dz);
        expected
            .iter_mut()
            .zip(jet)
            .for_each(|(all, slot)| all.extend(slot));
    }
    for (found, expected) in [&found.value, &found.jvp, &found.hvp]
        .into_iter()
        .zip(&expected)
    {
        assert_close(&doubles(found), expected, 1e-6, "a slot");
    }
}

/// mean of |x - f(g(x))|^2 + lambda |x' - f~(g(x'); g(x))|^2, summed over features, and its
/// gradient.
#[test]
fn gradients_of_a_model_are_those_of_its_loss() {
    let (model, _, scaled) = model(false);
    let arena = doubles(&model.parameters);
    let (centres, neighbours, lambda) = (&scaled[..5], &scaled[5..10], 0.375);
    for (method, order) in [("ae", 0), ("nrae-l", 1), ("nrae-q", 2)] {
        let loss = |arena: &[f64]| {
            let plain = autoencoder(&model.network, arena);
            let of_centre = |x: &[f64], other: &[f64]| {
                let (z, z_other) = (plain.g(x), plain.g(other));
                let neighbour = expansion(SMOOTH, |z| plain.f(z), &z, &z_other, order);
                let lambda = if order == 0 { 0.0 } else { lambda };
                squared_distance(x, &plain.f(&z)) + lambda * squared_distance(other, &neighbour)
            };
            (0..5)
                .map(|b| of_centre(&centres[b], &neighbours[b]))
                .sum::<f64>()
                / 5.0
        };
        let (x, others) = (singles(&centres.concat()), singles(&neighbours.concat()));
        let others = (order > 0).then_some(&others[..]);
        let method = Method::find(method).unwrap();
        let (found, gradient) =
            eval::gradient(&model, &method, &x, others, lambda as f32, &Twin).unwrap();
        assert_close(&[f64::from(found)], &[loss(&arena)], 1e-6, &method.name());
        let layout = Parameters::of(&model.network);
        for entry in &layout.entries {
            let direction = numbers(3, entry.len());
            let along = |t: f64| {
                let mut moved = arena.clone();
                (0..entry.len()).for_each(|i| moved[entry.offset + i] += t * direction[i]);
                loss(&moved)
            };
            let gradient = doubles(&gradient[entry.offset..][..entry.len()]);
            assert_close(
                &[dot(&gradient, &direction)],
                &[slope(1e-3, along)],
                1e-5,
                &entry.name,
            );
        }
    }
}
