//! What went wrong in a run, in words, each with what to try.

use super::Record;
use super::unrolling::{LEAST_SAMPLES, MOST_DIMENSIONS, NEIGHBOURS, is_unrolling};
use crate::embedding::{kept_order, singular_values};
use crate::error::Result;

/// How far above its least value a loss may end.
const RISE: f64 = 1.2;
/// Epochs below which a rise says nothing.
const LEAST_EPOCHS: usize = 20;
/// The share of the widest direction's variance that another direction must have to count.
const LEAST_VARIANCE: f64 = 1e-3;
/// The rank correlation with path lengths that folded latents stay below.
const FOLDED: f64 = 0.85;
/// The rank correlation with the coordinate of a curve that an ordering has.
const ORDERED: f64 = 0.95;

/// When the training loss is higher at the end than it was: the mean over the last tenth of the
/// epochs against the least mean over as many, from the end of the warm-up on.
pub(super) fn rising_loss(records: &[Record], warm_up: usize) -> Option<String> {
    let records = &records[warm_up.min(records.len())..];
    if records.len() < LEAST_EPOCHS {
        return None;
    }
    let length = records.len() / 10;
    let windows = records.windows(length).map(|window| {
        let sum: f64 = window.iter().map(|record| record.loss).sum();
        (sum / length as f64, window[length - 1].epoch)
    });
    let (last, _) = windows.clone().next_back()?;
    let (least, epoch) = windows.min_by(|a, b| a.0.total_cmp(&b.0))?;
    (last > RISE * least).then(|| {
        format!(
            "the training loss rose from {least:.4} about epoch {epoch} to {last:.4} at the end: try a lower --lr, --schedule cosine, \
             --scaling auto, --set train.grad_clip_norm=1, or --method nrae-l in the place of nrae-q"
        )
    })
}

/// When `error` on the `samples` of a `split` is above that of as many principal components.
pub(crate) fn worse_than_pca(
    (split, samples): (&str, usize),
    error: f64,
    pca: f64,
    latent: usize,
) -> Option<String> {
    (error > pca).then(|| {
        format!(
            "the {split} MSE {error:.6} on {samples} samples is worse than that of PCA with {latent} {}, {pca:.6}: train longer (--epochs), \
             look at --scaling and --lr, or compare with --method ae",
            if latent == 1 { "dimension" } else { "dimensions" }
        )
    })
}

/// When the latents `latents` [samples, latent] fill fewer dimensions than they have: the eigenvalues of
/// their covariance. No more samples than dimensions say nothing.
///
/// # Errors
/// When the eigenvalue problem is not solved.
pub(crate) fn collapsed_latents(latents: &[f32], latent: usize) -> Result<Option<String>> {
    let samples = latents.len() / latent;
    if samples <= latent {
        return Ok(None);
    }
    let mut mean = vec![0.0; latent];
    let rows = || latents.chunks_exact(latent);
    for row in rows() {
        mean.iter_mut()
            .zip(row)
            .for_each(|(sum, &value)| *sum += f64::from(value) / samples as f64);
    }
    let mut covariance = vec![0.0; latent * latent];
    for row in rows() {
        for i in 0..latent {
            for j in 0..latent {
                covariance[i * latent + j] +=
                    (f64::from(row[i]) - mean[i]) * (f64::from(row[j]) - mean[j]) / samples as f64;
            }
        }
    }
    let variances = singular_values(&covariance, latent)?;
    let level = mean.iter().map(|mean| mean * mean).sum::<f64>().max(1.0);
    let filled = variances
        .iter()
        .filter(|&&variance| variance > LEAST_VARIANCE * variances[0] && variance > 1e-12 * level)
        .count();
    let what = match filled {
        _ if filled == latent => return Ok(None),
        0 => "all latents are the same point".into(),
        1 => format!("the latents lie on a line, though there are {latent} dimensions"),
        _ => format!("the latents fill only {filled} of their {latent} dimensions"),
    };
    Ok(Some(format!(
        "{what}: try --scaling auto, a lower --lr, more --epochs, or --latent {}",
        filled.max(1)
    )))
}

/// When the data unroll into as many dimensions as `latents` [samples, latent] have, and into no
/// fewer, and these do not follow them: a curve may lie in a plane as it likes. Judged by the lengths of paths between neighbours among `points` [samples,
/// features].
///
/// # Errors
/// When an eigenvalue problem is not solved.
pub(crate) fn folded_latents(
    points: &[f32],
    features: usize,
    latents: &[f32],
    latent: usize,
) -> Result<Option<String>> {
    let samples = points.len() / features;
    if latent > MOST_DIMENSIONS || samples < LEAST_SAMPLES {
        return Ok(None);
    }
    let kept = kept_order(points, features, latents, latent, NEIGHBOURS)?;
    let unrolls = kept.filter(|[_, best, fewer]| is_unrolling([*best, *fewer]));
    if latent == 1 {
        let along = "the place of a sample along paths between neighbours";
        return Ok(unrolls.and_then(|[of_latents, ..]| lost_order(of_latents, along)));
    }
    Ok(unrolls
        .filter(|[of_latents, ..]| *of_latents < FOLDED)
        .map(|[of_latents, best, _]| {
            format!(
                "the latents are folded: samples that lie far apart along the data share latents (rank correlation of latent distances \
                 with paths along the data {of_latents:.2}, where an unrolling has {best:.2}): try another --seed, \
                 --k {NEIGHBOURS}, more --epochs, or --method nrae-q if it is another"
            )
        }))
}

