//! An activation pushed forward through jets, and its adjoint.

use crate::engine::jets::Jets;
use crate::engine::pass::{Describe, Grid, Word};
use crate::engine::recording::View;
use crate::net::Activation;

/// y0 = s(u0), y1 = s'(u0) u1, y2 = s''(u0) u1^2 + s'(u0) u2. Input slots that are not stored are zero.
#[derive(Clone, Debug)]
pub struct Activate {
    /// [batch, input slots, features].
    pub input: View,
    /// [batch, output slots, features].
    pub output: View,
    /// s.
    pub function: Activation,
    /// Shape of the input.
    pub jets: Jets,
    /// Order of the output: that of the input, or 2 where the activation makes the second-order slots from first-order ones.
    pub output_order: usize,
}

/// The adjoint of [`Activate`]: with a = dL/dy,
/// du2 = s' a2, du1 = s' a1 + 2 s'' u1 a2, du0 = s' a0 + sum over directions of (s'' u1 a1 + (s''' u1^2 + s'' u2) a2).
#[derive(Clone, Debug)]
pub struct ActivateAdjoint {
    /// What [`Activate`] read: [batch, input slots, features].
    pub input: View,
    /// [batch, output slots, features].
    pub d_output: View,
    /// [batch, input slots, features].
    pub d_input: View,
    /// s.
    pub function: Activation,
    /// Shape of the input.
    pub jets: Jets,
    /// Order of the output.
    pub output_order: usize,
}

impl Describe for Activate {
    const NAME: &'static str = "activate";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("input", self.input), ("output", self.output)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        words(&self.jets)
    }

    fn constants(&self) -> Vec<(&'static str, u32)> {
        constants(self.function, &self.jets, self.output_order)
    }

    fn grid(&self) -> Grid {
        Grid::Elements(self.jets.batch * self.jets.features)
    }
}

impl Describe for ActivateAdjoint {
    const NAME: &'static str = "activate_adjoint";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("input", self.input), ("d_output", self.d_output), ("d_input", self.d_input)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        words(&self.jets)
    }

    fn constants(&self) -> Vec<(&'static str, u32)> {
        constants(self.function, &self.jets, self.output_order)
    }

    fn grid(&self) -> Grid {
        Grid::Elements(self.jets.batch * self.jets.features)
    }
}

fn words(jets: &Jets) -> Vec<(&'static str, Word)> {
    vec![("batch", Word::Int(jets.batch)), ("directions", Word::Int(jets.directions)), ("features", Word::Int(jets.features))]
}

fn constants(function: Activation, jets: &Jets, output_order: usize) -> Vec<(&'static str, u32)> {
    vec![("ACTIVATION", function as u32), ("INPUT_ORDER", jets.order as u32), ("OUTPUT_ORDER", output_order as u32)]
}
