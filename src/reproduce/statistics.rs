//! Means over runs, and whether two methods differ.

/// Mean and standard deviation (n - 1) of `values`, after leaving out the least and the largest where
/// `trimmed` and there are at least four. `None` if there are none; one value has no deviation.
pub(super) fn summary(values: &[f64], trimmed: bool) -> Option<(f64, Option<f64>)> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    if trimmed && values.len() >= 4 {
        values = values[1..values.len() - 1].to_vec();
    }
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
pub(super) fn signed_rank_test(pairs: &[(f64, f64)]) -> Option<f64> {
    let mut differences: Vec<f64> = pairs
        .iter()
        .map(|(a, b)| a - b)
        .filter(|d| *d != 0.0)
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
        assert_eq!(summary(&[], true), None);
        assert_eq!(summary(&[3.0], true), Some((3.0, None)));
        assert_eq!(
            summary(&[9.0, 1.0, 2.0, 4.0], true),
            Some((3.0, Some(2_f64.sqrt())))
        );
        assert_eq!(summary(&[9.0, 1.0, 2.0], true).unwrap().0, 4.0);
        assert_eq!(summary(&[9.0, 1.0, 2.0, 4.0], false).unwrap().0, 4.0);
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
    }
}