/// When the one latent does not follow the coordinate of a curve: their rank `correlation`. `what` the
/// coordinate is.
pub(crate) fn lost_order(correlation: f64, what: &str) -> Option<String> {
    (correlation.abs() < ORDERED).then(|| {
        format!(
            "the latent does not follow the curve: its rank correlation with {what} is {correlation:.2}, where 1 or -1 is \
             perfect order. Try another --seed, --k {NEIGHBOURS}, more --epochs, or --method nrae-q if it is another"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(losses: impl IntoIterator<Item = f64>) -> Vec<Record> {
        let record = |(epoch, loss)| Record {
            epoch: epoch + 1,
            step: epoch + 1,
            loss,
            parts: Default::default(),
            lr: 1e-3,
            train_mse: None,
            validation_mse: None,
        };
        losses.into_iter().enumerate().map(record).collect()
    }

    #[test]
    fn a_loss_that_rises_is_told_from_a_noisy_one() {
        let noise = |epoch: usize| 1.0 + 0.3 * (epoch % 2) as f64;
        let falling = (0..100).map(|epoch| noise(epoch) / (1.0 + epoch as f64));
        assert_eq!(rising_loss(&records(falling), 0), None);
        let flat = (0..100).map(noise);
        assert_eq!(rising_loss(&records(flat), 0), None);
        // As an unscaled run does: 7.9 in epoch 40, 13.2 in epoch 100.
        let bathtub = |epoch: usize| 7.9 + 0.088 * (epoch as f64 - 40.0).abs();
        let told = rising_loss(&records((0..100).map(bathtub)), 0).unwrap();
        assert!(
            told.contains("rose from 8.1") && told.contains("--lr"),
            "{told}"
        );
        // A term's weight that rises is no fault; nor are three epochs.
        assert_eq!(
            rising_loss(&records((0..100).map(|e| e.min(70) as f64 + 1.0)), 60),
            None
        );
        assert_eq!(rising_loss(&records([1.0, 2.0, 3.0]), 0), None);
    }

    #[test]
    fn latents_that_fill_fewer_dimensions_are_counted() {
        let told = |latents: &[f32], latent| collapsed_latents(latents, latent).unwrap();
        assert_eq!(told(&[0.0, 1.0, 1.0, 0.0, 2.0, 5.0], 2), None);
        assert_eq!(told(&[3.0, 4.0, 5.0], 1), None);
        let line = told(&[0.0, 1.0, 1.0, 3.0, 2.0, 5.0, 3.0, 7.0], 2).unwrap();
        assert!(
            line.contains("on a line") && line.contains("--latent 1"),
            "{line}"
        );
        let plane = [0.0, 1.0, 9.0, 1.0, 0.0, 9.0, 2.0, 7.0, 9.0, 4.0, 4.0, 9.0];
        assert!(told(&plane, 3).unwrap().contains("only 2 of their 3"));
        assert!(told(&[2.0; 8], 2).unwrap().contains("the same point"));
    }

    #[test]
    fn a_part_of_a_curve_that_is_out_of_order_is_told() {
        let angles = (0..60).map(|i| std::f32::consts::TAU * i as f32 / 59.0);
        let roll: Vec<f32> = angles
            .flat_map(|t| [t.cos(), t.sin()].map(|side| (0.1 + 0.143 * t) * side))
            .collect();
        let ordered: Vec<f32> = (0..60).map(|i| i as f32).collect();
        let told = |latents: &[f32]| folded_latents(&roll, 2, latents, 1).unwrap();
        assert_eq!(told(&ordered), None);
        let turned = ordered.iter().map(|place| -3.0 * place).collect::<Vec<_>>();
        assert_eq!(told(&turned), None);
        // The first 20 of them the other way round: distances keep a rank correlation of 0.88.
        let mut part = ordered;
        part[..20].reverse();
        let text = told(&part).unwrap();
        assert!(text.contains("does not follow the curve"), "{text}");
        assert!(text.contains("0.93"), "{text}");
    }

    #[test]
    fn an_error_above_that_of_pca_is_told() {
        assert_eq!(worse_than_pca(("test", 9), 1.0, 1.5, 2), None);
        let told = worse_than_pca(("test", 9), 2.0, 1.5, 2).unwrap();
        assert!(
            told.contains("test MSE 2.000000 on 9 samples")
                && told.contains("PCA with 2 dimensions, 1.5"),
            "{told}"
        );
    }
}
