//! Metric and curvature of a model's decoded manifold at its latents.

use super::{Curvature, Metric, Quantiles, decoder_derivatives};
use crate::error::Result;
use crate::executor::Executor;
use crate::model::Model;
use serde::Serialize;

/// Latent dimensions up to which curvature is measured: second derivatives along m (m + 1) / 2
/// directions take time and memory that grow at least with m^2. Beyond it only the metric is
/// measured.
pub const CURVED_DIMENSIONS: usize = 20;

/// Geometry of a decoded manifold at a number of latents, in the units of scaled data and of the
/// latent space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ManifoldMeasures {
    /// Codes at which the geometry was measured.
    pub samples: usize,
    /// Codes among them that are excluded because the metric is singular there (see
    /// [`Metric::new`]) or a value is not finite.
    pub singular: usize,
    /// Quantiles of log det G. The wider they are, the less evenly the decoder maps volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_determinant: Option<Quantiles>,
    /// Quantiles of the condition number of G, 1 for a decoder that preserves angles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Quantiles>,
    /// Quantiles of the scalar curvature S, for 2 to [`CURVED_DIMENSIONS`] latent dimensions: a
    /// curve has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scalar_curvature: Option<Quantiles>,
    /// The median of |S|.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_absolute_scalar_curvature: Option<f64>,
    /// Quantiles of the extrinsic curvature (see [`Curvature::extrinsic`]), for up to
    /// [`CURVED_DIMENSIONS`] latent dimensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extrinsic_curvature: Option<Quantiles>,
}

impl ManifoldMeasures {
    /// Measures the decoder of `model` at `latents` [samples, m].
    ///
    /// # Errors
    /// When the device fails.
    pub fn measure(model: &Model, latents: &[f32], executor: &dyn Executor) -> Result<Self> {
        let m = model.network.latent();
        let curved = m <= CURVED_DIMENSIONS;
        let points = decoder_derivatives(
            model,
            latents,
            if curved { 2 } else { 1 },
            executor,
            |derivatives| {
                let metric = Metric::new(&derivatives.first, m)?;
                let curvature = if curved {
                    Some(Curvature::new(derivatives, &metric)?)
                } else {
                    None
                };
                let bends = curvature.map(|curvature| (curvature.scalar, curvature.extrinsic));
                Some((metric.log_determinant(), metric.condition(), bends))
            },
        )?;
        let regular = || points.iter().flatten();
        let bends = || regular().filter_map(|(_, _, bends)| *bends);
        let scalars = |of: fn(f64) -> f64| {
            Quantiles::of(
                bends()
                    .map(|(scalar, _)| of(scalar))
                    .filter(|_| m > 1)
                    .collect(),
            )
        };
        Ok(Self {
            samples: points.len(),
            singular: points.len() - regular().count(),
            log_determinant: Quantiles::of(
                regular()
                    .map(|(log_determinant, _, _)| *log_determinant)
                    .collect(),
            ),
            condition: Quantiles::of(regular().map(|(_, condition, _)| *condition).collect()),
            scalar_curvature: scalars(|scalar| scalar),
            median_absolute_scalar_curvature: scalars(f64::abs).map(|quantiles| quantiles.median),
            extrinsic_curvature: Quantiles::of(bends().map(|(_, extrinsic)| extrinsic).collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::Scaling;
    use crate::net::{Activation, Network};

    fn measured(features: usize, latent: usize, activation: Activation) -> ManifoldMeasures {
        let network =
            Network::mlp(&[features], &[32], latent, activation, Activation::Linear).unwrap();
        let model = Model::new(network, Scaling::identity(), 1);
        let latents: Vec<f32> = (0..30 * latent).map(|i| (i as f32 * 0.7).sin()).collect();
        ManifoldMeasures::measure(&model, &latents, &Cpu).unwrap()
    }

    #[test]
    fn each_number_of_dimensions_has_its_measures() {
        let surface = measured(5, 2, Activation::Tanh);
        assert_eq!((surface.samples, surface.singular), (30, 0));
        let (s, absolute) = (
            surface.scalar_curvature.unwrap(),
            surface.median_absolute_scalar_curvature.unwrap(),
        );
        assert!(
            s.q05 < s.median && s.median < s.q95 && absolute > 0.0,
            "{surface:?}"
        );
        assert!(surface.condition.unwrap().q05 >= 1.0 && surface.log_determinant.is_some());

        let curve = measured(5, 1, Activation::Tanh);
        assert!(
            curve.scalar_curvature.is_none() && curve.median_absolute_scalar_curvature.is_none()
        );
        assert!(curve.extrinsic_curvature.unwrap().median > 0.0);
        assert_eq!(
            curve.condition.unwrap(),
            Quantiles {
                q05: 1.0,
                median: 1.0,
                q95: 1.0
            }
        );

        let many = measured(30, CURVED_DIMENSIONS + 1, Activation::Tanh);
        assert!(
            many.condition.is_some()
                && many.scalar_curvature.is_none()
                && many.extrinsic_curvature.is_none()
        );
    }

    #[test]
    fn piecewise_linear_decoders_are_flat() {
        let flat = measured(5, 2, Activation::Relu);
        assert_eq!(
            flat.scalar_curvature,
            Some(Quantiles {
                q05: 0.0,
                median: 0.0,
                q95: 0.0
            })
        );
        assert_eq!(
            flat.extrinsic_curvature,
            Some(Quantiles {
                q05: 0.0,
                median: 0.0,
                q95: 0.0
            })
        );
    }

    #[test]
    fn singular_codes_are_counted_and_left_out() {
        // Three latent dimensions cannot decode to a plane one to one.
        let flat = measured(2, 3, Activation::Tanh);
        assert_eq!((flat.samples, flat.singular), (30, 30));
        assert!(flat.condition.is_none() && flat.scalar_curvature.is_none());
    }
}
