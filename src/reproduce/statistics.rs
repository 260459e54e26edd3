//! Means over runs, and whether two methods differ.

/// `values` without the least and the largest, where there are at least four.
pub(super) fn trim(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    if values.len() >= 4 {
        values = values[1..values.len() - 1].to_vec();
    }
    values
}

/// Mean and standard deviation (n - 1) of `values`. `None` if there are none; one value has no
/// deviation.
pub(super) fn summary(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    let deviation = (squares.sum::<f64>() / (count - 1.0)).sqrt();
    match values.len() {
        0 => None,
        1 => Some((mean, None)),
        _ => Some((mean, Some(deviation))),
    }
}

/// The p-value of Wilcoxon's signed-rank test of pairs of values, two-sided and exact: over all signs
/// that the ranked differences could have. `None` below five differences other than zero, or above 30.
/// Values may be infinite, as errors of runs that diverged are: two of the same sign do not differ.
pub(super) fn signed_rank_test(pairs: &[(f64, f64)]) -> Option<f64> {
    let mut differences: Vec<f64> = pairs
        .iter()
        .filter(|(a, b)| a != b)
        .map(|(a, b)| a - b)
        .collect();
    let count = differences.len();
    if !(5..=30).contains(&count) {
        return None;
    }
    differences.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    // Twice the ranks, which are whole numbers also where ties share their mean.
    let mut ranks = Vec::new();
    for group in differences.chunk_by(|a, b| a.abs() == b.abs()) {
        let first = ranks.len();
        ranks.extend(vec![2 * first + group.len() + 1; group.len()]);
    }
    let positive: usize = ranks
        .iter()
        .zip(&differences)
        .filter(|(_, d)| **d > 0.0)
        .map(|(rank, _)| rank)
        .sum();
    let all: usize = ranks.iter().sum();
    // How many choices of signs give each sum of the positive ranks.
    let mut ways = vec![0.0; all + 1];
    ways[0] = 1.0;
    for rank in ranks {
        for sum in (rank..=all).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let tail: f64 = ways[..=positive.min(all - positive)].iter().sum();
    Some((2.0 * tail / 2_f64.powi(count as i32)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_and_the_worst_are_left_out() {
        assert_eq!(summary(&[]), None);
        assert_eq!(summary(&[3.0]), Some((3.0, None)));
        assert_eq!(trim(vec![9.0, 1.0, 2.0, 4.0]), [2.0, 4.0]);
        assert_eq!(summary(&[2.0, 4.0]), Some((3.0, Some(2_f64.sqrt()))));
        assert_eq!(trim(vec![9.0, 1.0, 2.0]), [1.0, 2.0, 9.0]);
        assert_eq!(trim(vec![f64::INFINITY, 1.0, 2.0, 4.0]), [2.0, 4.0]);
    }

    /// Values of scipy.stats.wilcoxon(method="exact"); with ties, of all signs counted by hand.
    #[test]
    fn the_rank_test_is_exact() {
        let p = |differences: &[f64]| {
            signed_rank_test(&differences.iter().map(|d| (*d, 0.0)).collect::<Vec<_>>())
        };
        assert_eq!(p(&[1.0, 2.0, 3.0, 4.0]), None);
        assert_eq!(p(&[1.0, 2.0, 3.0, 4.0, 5.0]), Some(0.0625));
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(p(&ten), Some(2.0 / 1024.0));
        assert_eq!(p(&[-1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), Some(0.0625));
        assert_eq!(p(&[-1.0, 2.0, -3.0, 4.0, -5.0, 6.0]), Some(0.84375));
        // Ranks 3, 3, 3, 3, 3 of five ties: sums below or at 3 are one sign of five, or none.
        assert_eq!(p(&[-1.0, 1.0, 1.0, 1.0, 1.0]), Some(2.0 * 6.0 / 32.0));
        // What is infinite has the largest rank; infinite on both sides is no difference.
        let infinite = f64::INFINITY;
        assert_eq!(p(&[1.0, 2.0, 3.0, 4.0, infinite]), Some(0.0625));
        assert_eq!(p(&[1.0, 2.0, 3.0, 4.0, -infinite]), Some(0.625));
        let mut pairs = vec![(infinite, infinite)];
        pairs.extend((1..=5).map(|d| (f64::from(d), 0.0)));
        assert_eq!(signed_rank_test(&pairs), Some(0.0625));
    }
}
