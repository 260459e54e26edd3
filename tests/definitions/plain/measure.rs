//! What a trained model is measured by.

use super::graph::{euclidean, nearest};
use std::f64::consts::PI;

/// 10 log10(peak^2 / MSE)
pub fn psnr(mse: f64, peak: f64) -> f64 {
    20.0 * peak.log10() - 10.0 * mse.log10()
}

/// Spearman's correlation: Pearson's of the ranks, where equal values share their mean rank.
pub fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let rank = |values: &[f64], i: usize| {
        let below = values.iter().filter(|value| **value < values[i]).count() as f64;
        let equal = values.iter().filter(|value| **value == values[i]).count() as f64;
        below + (equal + 1.0) / 2.0
    };
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    let mean = (a.len() as f64 + 1.0) / 2.0;
    for i in 0..a.len() {
        let (x, y) = (rank(a, i) - mean, rank(b, i) - mean);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    ab / (aa * bb).sqrt()
}

/// (trustworthiness, continuity, recall) of codes for data (Venna and Kaski 2001), with places
/// among all others by sorting.
pub fn preservation(data: &[Vec<f64>], codes: &[Vec<f64>], k: usize) -> (f64, f64, f64) {
    let n = data.len();
    let (in_data, in_codes) = (
        nearest(data, n - 1, euclidean),
        nearest(codes, n - 1, euclidean),
    );
    let place = |lists: &[Vec<(usize, f64)>], i: usize, j: usize| {
        1 + lists[i].iter().position(|(other, _)| *other == j).unwrap()
    };
    let (mut pushed_in, mut pushed_out, mut kept) = (0, 0, 0);
    for i in 0..n {
        for (j, _) in &in_codes[i][..k] {
            let rank = place(&in_data, i, *j);
            if rank > k {
                pushed_in += rank - k;
            } else {
                kept += 1;
            }
        }
        for (j, _) in &in_data[i][..k] {
            let rank = place(&in_codes, i, *j);
            if rank > k {
                pushed_out += rank - k;
            }
        }
    }
    let (n, k) = (n as f64, k as f64);
    let scale = 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0));
    (
        1.0 - scale * pushed_in as f64,
        1.0 - scale * pushed_out as f64,
        kept as f64 / (n * k),
    )
}

/// log N(x; mean, variance I)
pub fn log_normal(x: &[f64], mean: &[f64], variance: f64) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        sum += -0.5 * (2.0 * PI * variance).ln() - (x[i] - mean[i]).powi(2) / (2.0 * variance);
    }
    sum
}

/// The value below which a share of the sorted values lies, interpolated between two as NumPy does.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len() - 1) as f64;
    let (low, high) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    low + (high - low) * place.fract()
}
