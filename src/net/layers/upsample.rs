//! Larger images of smaller ones.

use super::{Kind, image};

/// [`Layer::Upsample`](super::Layer::Upsample).
pub(super) struct Upsample {
    pub(super) align_corners: bool,
}

impl Kind for Upsample {
    fn is_linear(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        let corners = if self.align_corners {
            ", corners aligned"
        } else {
            ""
        };
        format!("upsample x2, bilinear{corners}")
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let [c, h, w] = image(shape)?;
        Ok(vec![c, 2 * h, 2 * w])
    }
}
