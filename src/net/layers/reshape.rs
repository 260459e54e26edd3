//! Layers that only see the same values as another shape.

use super::Kind;

/// [`Layer::Flatten`](super::Layer::Flatten).
pub(super) struct Flatten;

impl Kind for Flatten {
    fn is_linear(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        "flatten".into()
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        Ok(vec![shape.iter().product()])
    }
}

/// [`Layer::Unflatten`](super::Layer::Unflatten).
pub(super) struct Unflatten {
    pub(super) shape: [usize; 3],
}

impl Kind for Unflatten {
    fn is_linear(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        let [c, h, w] = self.shape;
        format!("unflatten {c} x {h} x {w}")
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let features: usize = shape.iter().product();
        let product = self
            .shape
            .iter()
            .try_fold(1_usize, |n, side| n.checked_mul(*side));
        if product != Some(features) {
            return Err(format!("is given {features} features"));
        }
        Ok(self.shape.to_vec())
    }
}
