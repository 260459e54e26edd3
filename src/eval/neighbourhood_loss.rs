//! The neighbourhood reconstruction loss of a model on data: the paper's equation 3 in full.

use super::predictor::{BATCH, Predictor};
use crate::data::Values;
use crate::engine::neighbourhood_inference;
use crate::error::Result;
use crate::executor::Executor;
use crate::graph::Neighbourhoods;
use crate::model::Model;
use crate::objective::Kernel;
use serde::Serialize;

/// How F~(x'; x) approximates the reconstruction of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// 1 for the tangent (NRAE-L), 2 for the quadratic expansion (NRAE-Q) at x.
    pub order: usize,
    /// Whether the encoder is expanded along with the decoder (E-NRAE).
    pub extended: bool,
}

/// Losses of a model on data, in squared units of scaled data and as means over features, like the
/// loss of training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NeighbourhoodLoss {
    /// Equation 3: the mean over x of the mean over x' in N(x), x included, of
    /// K(x', x) |x' - F~(x'; x)|^2 / n for n features.
    pub loss: f64,
    /// What the loss is where N(x) = {x}: the mean over x of |x - f(g(x))|^2 / n.
    pub point_loss: f64,
}

impl NeighbourhoodLoss {
    /// Measures `model` on raw `values` [samples, n] with neighbours from `neighbourhoods`. A
    /// variational encoder gives its means. A Gaussian kernel without a bandwidth takes `median`.
    ///
    /// # Errors
    /// When the device fails.
    ///
    /// # Panics
    /// When there are not as many neighbourhoods as samples, or none.
    pub fn measure(
        model: &Model,
        values: &Values,
        neighbourhoods: &Neighbourhoods,
        kernel: Kernel,
        median: f32,
        expansion: Expansion,
        executor: &dyn Executor,
    ) -> Result<Self> {
        let (n, samples) = (model.network.features(), neighbourhoods.samples());
        assert!(samples > 0, "a loss of no samples is no number");
        assert_eq!(samples * n, values.len(), "a neighbourhood for each sample");
        // Larger neighbourhoods are cut into pieces, so that one of many neighbours does not decide
        // the memory.
        let directions = neighbourhoods.largest().min(MOST_DIRECTIONS);
        let (group, pieces) = (1 + directions, pieces(neighbourhoods, directions));
        let batch = (BATCH / group).max(1);
        let Expansion { order, extended } = expansion;
        let map = neighbourhood_inference(&model.network, extended, batch, directions, order);
        let mut reconstruction = Predictor::of(map, executor)?;
        reconstruction.set_parameters(&model.parameters)?;
        let (mut loss, mut point_loss) = (0.0, 0.0);
        let mut rows = vec![0.0; batch * group * n];
        for pieces in pieces.chunks(batch) {
            let rows = &mut rows[..pieces.len() * group * n];
            for (piece, rows) in pieces.iter().zip(rows.chunks_mut(group * n)) {
                piece.write(model, values, rows);
            }
            let reconstructed = reconstruction.run(rows)?;
            let squares: Vec<f64> = rows
                .chunks(n)
                .zip(reconstructed.chunks(n))
                .map(|(x, y)| mean_squared_difference(x, y))
                .collect();
            for (piece, squares) in pieces.iter().zip(squares.chunks(group)) {
                let weights = piece.neighbours.iter().map(|(_, distance)| {
                    // The weight of training, so that both losses are of the same kernel.
                    f64::from(kernel.weight(*distance, median))
                });
                let mut sum: f64 = weights.zip(&squares[1..]).map(|(k, s)| k * s).sum();
                if piece.first {
                    sum += squares[0];
                    point_loss += squares[0];
                }
                loss += sum / (1 + neighbourhoods.count(piece.centre)) as f64;
            }
        }
        Ok(Self {
            loss: loss / samples as f64,
            point_loss: point_loss / samples as f64,
        })
    }
}

/// Neighbours of a centre that are reconstructed at once, at most.
const MOST_DIRECTIONS: usize = 32;

/// A centre with some of its neighbours.
struct Piece {
    centre: usize,
    /// Whether no piece of this centre came before.
    first: bool,
    neighbours: Vec<(u32, f32)>,
}

impl Piece {
    /// Writes the scaled samples; rows beyond the neighbours repeat the centre.
    fn write(&self, model: &Model, values: &Values, rows: &mut [f32]) {
        let n = model.network.features();
        let neighbours = self.neighbours.iter().map(|(sample, _)| *sample as usize);
        let samples = std::iter::once(self.centre).chain(neighbours);
        let samples = samples.chain(std::iter::repeat(self.centre));
        for (row, sample) in rows.chunks_mut(n).zip(samples) {
            model.scaling.apply_to(values, sample * n, row);
        }
    }
}

/// All neighbourhoods in pieces of at most `most` neighbours.
fn pieces(neighbourhoods: &Neighbourhoods, most: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for centre in 0..neighbourhoods.samples() {
        let mut left = neighbourhoods.of(centre);
        let count = left.len().div_ceil(most.max(1)).max(1);
        pieces.extend((0..count).map(|piece| Piece {
            centre,
            first: piece == 0,
            neighbours: left.by_ref().take(most).collect(),
        }));
    }
    pieces
}

fn mean_squared_difference(a: &[f32], b: &[f32]) -> f64 {
    let squares = a
        .iter()
        .zip(b)
        .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    squares.sum::<f64>() / a.len() as f64
}
