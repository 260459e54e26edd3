//! Pooling over windows.

use super::{Kind, describe_windows, image, windows};
use serde::{Deserialize, Serialize};

/// Windows of a pooling, the same along both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Side of a window.
    pub kernel: usize,
    /// Distance of two windows; the kernel where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
}

impl Window {
    /// Distance of two windows.
    pub fn stride(self) -> usize {
        self.stride.unwrap_or(self.kernel)
    }

    fn describe(self) -> String {
        describe_windows(self.kernel.into(), self.stride(), 0.into())
    }

    fn output_shape(self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let [c, h, w] = image(shape)?;
        let side = |side| windows(shape, side, self.kernel, self.stride(), 0);
        Ok(vec![c, side(h)?, side(w)?])
    }
}

/// [`Layer::MaxPool`](super::Layer::MaxPool).
pub(super) struct MaxPool(pub(super) Window);

impl Kind for MaxPool {
    fn is_linear(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        format!("max pool {}", self.0.describe())
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        self.0.output_shape(shape)
    }
}

/// [`Layer::AveragePool`](super::Layer::AveragePool).
pub(super) struct AveragePool(pub(super) Window);

impl Kind for AveragePool {
    fn is_linear(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        format!("average pool {}", self.0.describe())
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        self.0.output_shape(shape)
    }
}
