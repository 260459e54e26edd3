//! The decoded curve or surface among data in the plane or in space.

use super::{PlotInputs, bulk, distances_to_codes, evenly};
use crate::error::Result;
use crate::eval::jets;
use crate::executor::Executor;
use crate::graph::Graph;
use crate::model::Model;
use crate::plot::{self, Mesh, Neighbourhood};
use std::path::Path;

/// Points of a decoded curve.
const CURVE: usize = 1000;
/// Points along each dimension of a decoded surface.
const MESH: usize = 36;
/// A place of the latent space belongs to the surface if a code is as near as this share of the
/// latents' range.
const NEAR: f32 = 0.07;
/// Centres whose neighbourhoods are drawn.
const CENTRES: usize = 5;

/// The curve that `model` decodes over the range of one-dimensional `codes`, [points, n], in the
/// units of the data.
///
/// # Errors
/// When the device fails.
pub fn decoded_curve(model: &Model, codes: &[f32], executor: &dyn Executor) -> Result<Vec<f32>> {
    let low = codes.iter().copied().fold(f32::INFINITY, f32::min);
    let high = codes.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    Ok(model
        .decode(&evenly((low, high), CURVE), executor)?
        .to_floats())
}

impl PlotInputs<'_> {
    pub(super) fn manifold(
        &self,
        path: &Path,
        codes: &[f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let data = plane(&self.train.values.to_floats());
        let curve = plane(&decoded_curve(self.model, codes, executor)?);
        let neighbourhoods = match self.neighbourhoods {
            Some((graph, order)) => self.expansions(&data, codes, graph, order, executor)?,
            None => Vec::new(),
        };
        let title = format!("{}: decoded manifold and training data", self.name);
        plot::manifold_2d(path, &title, &data, &curve, &neighbourhoods)
    }

    /// Neighbourhoods as the decoder's expansion of `order` reconstructs them, at even steps along
    /// the latent, so that they spread over the curve.
    fn expansions(
        &self,
        data: &[[f32; 2]],
        codes: &[f32],
        graph: &Graph,
        order: usize,
        executor: &dyn Executor,
    ) -> Result<Vec<Neighbourhood>> {
        let mut sorted: Vec<usize> = (0..codes.len()).collect();
        sorted.sort_by(|&a, &b| codes[a].total_cmp(&codes[b]));
        let count = CENTRES.min(sorted.len());
        let mut neighbourhoods = Vec::new();
        for i in 0..count {
            let centre = sorted[(2 * i + 1) * sorted.len() / (2 * count)];
            // Codes may be those of a part of the data.
            let neighbours: Vec<usize> = graph
                .of(centre)
                .iter()
                .map(|&n| n as usize)
                .filter(|&n| n < codes.len())
                .collect();
            let latents = vec![codes[centre]; neighbours.len()];
            let directions: Vec<f32> = neighbours
                .iter()
                .map(|&n| codes[n] - codes[centre])
                .collect();
            let jets = jets(self.model, &latents, &directions, executor)?;
            let second = if order == 2 { 0.5 } else { 0.0 };
            let expansion = jets
                .value
                .iter()
                .zip(&jets.jvp)
                .zip(&jets.hvp)
                .map(|((y0, y1), y2)| y0 + y1 + second * y2);
            let scaling = &self.model.scaling;
            neighbourhoods.push(Neighbourhood {
                centre: data[centre],
                reconstructed: plane(&scaling.invert(&expansion.collect::<Vec<_>>())),
                targets: neighbours.iter().map(|&n| data[n]).collect(),
            });
        }
        Ok(neighbourhoods)
    }

    /// The decoded curve or surface of data in space.
    pub(super) fn surface(
        &self,
        path: &Path,
        codes: &[f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let space = |values: &[f32]| values.as_chunks::<3>().0.to_vec();
        let data = space(&self.train.values.to_floats());
        let title = format!("{}: decoded manifold and training data", self.name);
        let (points, columns) = if self.model.network.latent() == 1 {
            (decoded_curve(self.model, codes, executor)?, CURVE)
        } else {
            let axis = |c: usize| bulk(codes.iter().skip(c).step_by(2).copied());
            let (across, up) = (evenly(axis(0), MESH), evenly(axis(1), MESH));
            let places: Vec<[f32; 2]> = up
                .iter()
                .flat_map(|&v| across.iter().map(move |&u| [u, v]))
                .collect();
            let decoded = self.model.decode(places.as_flattened(), executor)?;
            let mut decoded = decoded.to_floats();
            let range = (across[MESH - 1] - across[0]).max(up[MESH - 1] - up[0]);
            let distances = distances_to_codes(&places, codes);
            for (point, distance) in decoded.chunks_exact_mut(3).zip(distances) {
                if distance > NEAR * range {
                    point.fill(f32::NAN);
                }
            }
            (decoded, MESH)
        };
        let mesh = Mesh {
            points: &space(&points),
            columns,
        };
        plot::surface(path, &title, &data, &mesh)
    }
}

/// Pairs of coordinates.
fn plane(values: &[f32]) -> Vec<[f32; 2]> {
    values.as_chunks().0.to_vec()
}
