//! Which samples a picture of reconstructions shows.

use super::PlotInputs;
use crate::engine::Stack;
use crate::error::Result;
use crate::executor::Executor;

/// Samples that are compared, at most.
const MOST_SAMPLES: usize = 1000;

/// Samples with their reconstructions, from the least error to the largest.
pub(super) struct Chosen {
    /// [count, features], scaled.
    pub(super) data: Vec<f32>,
    /// Likewise.
    pub(super) reconstruction: Vec<f32>,
    /// [count], the mean squared error per element.
    pub(super) errors: Vec<f64>,
    /// How many samples they are chosen from.
    pub(super) among: usize,
}

impl PlotInputs<'_> {
    /// The `each` best, `each` about the median and the `each` worst of the samples to show; all of
    /// them where there are fewer.
    pub(super) fn chosen(&self, each: usize, executor: &dyn Executor) -> Result<Chosen> {
        let samples = self.shown().1.take(MOST_SAMPLES);
        let data = self.model.scaling.apply(&samples.values);
        let reconstruction = self.model.apply(Stack::Whole, &data, executor)?;
        let n = self.model.network.features();
        let row = |values: &[f32], i: usize| values[i * n..][..n].to_vec();
        let error = |i: usize| {
            let pairs = data[i * n..][..n].iter().zip(&reconstruction[i * n..]);
            pairs.map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>() / n as f64
        };
        let errors: Vec<f64> = (0..samples.samples).map(error).collect();
        let rows = best_median_worst(&errors, each);
        Ok(Chosen {
            data: rows.iter().flat_map(|&i| row(&data, i)).collect(),
            reconstruction: rows.iter().flat_map(|&i| row(&reconstruction, i)).collect(),
            errors: rows.iter().map(|&i| errors[i]).collect(),
            among: errors.len(),
        })
    }
}

/// The indices of the `each` smallest, the `each` middle and the `each` largest `errors`, ascending
/// by error.
fn best_median_worst(errors: &[f64], each: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..errors.len()).collect();
    order.sort_by(|&a, &b| errors[a].total_cmp(&errors[b]));
    let count = order.len();
    if count <= 3 * each {
        return order;
    }
    let middle = (count - each) / 2;
    [0, middle, count - each]
        .into_iter()
        .flat_map(|first| order[first..first + each].iter().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_the_middle_and_the_worst_are_chosen() {
        let errors: Vec<f64> = (0..11).map(|i| f64::from(i * 7 % 11)).collect();
        let of = |each| -> Vec<f64> {
            best_median_worst(&errors, each)
                .iter()
                .map(|&i| errors[i])
                .collect()
        };
        assert_eq!(of(1), [0.0, 5.0, 10.0]);
        assert_eq!(of(3), [0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 8.0, 9.0, 10.0]);
        assert_eq!(of(4).len(), 11);
        assert!(best_median_worst(&[], 2).is_empty());
    }
}
