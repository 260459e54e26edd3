//! Measures of the quality of a reconstruction or a latent space.

use serde::Serialize;

/// Peak signal-to-noise ratio in dB of a mean squared error, for data with values in an interval of
/// length `peak`.
pub fn psnr(mse: f64, peak: f64) -> f64 {
    10.0 * (peak * peak / mse).log10()
}

/// Spearman's rank correlation of two sequences of equal length; ties share their mean rank. `None`
/// if one of them is constant.
pub fn rank_correlation(a: &[f32], b: &[f32]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "one value of each for every sample");
    let wide = |values: &[f32]| {
        values
            .iter()
            .map(|&value| value.into())
            .collect::<Vec<f64>>()
    };
    let (a, b) = (ranks(&wide(a)), ranks(&wide(b)));
    let middle = (a.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - middle) * (b - middle))
            .sum::<f64>()
    };
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    (scale > 0.0).then(|| product(&a, &b) / scale)
}

/// Median and tails of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// 5 % of the values are below.
    pub q05: f64,
    /// Half of the values are below.
    pub median: f64,
    /// 95 % of the values are below.
    pub q95: f64,
}

impl Quantiles {
    /// The quantiles of `values`, with linear interpolation as in NumPy. `None` if there are none.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let below = place as usize;
            let above = (below + 1).min(last);
            values[below] + (place - below as f64) * (values[above] - values[below])
        };
        Some(Self {
            q05: at(0.05),
            median: at(0.5),
            q95: at(0.95),
        })
    }
}

/// Four digits of a number of any size.
pub(crate) fn short(value: f64) -> String {
    let magnitude = value.abs().log10().floor();
    match value {
        0.0 => "0".into(),
        _ if (-4.0..5.0).contains(&magnitude) => {
            format!("{value:.*}", (3.0 - magnitude).max(0.0) as usize)
        }
        _ => format!("{value:.3e}"),
    }
}

/// The ranks of `values` from 0; equal values share their mean rank.
pub(crate) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for group in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let mean = start as f64 + (group.len() - 1) as f64 / 2.0;
        group.iter().for_each(|&i| ranks[i] = mean);
        start += group.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits() {
        let texts = [0.0, 1.0, -0.012_345, 12_345.6, 99.999, 1e7, -2.5e-9].map(short);
        assert_eq!(
            texts,
            [
                "0",
                "1.000",
                "-0.01235",
                "12346",
                "100.00",
                "1.000e7",
                "-2.500e-9"
            ]
        );
    }

    #[test]
    fn rank_correlation_sees_order_only() {
        assert_eq!(
            rank_correlation(&[1.0, 2.0, 3.0], &[10.0, 11.0, 900.0]),
            Some(1.0)
        );
        assert_eq!(
            rank_correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]),
            Some(-1.0)
        );
        assert_eq!(rank_correlation(&[1.0, 1.0, 1.0], &[3.0, 2.0, 1.0]), None);
        // 1 - 6 (0 + 1/4 + 1/4) / 24 does not hold with ties; by hand: cov 1.5, variances 1.5 and
        // 2.
        let tied = rank_correlation(&[1.0, 1.0, 2.0], &[1.0, 2.0, 3.0]).unwrap();
        assert!((tied - 1.5 / 3.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(Quantiles::of(vec![]), None);
        assert_eq!(
            Quantiles::of(vec![7.0]),
            Some(Quantiles {
                q05: 7.0,
                median: 7.0,
                q95: 7.0
            })
        );
        // numpy.quantile([0, 1, 10, 20], [0.05, 0.5, 0.95])
        let found = Quantiles::of(vec![20.0, 0.0, 10.0, 1.0]).unwrap();
        approx::assert_abs_diff_eq!(
            [found.q05, found.median, found.q95][..],
            [0.15, 5.5, 18.5][..],
            epsilon = 1e-12
        );
    }

    #[test]
    fn psnr_of_known_errors() {
        assert!((psnr(0.01, 1.0) - 20.0).abs() < 1e-12 && (psnr(0.01, 10.0) - 40.0).abs() < 1e-12);
    }
}
