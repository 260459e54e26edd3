//! From jets to the rows that the loss compares, and back.

use crate::engine::jets::Jets;
use crate::engine::pass::{Describe, Grid, Word};
use crate::engine::recording::View;

/// Rows (y0, f~_1, ..., f~_D) with f~_d = y0 + y1_d + y2_d / 2, or without y0 where the centre is not compared.
///
/// The map is linear, so in front of a linear output layer it runs before that layer, on fewer rows.
#[derive(Clone, Debug)]
pub struct Collapse {
    /// [batch, slots, features].
    pub input: View,
    /// [batch, centre + directions, features].
    pub output: View,
    /// Shape of the input, of order 1 or 2.
    pub jets: Jets,
    /// Whether y0 is a row of its own.
    pub centre: bool,
}

/// The adjoint of [`Collapse`]: every f~_d gives to y0, y1_d and half to y2_d.
#[derive(Clone, Debug)]
pub struct CollapseAdjoint {
    /// [batch, centre + directions, features].
    pub d_output: View,
    /// [batch, slots, features].
    pub d_input: View,
    /// Shape of the jets.
    pub jets: Jets,
    /// Whether y0 is a row of its own.
    pub centre: bool,
}

impl Describe for Collapse {
    const NAME: &'static str = "collapse";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("input", self.input), ("output", self.output)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        words(&self.jets, self.centre)
    }

    fn grid(&self) -> Grid {
        Grid::Elements(self.jets.batch * self.jets.features)
    }
}

impl Describe for CollapseAdjoint {
    const NAME: &'static str = "collapse_adjoint";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("d_output", self.d_output), ("d_input", self.d_input)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        words(&self.jets, self.centre)
    }

    fn grid(&self) -> Grid {
        Grid::Elements(self.jets.batch * self.jets.features)
    }
}

fn words(jets: &Jets, centre: bool) -> Vec<(&'static str, Word)> {
    vec![
        ("batch", Word::Int(jets.batch)),
        ("directions", Word::Int(jets.directions)),
        ("features", Word::Int(jets.features)),
        ("order", Word::Int(jets.order)),
        ("centre", Word::Int(centre.into())),
    ]
}
