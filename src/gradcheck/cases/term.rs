//! What cases of terms share.

use super::Case;
use crate::engine::{Recording, View};

/// Columns of the loss weights.
pub(super) const COLUMNS: usize = 3;

/// Loss weights of two steps, of which the second one is run: all centres but one count, and the
/// term in column 2 has `weight`.
pub(super) fn loss_weights(r: &mut Recording, batch: usize, weight: f32) -> (View, Vec<f32>) {
    (
        r.reals("loss weights", 2 * COLUMNS),
        vec![
            0.0,
            0.0,
            0.0,
            batch.saturating_sub(1).max(1) as f32,
            7.0,
            weight,
        ],
    )
}

/// A term with its gradient to codes.
pub(super) fn term(
    name: &str,
    r: Recording,
    values: View,
    gradient: (View, View),
    words: Vec<(View, Vec<u32>)>,
    loss_weights: (View, Vec<f32>),
) -> Case {
    let mut case = Case::new(name, r, values);
    case.differentiated = vec![gradient];
    case.written.push(gradient.1);
    Case {
        words,
        reals: vec![loss_weights],
        ..case
    }
}
