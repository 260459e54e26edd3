//! Signs of trouble in a run, each with what to try next.

use super::measures::Measured;
use crate::train::{Config, Record};
use serde_json::Value;

/// How far above its least value the validation error may end.
const RISE: f64 = 1.2;
/// Evaluations below which a rise says nothing.
const LEAST_EVALUATIONS: usize = 10;
/// The share of the data's variance that may be left.
const MOST_LEFT: f64 = 0.9;
/// Trustworthiness below which latent neighbours are far apart in the data.
const LEAST_TRUST: f64 = 0.75;
/// How far below PCA's trustworthiness may be.
const LEAST_OF_PCA: f64 = 0.05;
/// Beyond this a nearest neighbour is hardly nearer than any other sample.
const MOST_NEARNESS: f64 = 0.9;
/// Standard deviations of features that were not scaled: the largest, and by how much they differ.
const DEVIATIONS: (f64, f64) = (10.0, 30.0);
/// The share of latents at which the decoder may be flat in some direction.
const MOST_SINGULAR: f64 = 0.2;
/// The fall of the loss over the last tenth of the epochs that asks for more.
const FALL: f64 = 0.05;

/// A sign of trouble: what it is, and what was seen with what to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sign {
    pub(super) word: &'static str,
    pub(super) text: String,
}

/// What is seen in a run whose `result.json` is `result`; none where all is well.
pub(super) fn signs(
    config: &Config,
    result: &Value,
    records: &[Record],
    measured: Option<&Measured>,
) -> Vec<Sign> {
    let sign = |word| move |text| Sign { word, text };
    let warned = result["warnings"].as_array().into_iter().flatten();
    let mut found: Vec<Sign> = warned
        .filter_map(Value::as_str)
        .map(|text| Sign {
            word: word_of(text),
            text: sentence(text),
        })
        .collect();
    found.extend(nothing_learned(result).map(sign("Collapsed.")));
    found.extend(rising_validation(records).map(sign("Validation rose.")));
    if let Some(measured) = measured {
        found.extend(far_apart(measured).map(sign("Neighbours far apart.")));
        found.extend(not_near(measured, config).map(sign("No near neighbours.")));
        found.extend(unscaled(measured, result).map(sign("Unscaled data.")));
        found.extend(flat(measured).map(sign("Flat decoder.")));
    }
    found
}

/// The word for a warning of the run, by what it speaks of.
fn word_of(warning: &str) -> &'static str {
    match warning {
        text if text.contains("does not follow the curve") => "Out of order.",
        text if text.contains("folded") => "Folded.",
        text if text.contains("latents") => "Collapsed.",
        text if text.contains("PCA") => "Worse than PCA.",
        text if text.contains("rose") => "The loss rose.",
        _ => "Warning.",
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{}{}{stop}", first.unwrap_or_default(), letters.as_str())
}

/// When reconstructions leave nearly all of the data's variance.
fn nothing_learned(result: &Value) -> Option<String> {
    let of = |split: &str| result["errors"][split]["relative"].as_f64();
    let left = of("train")?;
    (left > MOST_LEFT).then(|| {
        format!(
            "The decoder gives hardly more than the mean of the data: {:.0} % of the training data's variance is left, as if the latents said nothing. Try more `--epochs`, \
             another `--lr`, `--scaling auto`, and for a variational autoencoder a smaller `--set kl.weight`.",
            100.0 * left
        )
    })
}

/// When the validation error ends well above its least value: means over a tenth of the evaluations.
fn rising_validation(records: &[Record]) -> Option<String> {
    let measured = |r: &Record| Some((r.epoch, r.validation_mse?));
    let errors: Vec<(usize, f64)> = records.iter().filter_map(measured).collect();
    if errors.len() < LEAST_EVALUATIONS {
        return None;
    }
    let length = (errors.len() / 10).max(2);
    let mean = |window: &[(usize, f64)]| window.iter().map(|e| e.1).sum::<f64>() / length as f64;
    let last = mean(&errors[errors.len() - length..]);
    let least = errors
        .windows(length)
        .map(mean)
        .fold(f64::INFINITY, f64::min);
    let (epoch, _) = errors.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    (last > RISE * least).then(|| {
        format!(
            "The validation error is least in epoch {epoch} and {:.0} % above that at the end; the saved model is that of epoch {epoch}. \
             Try fewer `--epochs`, more data, a smaller `--hidden`, or a larger `--lambda`.",
            100.0 * (last / least - 1.0)
        )
    })
}

/// When latent neighbours are no neighbours in the data.
fn far_apart(measured: &Measured) -> Option<String> {
    let trust = measured.neighbourhoods?.trustworthiness;
    let of_pca = measured.of_pca.map(|found| found.trustworthiness);
    let beside = match of_pca {
        Some(pca) => format!(", that of as many principal components {pca:.3}"),
        None => String::new(),
    };
    let far = trust < LEAST_TRUST || of_pca.is_some_and(|pca| trust < pca - LEAST_OF_PCA);
    far.then(|| {
        format!(
            "Samples that are near in the latent space are often far apart in the data: their trustworthiness is {trust:.3}{beside}. Try \
             more dimensions (`--latent`), more `--epochs`, or another `--scaling`."
        )
    })
}

/// When the graph of neighbours joins what is not near.
fn not_near(measured: &Measured, config: &Config) -> Option<String> {
    let nearness = measured.nearness?;
    let uses_neighbours = config.method.starts_with("nrae");
    (uses_neighbours && nearness > MOST_NEARNESS).then(|| {
        format!(
            "A nearest neighbour is at {:.0} % of the distance of any two samples, so that neighbours say little about the manifold: try a \
             smaller `--lambda` or `--method ae`, more data, or features that vary together.",
            100.0 * nearness
        )
    })
}

