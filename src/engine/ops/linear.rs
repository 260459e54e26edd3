//! The linear layer over all slots of its jets at once, and its three adjoints.

use crate::engine::pass::{Describe, Grid, Word};
use crate::engine::recording::View;

/// output = input weight^T, plus the bias in slot 0 of every jet.
#[derive(Clone, Debug)]
pub struct Linear {
    /// [rows, inputs].
    pub input: View,
    /// [outputs, inputs].
    pub weight: View,
    /// `[outputs]`.
    pub bias: View,
    /// [rows, outputs].
    pub output: View,
    /// Jets times slots.
    pub rows: usize,
    /// Features in.
    pub inputs: usize,
    /// Features out.
    pub outputs: usize,
    /// Slots of a jet: rows 0, slots, 2 slots, ... are values and have the bias.
    pub slots: usize,
}

/// d_input = d_output weight.
#[derive(Clone, Debug)]
pub struct LinearInputAdjoint {
    /// [rows, outputs].
    pub d_output: View,
    /// [outputs, inputs].
    pub weight: View,
    /// [rows, inputs].
    pub d_input: View,
    /// Jets times slots.
    pub rows: usize,
    /// Features in.
    pub inputs: usize,
    /// Features out.
    pub outputs: usize,
}

/// d_weight = d_output^T input, summed over rows in a fixed order; where there are many rows, one sum for each stretch of them.
#[derive(Clone, Debug)]
pub struct LinearWeightAdjoint {
    /// [rows, outputs].
    pub d_output: View,
    /// [rows, inputs].
    pub input: View,
    /// [parts, outputs, inputs].
    pub d_weight: View,
    /// Jets times slots.
    pub rows: usize,
    /// Features in.
    pub inputs: usize,
    /// Features out.
    pub outputs: usize,
    /// Rows of a part.
    pub stretch: usize,
}

/// d_bias = sum of slot 0 of d_output over the jets, in a fixed order; where there are many jets, one sum for each stretch of them.
#[derive(Clone, Debug)]
pub struct LinearBiasAdjoint {
    /// [jets * slots, outputs].
    pub d_output: View,
    /// [parts, outputs].
    pub d_bias: View,
    /// Jets.
    pub jets: usize,
    /// Features out.
    pub outputs: usize,
    /// Slots of a jet.
    pub slots: usize,
    /// Jets of a part.
    pub stretch: usize,
}

/// Into how many parts a sum over `terms` is cut, for a matrix of sums with `outputs` and `inputs` as its sides.
///
/// Few sums of many terms would leave most of a GPU idle, and Mesa's software driver ends a shader's loops after 65 535 iterations in all
/// without a word. The count depends on the shape alone.
pub fn parts_of_sum(terms: usize, outputs: usize, inputs: usize) -> usize {
    const SIDE: usize = 64;
    const BUSY: usize = 128;
    const SHORTEST: usize = 256;
    const LONGEST: usize = 16_384;
    let tiles = outputs.div_ceil(SIDE) * inputs.div_ceil(SIDE);
    (BUSY / tiles).min(terms / SHORTEST).max(terms.div_ceil(LONGEST)).max(1)
}

fn flops(rows: usize, inputs: usize, outputs: usize) -> u64 {
    2 * rows as u64 * inputs as u64 * outputs as u64
}

impl Describe for Linear {
    const NAME: &'static str = "linear";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("input", self.input), ("weight", self.weight), ("bias", self.bias), ("output", self.output)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        let mut words = extents(self.rows, self.inputs, self.outputs);
        words.push(("slots", Word::Int(self.slots)));
        words
    }

    fn grid(&self) -> Grid {
        Grid::Product { rows: self.rows, columns: self.outputs, terms: self.inputs, parts: 1 }
    }

    fn flops(&self) -> u64 {
        flops(self.rows, self.inputs, self.outputs)
    }
}

impl Describe for LinearInputAdjoint {
    const NAME: &'static str = "linear_input_adjoint";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("d_output", self.d_output), ("weight", self.weight), ("d_input", self.d_input)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        extents(self.rows, self.inputs, self.outputs)
    }

    fn grid(&self) -> Grid {
        Grid::Product { rows: self.rows, columns: self.inputs, terms: self.outputs, parts: 1 }
    }

    fn flops(&self) -> u64 {
        flops(self.rows, self.inputs, self.outputs)
    }
}

impl Describe for LinearWeightAdjoint {
    const NAME: &'static str = "linear_weight_adjoint";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("d_output", self.d_output), ("input", self.input), ("d_weight", self.d_weight)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        let mut words = extents(self.rows, self.inputs, self.outputs);
        words.push(("stretch", Word::Int(self.stretch)));
        words
    }

    fn grid(&self) -> Grid {
        let parts = self.rows.div_ceil(self.stretch);
        Grid::Product { rows: self.outputs, columns: self.inputs, terms: self.stretch, parts }
    }

    fn flops(&self) -> u64 {
        flops(self.rows, self.inputs, self.outputs)
    }
}

impl Describe for LinearBiasAdjoint {
    const NAME: &'static str = "linear_bias_adjoint";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("d_output", self.d_output), ("d_bias", self.d_bias)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        vec![
            ("jets", Word::Int(self.jets)),
            ("outputs", Word::Int(self.outputs)),
            ("slots", Word::Int(self.slots)),
            ("stretch", Word::Int(self.stretch)),
        ]
    }

    fn grid(&self) -> Grid {
        Grid::Elements(self.jets.div_ceil(self.stretch) * self.outputs)
    }
}

fn extents(rows: usize, inputs: usize, outputs: usize) -> Vec<(&'static str, Word)> {
    vec![("rows", Word::Int(rows)), ("inputs", Word::Int(inputs)), ("outputs", Word::Int(outputs))]
}
