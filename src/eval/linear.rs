//! Principal components, the best linear autoencoder: what a network must beat.

use crate::data::{Dataset, Scaling, Values};
use crate::embedding::principal_axes;
use crate::error::Result;
use rayon::prelude::*;

/// Elements that the components are found from, at most: more would take longer than some epochs.
const MOST_ELEMENTS: usize = 1 << 22;

/// The mean and the leading principal axes of scaled data.
#[derive(Clone, Debug)]
pub struct Pca {
    /// `[features]`.
    mean: Vec<f64>,
    /// [features, components], orthonormal columns.
    axes: Vec<f64>,
    /// Mean squared distance to the mean, per element, of the samples it was found from.
    pub variance: f64,
    /// Samples that it was found from.
    pub samples: usize,
}

impl Pca {
    /// The first `components` of `data`, of a part of it where it is large, drawn by `seed`. `None`
    /// where so many lose nothing: when they are no fewer than the features or the samples less one.
    ///
    /// # Errors
    /// When the eigenvalue problem is not solved.
    pub fn fit(
        data: &Dataset,
        scaling: &Scaling,
        components: usize,
        seed: u64,
    ) -> Result<Option<Self>> {
        let features = data.features();
        let most = (MOST_ELEMENTS / features).max(4 * components);
        let drawn = data.draw(most, seed);
        if components >= features.min(drawn.samples.saturating_sub(1)) {
            return Ok(None);
        }
        let points = scaling.apply(&drawn.values);
        let (mean, axes) = principal_axes(&points, features, components, seed)?;
        let squares = points.iter().zip(mean.iter().cycle());
        let squares: f64 = squares
            .map(|(value, mean)| (f64::from(*value) - mean).powi(2))
            .sum();
        Ok(Some(Self {
            mean,
            axes,
            variance: squares / points.len() as f64,
            samples: drawn.samples,
        }))
    }

    /// Mean squared error per element of `values` reconstructed from the components, in scaled
    /// units.
    pub fn mean_squared_error(&self, values: &Values, scaling: &Scaling) -> f64 {
        let features = self.mean.len();
        let components = self.axes.len() / features;
        let of_sample = |sample: usize| {
            let mut row = vec![0.0; features];
            scaling.apply_to(values, sample * features, &mut row);
            let mut on_axes = vec![0.0; components];
            let mut square = 0.0;
            for (feature, (value, mean)) in row.iter().zip(&self.mean).enumerate() {
                let centred = f64::from(*value) - mean;
                square += centred * centred;
                let axes = &self.axes[feature * components..][..components];
                for (sum, axis) in on_axes.iter_mut().zip(axes) {
                    *sum += centred * axis;
                }
            }
            square - on_axes.iter().map(|value| value * value).sum::<f64>()
        };
        let samples = values.len() / features;
        // In order, so that every number of threads gives the same sum.
        let squares: Vec<f64> = (0..samples).into_par_iter().map(of_sample).collect();
        squares.iter().sum::<f64>() / values.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ScalingKind;

    /// Four points on a cross, 3 long along (1, 1, 0) and 1 wide along (1, -1, 0), off the origin.
    #[test]
    fn the_error_is_the_variance_that_the_components_leave() {
        let root = 0.5_f32.sqrt();
        let cross = [[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]];
        let values: Vec<f32> = cross
            .iter()
            .flat_map(|[a, b]| [root * (a + b) + 5.0, root * (a - b) - 2.0, 7.0])
            .collect();
        let data = Dataset {
            samples: 4,
            shape: vec![3],
            values: Values::Floats(values.into()),
            labels: None,
            parameter: None,
        };
        let scaling = Scaling::fit(ScalingKind::None, &data);
        let pca = Pca::fit(&data, &scaling, 1, 0).unwrap().unwrap();
        assert!((pca.variance - 20.0 / 12.0).abs() < 1e-6, "{pca:?}");
        let error = pca.mean_squared_error(&data.values, &scaling);
        assert!((error - 2.0 / 12.0).abs() < 1e-6, "{error}");
        assert!(Pca::fit(&data, &scaling, 3, 0).unwrap().is_none());
    }
}
