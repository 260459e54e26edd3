//! The latents of the training data, for any number of dimensions.

use super::PlotInputs;
use crate::data::Dataset;
use crate::embedding::principal_components;
use crate::error::Result;
use crate::plot::{self, Axes};
use std::path::Path;

/// Dimensions up to which each pair has a plot.
const MOST_PAIRED: usize = 4;

impl PlotInputs<'_> {
    /// Draws `codes` [samples, m] of the samples `train`.
    pub(super) fn latents(&self, path: &Path, codes: &[f32], train: &Dataset) -> Result<()> {
        let colouring = super::colouring(train, self.classes);
        let labels = colouring.as_ref();
        let title = format!("{}: latents of the training data", self.name);
        let plane = |points: &[f32]| -> Vec<[f32; 2]> { points.as_chunks().0.to_vec() };
        match self.model.network.latent() {
            1 => {
                let values = self.model.scaling.apply(&train.values);
                let first = principal_components(&values, train.features(), 1)?;
                let points: Vec<[f32; 2]> = codes
                    .iter()
                    .zip(first)
                    .map(|(&z, first)| [z, first])
                    .collect();
                let axes = Axes {
                    labels: ["latent z", "first principal component of the data"],
                    equal: false,
                };
                plot::scatter(path, &title, axes, &points, labels)
            }
            2 => {
                let axes = Axes {
                    labels: ["z\u{2081}", "z\u{2082}"],
                    equal: true,
                };
                plot::scatter(path, &title, axes, &plane(codes), labels)
            }
            m @ 3..=MOST_PAIRED => plot::scatter_pairs(path, &title, codes, m, labels),
            m => {
                let points = principal_components(codes, m, 2)?;
                let title = format!("{title}, 2 of {m} principal components");
                // Collapsed latents have no variance to share.
                let whole = total(codes, m).max(f64::MIN_POSITIVE);
                let share = [0, 1].map(|c| 100.0 * variance(&points, 2, c) / whole);
                let axes = Axes {
                    labels: [
                        &format!(
                            "first principal component, {:.0} % of the variance",
                            share[0]
                        ),
                        &format!("second principal component, {:.0} %", share[1]),
                    ],
                    equal: true,
                };
                plot::scatter(path, &title, axes, &plane(&points), labels)
            }
        }
    }
}

/// The variance of one column of `points` [samples, columns].
fn variance(points: &[f32], columns: usize, column: usize) -> f64 {
    let values = || {
        points
            .iter()
            .skip(column)
            .step_by(columns)
            .map(|&v| f64::from(v))
    };
    let count = (points.len() / columns) as f64;
    let mean = values().sum::<f64>() / count;
    values().map(|value| (value - mean).powi(2)).sum::<f64>() / count
}

/// The sum of the variances of all columns.
fn total(points: &[f32], columns: usize) -> f64 {
    (0..columns)
        .map(|column| variance(points, columns, column))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_principal_components_of_a_plane_have_all_its_variance() {
        let points: Vec<f32> = (0..100)
            .map(|i| i as f32)
            .map(|i| [(i * 0.7).sin(), 3.0 * (i * 0.3).cos()])
            .flat_map(|[a, b]| [a + b, a - b, 2.0 * a, 0.5 * b, 7.0])
            .collect();
        let projected = principal_components(&points, 5, 2).unwrap();
        approx::assert_relative_eq!(total(&projected, 2), total(&points, 5), max_relative = 1e-5);
        assert!(variance(&projected, 2, 0) > variance(&projected, 2, 1));
        // Collapsed latents lie on the origin.
        assert_eq!(principal_components(&[7.0; 60], 6, 2).unwrap(), [0.0; 20]);
    }
}
