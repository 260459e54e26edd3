//! What a case is: an operation alone, with its adjoint.

use crate::engine::{Recording, STATE_WORDS, View};

/// Extents of the tensors of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseShape {
    /// Jets.
    pub batch: usize,
    /// Directions of each.
    pub directions: usize,
    /// Features that an operation reads.
    pub inputs: usize,
    /// Features that it gives, where that can be another number.
    pub outputs: usize,
}

/// An operation with its adjoint.
#[derive(Clone, Debug)]
pub struct Case {
    /// The operation with its variant.
    pub name: String,
    /// Forward passes, then adjoints.
    pub recording: Recording,
    /// What the operation reads, each with the place of its gradient; none where it has no
    /// derivative.
    pub differentiated: Vec<(View, View)>,
    /// What it gives.
    pub output: View,
    /// Gradient at the output; `None` where it is 1, as for a loss.
    pub d_output: Option<View>,
    /// Everything that is written; holds NaN before the passes run.
    pub written: Vec<View>,
    /// Words to write first.
    pub words: Vec<(View, Vec<u32>)>,
    /// Real numbers to write instead of random ones.
    pub reals: Vec<(View, Vec<f32>)>,
    /// Real numbers that must not be negative.
    pub not_negative: Vec<View>,
}

impl Case {
    pub(super) fn new(name: impl Into<String>, recording: Recording, output: View) -> Self {
        Self {
            name: name.into(),
            recording,
            differentiated: Vec::new(),
            output,
            d_output: None,
            written: vec![output],
            words: Vec::new(),
            reals: Vec::new(),
            not_negative: Vec::new(),
        }
    }

    pub(super) fn adjoint(mut self, d_output: View, differentiated: &[(View, View)]) -> Self {
        self.d_output = Some(d_output);
        self.differentiated = differentiated.to_vec();
        self.written
            .extend(differentiated.iter().map(|(_, gradient)| *gradient));
        self
    }
}

/// Step counter in its second step, and no mark of divergence.
pub(super) fn state(recording: &mut Recording) -> (View, Vec<u32>) {
    (
        recording.words("state", STATE_WORDS),
        vec![1, 0, u32::MAX, 0, 6],
    )
}
