//! Scaling between raw values and what the network sees.

use super::{Dataset, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How data are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ScalingKind {
    /// No scaling
    #[default]
    None,
    /// To 0..1: bytes divided by 255 (or by their maximum if that is below 128), floats by minimum
    /// and maximum
    Unit,
    /// To mean 0 and standard deviation 1
    Standardise,
}

/// scaled = (raw - shift) / scale. Images and bytes have one pair for all features, vectors of
/// floats a pair each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// The rule it follows.
    pub kind: ScalingKind,
    /// `[1]` or `[n]`.
    pub shift: Vec<f32>,
    /// `[1]` or `[n]`; never 0.
    pub scale: Vec<f32>,
}

impl Scaling {
    /// The scaling of `kind` that fits the training data. A feature that never varies is shifted
    /// only.
    pub fn fit(kind: ScalingKind, data: &Dataset) -> Self {
        let columns = match &data.values {
            Values::Floats(_) if data.shape.len() == 1 => data.features(),
            _ => 1,
        };
        let (mut shift, mut scale) = (vec![0.0; columns], vec![1.0; columns]);
        for column in 0..columns {
            let values = || {
                (column..data.values.len())
                    .step_by(columns)
                    .map(|at| f64::from(data.values.get(at)))
            };
            let (low, extent) = match (kind, &data.values) {
                (ScalingKind::None, _) => (0.0, 1.0),
                (ScalingKind::Unit, Values::Bytes(bytes)) => (0.0, full_scale(bytes)),
                (ScalingKind::Unit, Values::Floats(_)) => {
                    let low = values().fold(f64::INFINITY, f64::min);
                    (low, values().fold(f64::NEG_INFINITY, f64::max) - low)
                }
                (ScalingKind::Standardise, _) => {
                    let count = values().count() as f64;
                    let mean = values().sum::<f64>() / count;
                    (
                        mean,
                        (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt(),
                    )
                }
            };
            shift[column] = low as f32;
            scale[column] = if extent as f32 > 0.0 {
                extent as f32
            } else {
                1.0
            };
        }
        Self { kind, shift, scale }
    }

    fn at(&self, element: usize) -> (f32, f32) {
        (
            self.shift[element % self.shift.len()],
            self.scale[element % self.scale.len()],
        )
    }

    /// Writes scaled values from element `first` on into `to`.
    pub fn apply_to(&self, values: &Values, first: usize, to: &mut [f32]) {
        values.copy_floats(first..first + to.len(), to);
        for (element, value) in (first..).zip(to) {
            let (shift, scale) = self.at(element);
            *value = (*value - shift) / scale;
        }
    }

    /// The smallest and the largest of the scaled values, a part of them at a time: they may be
    /// more than memory holds.
    pub fn range(&self, values: &Values) -> (f32, f32) {
        const PART: usize = 1 << 18;
        let of_part = |part: usize| {
            let first = part * PART;
            let mut scaled = vec![0.0; PART.min(values.len() - first)];
            self.apply_to(values, first, &mut scaled);
            scaled
                .iter()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
                    (low.min(*value), high.max(*value))
                })
        };
        let parts = (0..values.len().div_ceil(PART))
            .into_par_iter()
            .map(of_part);
        parts.reduce(
            || (f32::INFINITY, f32::NEG_INFINITY),
            |a, b| (a.0.min(b.0), a.1.max(b.1)),
        )
    }

    /// Scaled values, [samples, features].
    pub fn apply(&self, values: &Values) -> Vec<f32> {
        let scaled = |(element, raw): (usize, f32)| {
            let (shift, scale) = self.at(element);
            (raw - shift) / scale
        };
        match values {
            Values::Bytes(values) => values
                .iter()
                .map(|&raw| f32::from(raw))
                .enumerate()
                .map(scaled)
                .collect(),
            Values::Floats(values) => values.iter().copied().enumerate().map(scaled).collect(),
        }
    }

    /// Raw values of scaled ones, [samples, features].
    pub fn invert(&self, scaled: &[f32]) -> Vec<f32> {
        let raw = |(element, &value): (usize, &f32)| {
            let (shift, scale) = self.at(element);
            value * scale + shift
        };
        scaled.iter().enumerate().map(raw).collect()
    }
}

/// White, for bytes: 255, but images of fewer bits use less of it (scikit-learn's digits end at
/// 16).
fn full_scale(bytes: &[u8]) -> f64 {
    match bytes.iter().copied().max().unwrap_or(0) {
        largest @ 1..128 => f64::from(largest),
        _ => 255.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(values: &[f32], n: usize) -> Dataset {
        let samples = values.len() / n;
        Dataset {
            samples,
            shape: vec![n],
            values: Values::Floats(values.to_vec()),
            labels: None,
            parameter: None,
        }
    }

    #[test]
    fn each_feature_of_a_vector_is_scaled_by_itself_and_back() {
        let data = vectors(&[0.0, 10.0, 7.0, 1.0, 30.0, 7.0], 3);
        for (kind, expected) in [
            (ScalingKind::None, [0.0, 10.0, 7.0, 1.0, 30.0, 7.0]),
            (ScalingKind::Unit, [0.0, 0.0, 0.0, 1.0, 1.0, 0.0]),
            (ScalingKind::Standardise, [-1.0, -1.0, 0.0, 1.0, 1.0, 0.0]),
        ] {
            let scaling = Scaling::fit(kind, &data);
            let scaled = scaling.apply(&data.values);
            assert_eq!(scaled, expected, "{kind:?}");
            assert_eq!(scaling.invert(&scaled), data.values.to_floats(), "{kind:?}");
        }
    }

    #[test]
    fn bytes_are_scaled_by_255() {
        let values = Values::Bytes(vec![0, 51, 102, 255, 9].into());
        let data = Dataset {
            samples: 5,
            shape: vec![1],
            values,
            labels: None,
            parameter: None,
        };
        let scaling = Scaling::fit(ScalingKind::Unit, &data);
        assert_eq!(scaling.apply(&data.values)[3], 1.0);
        let dim = Dataset {
            values: Values::Bytes(vec![0, 4, 8, 16, 9].into()),
            ..data
        };
        assert_eq!(Scaling::fit(ScalingKind::Unit, &dim).scale, [16.0]);
    }
}
