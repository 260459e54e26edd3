//! From codes of a centre and its neighbours to the decoder's input jets, and back.

use crate::engine::pass::{Describe, Grid, Word};
use crate::engine::recording::View;

/// (z, z'_1, ..., z'_D) -> (z, z'_1 - z, ..., z'_D - z): rows become first-order jets of the same shape.
#[derive(Clone, Debug)]
pub struct Difference {
    /// [batch, 1 + directions, features].
    pub input: View,
    /// [batch, 1 + directions, features].
    pub output: View,
    /// Centres.
    pub batch: usize,
    /// D, neighbours of each.
    pub directions: usize,
    /// Latent dimensions.
    pub features: usize,
}

/// The adjoint of [`Difference`]: dz' = a1, and dz = a0 - sum over directions of a1.
#[derive(Clone, Debug)]
pub struct DifferenceAdjoint {
    /// [batch, 1 + directions, features].
    pub d_output: View,
    /// [batch, 1 + directions, features].
    pub d_input: View,
    /// Centres.
    pub batch: usize,
    /// D, neighbours of each.
    pub directions: usize,
    /// Latent dimensions.
    pub features: usize,
}

impl Describe for Difference {
    const NAME: &'static str = "difference";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("input", self.input), ("output", self.output)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        words(self.batch, self.directions, self.features)
    }

    fn grid(&self) -> Grid {
        Grid::Elements(self.batch * self.features)
    }
}

impl Describe for DifferenceAdjoint {
    const NAME: &'static str = "difference_adjoint";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("d_output", self.d_output), ("d_input", self.d_input)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        words(self.batch, self.directions, self.features)
    }

    fn grid(&self) -> Grid {
        Grid::Elements(self.batch * self.features)
    }
}

fn words(batch: usize, directions: usize, features: usize) -> Vec<(&'static str, Word)> {
    vec![("batch", Word::Int(batch)), ("directions", Word::Int(directions)), ("features", Word::Int(features))]
}