/// When features were left as they are although their units differ or are large.
fn unscaled(measured: &Measured, result: &Value) -> Option<String> {
    let (least, largest) = measured.deviations;
    let far = largest > DEVIATIONS.0 || largest > DEVIATIONS.1 * least;
    (result["scaling"] == "none" && far).then(|| {
        format!(
            "The features were not scaled, and their standard deviations go from {least:.3} to {largest:.3}: the largest decide alone. Try \
             `--scaling auto`."
        )
    })
}

/// When the decoder is flat in some direction at many latents.
fn flat(measured: &Measured) -> Option<String> {
    let geometry = &measured.geometry;
    let share = geometry.singular as f64 / geometry.samples.max(1) as f64;
    (share > MOST_SINGULAR).then(|| {
        format!(
            "At {} of {} latents the decoder does not move in some direction, so some latent dimensions do nothing there: try a smaller \
             `--latent`, a curved `--activation`, or for a variational autoencoder a smaller `--set kl.weight`.",
            geometry.singular, geometry.samples
        )
    })
}

/// What may still be gained where nothing is wrong.
pub(super) fn hint(records: &[Record]) -> Option<String> {
    let length = (records.len() / 10).max(2);
    let end = records.len().checked_sub(2 * length)?;
    let mean = |records: &[Record]| {
        let sum: f64 = records.iter().map(|record| record.loss).sum();
        sum / length as f64
    };
    let (before, last) = (
        mean(&records[end..end + length]),
        mean(&records[end + length..]),
    );
    (last > 0.0 && last < before * (1.0 - FALL)).then(|| {
        format!(
            "The loss still fell by {:.0} % in the last tenth of the epochs: more `--epochs` may gain something.",
            100.0 * (1.0 - last / before)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{ManifoldMeasures, Preservation};
    use serde_json::json;

    fn preservation(trustworthiness: f64) -> Option<Preservation> {
        Some(Preservation {
            k: 10,
            samples: 100,
            trustworthiness,
            continuity: 0.9,
            recall: 0.5,
        })
    }

    fn good() -> Measured {
        Measured {
            neighbourhoods: preservation(0.95),
            of_pca: preservation(0.9),
            nearness: Some(0.4),
            geometry: ManifoldMeasures {
                samples: 50,
                singular: 0,
                log_determinant: None,
                condition: None,
                scalar_curvature: None,
                median_absolute_scalar_curvature: None,
                extrinsic_curvature: None,
            },
            deviations: (0.5, 1.0),
        }
    }

    fn words(result: &Value, errors: &[f64], measured: &Measured) -> Vec<&'static str> {
        let record = |(i, &error): (usize, &f64)| Record {
            epoch: i + 1,
            step: i + 1,
            loss: 1.0,
            parts: Default::default(),
            lr: 1e-3,
            train_mse: None,
            validation_mse: Some(error),
        };
        let records: Vec<Record> = errors.iter().enumerate().map(record).collect();
        let found = signs(&Config::default(), result, &records, Some(measured));
        found.iter().map(|sign| sign.word).collect()
    }

    #[test]
    fn each_sign_is_seen_and_a_good_run_has_none() {
        let fine =
            json!({"warnings": [], "errors": {"train": {"relative": 0.2}}, "scaling": "none"});
        let falling: Vec<f64> = (1..=40).map(|i| 1.0 / f64::from(i)).collect();
        assert!(words(&fine, &falling, &good()).is_empty());
        let rising: Vec<f64> = (0..40)
            .map(|i| 1.0 + f64::from((i - 10_i32).abs()))
            .collect();
        assert_eq!(words(&fine, &rising, &good()), ["Validation rose."]);
        let left = json!({"errors": {"train": {"relative": 0.97}}});
        assert_eq!(words(&left, &falling, &good()), ["Collapsed."]);
        let warned = json!({"warnings": ["the latents lie on a line, though", "the test MSE is worse than that of PCA", "the training loss rose"]});
        let expected = ["Collapsed.", "Worse than PCA.", "The loss rose."];
        assert_eq!(words(&warned, &falling, &good()), expected);
        let order = json!({"warnings": ["the latent does not follow the curve", "the latents are folded: samples"]});
        let expected = ["Out of order.", "Folded."];
        assert_eq!(words(&order, &falling, &good()), expected);
        type Change = fn(&mut Measured);
        let changes: [(&str, Change); 6] = [
            ("Neighbours far apart.", |m| {
                m.neighbourhoods = preservation(0.7)
            }),
            ("Neighbours far apart.", |m| {
                m.neighbourhoods = preservation(0.8)
            }),
            ("No near neighbours.", |m| m.nearness = Some(0.95)),
            ("Unscaled data.", |m| m.deviations = (1.0, 20.0)),
            ("Unscaled data.", |m| m.deviations = (0.01, 0.5)),
            ("Flat decoder.", |m| m.geometry.singular = 20),
        ];
        for (word, change) in changes {
            let mut measured = good();
            change(&mut measured);
            assert_eq!(words(&fine, &falling, &measured), [word]);
        }
    }

    #[test]
    fn a_loss_that_still_falls_asks_for_more_epochs() {
        let records = |of: fn(usize) -> f64| -> Vec<Record> {
            let record = |i: usize| Record {
                epoch: i,
                step: i,
                loss: of(i),
                parts: Default::default(),
                lr: 1e-3,
                train_mse: None,
                validation_mse: None,
            };
            (1..=40).map(record).collect()
        };
        assert!(hint(&records(|i| 1.0 / i as f64)).is_some());
        assert_eq!(hint(&records(|_| 1.0)), None);
        assert_eq!(hint(&[]), None);
    }
}
