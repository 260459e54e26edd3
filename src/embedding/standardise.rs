//! Coordinates of mean 0 and variance 1.

/// Spreads below this share of the widest dimension's are rounding.
const NEGLIGIBLE: f64 = 1e-6;

/// Brings every dimension of `embedding` [samples, dimensions] to mean 0 and standard deviation 1
/// (over N, not N - 1), as GRAE takes its target. A dimension that the samples do not use, with
/// next to no spread compared with the widest, becomes zeros.
pub fn standardise(embedding: &mut [f32], dimensions: usize) {
    let column = |embedding: &[f32], k: usize| {
        embedding
            .iter()
            .skip(k)
            .step_by(dimensions)
            .map(|&v| f64::from(v))
            .collect::<Vec<_>>()
    };
    let moments: Vec<(f64, f64)> = (0..dimensions)
        .map(|k| {
            let values = column(embedding, k);
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (
                mean,
                (values
                    .iter()
                    .map(|value| (value - mean).powi(2))
                    .sum::<f64>()
                    / values.len() as f64)
                    .sqrt(),
            )
        })
        .collect();
    let widest = moments
        .iter()
        .fold(0.0, |widest: f64, &(_, deviation)| widest.max(deviation));
    for (k, (mean, deviation)) in moments.into_iter().enumerate() {
        let factor = if deviation > NEGLIGIBLE * widest {
            1.0 / deviation
        } else {
            0.0
        };
        embedding
            .iter_mut()
            .skip(k)
            .step_by(dimensions)
            .for_each(|value| *value = ((f64::from(*value) - mean) * factor) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dimension_gets_mean_zero_and_variance_one() {
        let mut embedding = [1.0, 500.0, 7.0, 3.0, 300.0, 7.0];
        standardise(&mut embedding, 3);
        assert_eq!(embedding, [-1.0, 1.0, 0.0, 1.0, -1.0, 0.0]);
        standardise(&mut [], 2);
        let mut still = [4.0; 6];
        standardise(&mut still, 2);
        assert_eq!(still, [0.0; 6]);
    }
}
