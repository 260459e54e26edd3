//! Normalisations.

use super::{Initial, Kind, LayerParameter, image_of, weight_and_bias};

/// Added to variances before their root is taken. The shaders state it too, and a test holds them
/// to it.
pub const NORM_EPSILON: f64 = 1e-5;

/// [`Layer::GroupNorm`](super::Layer::GroupNorm).
pub(super) struct GroupNorm {
    pub(super) groups: usize,
    pub(super) channels: usize,
}

impl Kind for GroupNorm {
    fn is_linear(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        let Self { groups, channels } = self;
        format!("group norm {groups} x {}", channels / groups.max(&1))
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let Self { groups, channels } = *self;
        image_of(shape, channels)?;
        if groups == 0 || channels % groups != 0 {
            return Err(format!(
                "cannot divide {channels} channels into {groups} groups"
            ));
        }
        Ok(shape.to_vec())
    }

    fn parameters(&self) -> Vec<LayerParameter> {
        weight_and_bias(
            vec![self.channels],
            self.channels,
            [Initial::One, Initial::Zero],
        )
    }
}

/// [`Layer::UnitNorm`](super::Layer::UnitNorm).
pub(super) struct UnitNorm;

impl Kind for UnitNorm {
    fn is_linear(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        "unit norm".into()
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        match shape {
            [_] => Ok(shape.to_vec()),
            _ => Err(format!("is given {shape:?}, but takes vectors")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shaders_add_the_same_to_variances() {
        for source in [
            include_str!("../../../shaders/normalise.wgsl"),
            include_str!("../../../shaders/normalise_adjoint.wgsl"),
        ] {
            let added: Vec<f64> = source
                .lines()
                .filter_map(|line| line.split_once("select(")?.1.split_once(", 0.0, UNIT"))
                .map(|(number, _)| number.parse().unwrap())
                .collect();
            assert_eq!(added, [NORM_EPSILON]);
        }
    }
}
