//! Metric and curvature of the decoded manifold on a grid over the plane that a page shows first: the
//! two latents, or the first two principal components of more.

use super::blob::base64;
use crate::error::Result;
use crate::eval::{CURVED_DIMENSIONS, Curvature, Metric, decoder_derivatives};
use crate::executor::Executor;
use crate::model::Model;
use serde::Serialize;

/// Operations that a grid may take; a smaller one is made of a dear decoder.
const WORK: f64 = 4e10;
/// Part of the latents at either end that the grid may leave out.
const TAIL: f64 = 0.005;
/// What is added to the latents' range on each side, relative to it.
const MARGIN: f64 = 0.3;

/// Values [rows, columns] over a plane; NaN where the metric is singular.
#[derive(Serialize)]
pub(super) struct Fields {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// The first and the last column, relative to the latents' centre.
    x: [f64; 2],
    y: [f64; 2],
    /// log det J'J, base64 of f32.
    metric: String,
    /// The scalar curvature; none beyond [`CURVED_DIMENSIONS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    curvature: Option<String>,
}

impl Fields {
    /// The fields of `model` around `codes` [samples, m] less `centre`. `axes` [2, m] span the plane
    /// of more than two latents, and a side has `most` points at most. `None` for one latent, for fewer
    /// than two points, and where the latents have collapsed.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn over(
        model: &Model,
        codes: &[f32],
        centre: &[f64],
        axes: Option<&[f64]>,
        most: usize,
        executor: &dyn Executor,
    ) -> Result<Option<Self>> {
        let m = centre.len();
        if m < 2 || most < 2 {
            return Ok(None);
        }
        let unit = [1.0, 0.0, 0.0, 1.0];
        let axes = axes.unwrap_or(&unit);
        let (Some(x), Some(y)) = (extent(codes, m, &axes[..m]), extent(codes, m, &axes[m..]))
        else {
            return Ok(None);
        };
        let curved = m <= CURVED_DIMENSIONS;
        let side = side(model, most, if curved { m + m * (m + 1) / 2 } else { m });
        let place =
            |[low, high]: [f64; 2], i: usize| low + (high - low) * i as f64 / (side - 1) as f64;
        let mut latents = Vec::with_capacity(side * side * m);
        for at in 0..side * side {
            let (u, v) = (place(x, at % side), place(y, at / side));
            latents.extend((0..m).map(|c| (centre[c] + u * axes[c] + v * axes[m + c]) as f32));
        }
        let order = if curved { 2 } else { 1 };
        let found = decoder_derivatives(model, &latents, order, executor, |derivatives| {
            let Some(metric) = Metric::new(&derivatives.first, m) else {
                return [f32::NAN; 2];
            };
            let curvature = curved
                .then(|| Curvature::new(derivatives, &metric))
                .flatten();
            let scalar = curvature.map_or(f32::NAN, |curvature| curvature.scalar as f32);
            [metric.log_determinant() as f32, scalar]
        })?;
        let values = |of: usize| base64(&found.iter().map(|found| found[of]).collect::<Vec<_>>());
        Ok(Some(Self {
            columns: side,
            rows: side,
            x,
            y,
            metric: values(0),
            curvature: curved.then(|| values(1)),
        }))
    }
}

/// The range of most of `codes` [samples, m] along `axis` [m], with a margin.
fn extent(codes: &[f32], m: usize, axis: &[f64]) -> Option<[f64; 2]> {
    let along = |z: &[f32]| {
        z.iter()
            .zip(axis)
            .map(|(z, a)| f64::from(*z) * a)
            .sum::<f64>()
    };
    let mut sorted: Vec<f64> = codes.chunks_exact(m).map(along).collect();
    sorted.sort_by(f64::total_cmp);
    let cut = (TAIL * sorted.len() as f64) as usize;
    let (low, high) = (sorted[cut], sorted[sorted.len() - 1 - cut]);
    let margin = MARGIN * (high - low);
    (low < high && margin.is_finite()).then_some([low - margin, high + margin])
}

/// Points along a side, for derivatives along so many directions.
fn side(model: &Model, most: usize, directions: usize) -> usize {
    let network = &model.network;
    let shapes = network.decoder_shapes().unwrap_or_default();
    let layers = network.decoder.iter().zip(&shapes);
    let flops: u64 = layers.map(|(layer, shape)| layer.flops(shape)).sum();
    let points = WORK / (flops.max(1) as f64 * (1 + directions) as f64);
    (points.sqrt() as usize).max(24).min(most)
}
