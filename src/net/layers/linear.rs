//! Fully connected layers.

use super::{Initial, Kind, LayerParameter, weight_and_bias};

/// [`Layer::Linear`](super::Layer::Linear).
pub(super) struct Linear {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl Kind for Linear {
    fn is_linear(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        format!("linear {} -> {}", self.inputs, self.outputs)
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let features: usize = shape.iter().product();
        if self.inputs != features || self.outputs == 0 {
            return Err(format!("is given {features} features"));
        }
        Ok(vec![self.outputs])
    }

    fn parameters(&self) -> Vec<LayerParameter> {
        let fan_in = self.inputs;
        weight_and_bias(
            vec![self.outputs, self.inputs],
            self.outputs,
            [Initial::Uniform { fan_in }; 2],
        )
    }

    fn products(&self, _shape: &[usize]) -> usize {
        self.inputs * self.outputs
    }
}
