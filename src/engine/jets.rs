//! The shape of jets: values with their first and second derivatives along directions.

use super::recording::View;

/// The shape of a tensor of jets, [batch, slots, features], sample-major with the slots of one jet
/// side by side.
///
/// Slot 0 is the value, slots 1..=D the first derivatives along D directions, the next D the second
/// derivatives. Slots that are zero by structure are not stored: `order` says up to which
/// derivative this tensor holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jets {
    /// Jets.
    pub batch: usize,
    /// D, directions in each jet.
    pub directions: usize,
    /// Highest derivative held, 0 to 2.
    pub order: usize,
    /// Features of each slot.
    pub features: usize,
}

impl Jets {
    /// Plain values: `rows` jets of order 0.
    pub fn values(rows: usize, features: usize) -> Self {
        Self {
            batch: rows,
            directions: 0,
            order: 0,
            features,
        }
    }

    /// Slots of one jet: 1 + order * D.
    pub fn slots(&self) -> usize {
        1 + self.order * self.directions
    }

    /// batch * slots, the rows that a linear layer sees.
    pub fn rows(&self) -> usize {
        self.batch * self.slots()
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.rows() * self.features
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Jets in a buffer.
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    /// Where.
    pub view: View,
    /// What shape.
    pub jets: Jets,
}
