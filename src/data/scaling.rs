//! Scaling between raw values and what the network sees.

use super::columns::Columns;
use super::{Dataset, Elements, Values};
use crate::error::{Error, Result};
use crate::scratch::Scratch;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How data are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ScalingKind {
    /// By the training data: bytes by `unit`, images and vectors whose features share one range by
    /// `unit-global`, other vectors by `standardise`
    #[default]
    Auto,
    /// No scaling
    None,
    /// To 0..1: bytes divided by 255 (or by their maximum if that is below 128), floats by minimum
    /// and maximum, those of each feature where samples are vectors
    Unit,
    /// To 0..1 by one minimum and one maximum for all features
    UnitGlobal,
    /// To mean 0 and standard deviation 1, each feature by itself where samples are vectors
    #[serde(alias = "standardize")]
    #[value(alias = "standardize")]
    Standardise,
}

/// Vectors with fewer features than this are taken for columns of a table, not for pixels.
const LEAST_PIXELS: usize = 16;

impl ScalingKind {
    /// Whether scaled data lie in 0..1.
    pub fn is_unit(self) -> bool {
        matches!(self, Self::Unit | Self::UnitGlobal)
    }

    /// What [`ScalingKind::Auto`] stands for on the training samples `data`, and why, as the end of
    /// a sentence.
    pub fn choose(data: &Dataset) -> (Self, &'static str) {
        match &data.values {
            Values::Bytes(_) => (Self::Unit, "the data are bytes"),
            _ if matches!(*data.shape, [_, 1, _]) => (Self::UnitGlobal, "the samples are signals"),
            _ if data.shape.len() > 1 => (Self::UnitGlobal, "the samples are images"),
            Values::Floats(values) if share_a_range(values, data.features()) => (
                Self::UnitGlobal,
                "all features share one range from 0 on, as pixels do",
            ),
            _ => (Self::Standardise, "the features have ranges of their own"),
        }
    }
}

/// Whether the features of `values` [samples, features] look like pixels: none is negative, and most
/// of those that vary begin in the lowest quarter of the common range and reach its upper half.
fn share_a_range(values: &Elements<f32>, features: usize) -> bool {
    if features < LEAST_PIXELS {
        return false;
    }
    let (mut low, mut high) = (
        vec![f32::INFINITY; features],
        vec![f32::NEG_INFINITY; features],
    );
    for part in values.parts(features) {
        for row in part.chunks_exact(features) {
            for ((low, high), value) in low.iter_mut().zip(&mut high).zip(row) {
                (*low, *high) = (low.min(*value), high.max(*value));
            }
        }
    }
    let largest = high.iter().copied().fold(0.0, f32::max);
    let varying = || low.iter().zip(&high).filter(|(low, high)| low < high);
    let alike = varying()
        .filter(|&(&low, &high)| low <= largest / 4.0 && high >= largest / 2.0)
        .count();
    low.iter().all(|&low| low >= 0.0) && 2 * alike > varying().count()
}

/// scaled = (raw - shift) / scale. Images and bytes have one pair for all features, vectors of
/// floats a pair each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Scaling {
    /// The rule it follows.
    pub kind: ScalingKind,
    /// `[1]` or `[n]`.
    pub shift: Vec<f64>,
    /// `[1]` or `[n]`; never 0.
    pub scale: Vec<f64>,
    /// Whether it was fitted to [`Values::Doubles`]: then raw values are f64. Otherwise shift and
    /// scale are those of f32, and raw values are f32.
    pub doubles: bool,
}

/// A [`Scaling`] in a file: f32 in as few digits as they need, unless `doubles` says otherwise.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    kind: ScalingKind,
    shift: Numbers,
    scale: Numbers,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    doubles: bool,
}

/// Always read as f64.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Numbers {
    Double(Vec<f64>),
    Single(Vec<f32>),
}

impl Numbers {
    fn of(values: Vec<f64>, doubles: bool) -> Self {
        if doubles {
            return Self::Double(values);
        }
        Self::Single(values.into_iter().map(|value| value as f32).collect())
    }

    fn values(self, doubles: bool) -> Vec<f64> {
        match self {
            Self::Double(values) if doubles => values,
            Self::Double(values) => values.into_iter().map(single).collect(),
            Self::Single(values) => values.into_iter().map(f64::from).collect(),
        }
    }
}

impl From<Scaling> for Stored {
    fn from(scaling: Scaling) -> Self {
        let Scaling { kind, doubles, .. } = scaling;
        let (shift, scale) = (
            Numbers::of(scaling.shift, doubles),
            Numbers::of(scaling.scale, doubles),
        );
        Self {
            kind,
            shift,
            scale,
            doubles,
        }
    }
}

impl From<Stored> for Scaling {
    fn from(stored: Stored) -> Self {
        let Stored { kind, doubles, .. } = stored;
        let (shift, scale) = (stored.shift.values(doubles), stored.scale.values(doubles));
        Self {
            kind,
            shift,
            scale,
            doubles,
        }
    }
}

/// `value` rounded to f32.
fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

impl Scaling {
    /// Values as they are, of any number of features.
    pub fn identity() -> Self {
        Self {
            kind: ScalingKind::None,
            shift: vec![0.0],
            scale: vec![1.0],
            doubles: false,
        }
    }

    /// The scaling of `kind` that fits the training data, [`ScalingKind::Auto`] by what it stands
    /// for. A feature that never varies, but for rounding, is shifted only. Without scaling,
    /// [`Values::Doubles`] are centred all the same, since f32 does not hold them otherwise.
    pub fn fit(kind: ScalingKind, data: &Dataset) -> Self {
        let kind = match kind {
            ScalingKind::Auto => ScalingKind::choose(data).0,
            kind => kind,
        };
        let doubles = matches!(data.values, Values::Doubles(_));
        let bytes = matches!(data.values, Values::Bytes(_));
        let columns = if bytes || data.shape.len() > 1 || kind == ScalingKind::UnitGlobal {
            1
        } else {
            data.features()
        };
        let fitted = shifts_and_scales(kind, &data.values, columns);
        let fitted = fitted.into_iter().map(|(low, extent)| {
            let (epsilon, round): (f64, fn(f64) -> f64) = if doubles {
                (f64::EPSILON, |value| value)
            } else {
                (f64::from(f32::EPSILON), single)
            };
            let varies = extent > epsilon * low.abs() && round(extent) > 0.0;
            (round(low), if varies { round(extent) } else { 1.0 })
        });
        let (shift, scale) = fitted.unzip();
        Self {
            kind,
            shift,
            scale,
            doubles,
        }
    }

    /// Refuses values that f32 cannot hold once they are scaled; `source` names them.
    ///
    /// # Errors
    /// When they become 0 or infinite.
    pub fn check(&self, values: &Values, source: &Path) -> Result<()> {
        if !self.doubles {
            return Ok(());
        }
        let (low, high) = self.range(values);
        let largest = low.abs().max(high.abs());
        if largest.is_finite() && largest >= f32::MIN_POSITIVE {
            return Ok(());
        }
        Err(Error::input(format!(
            "{} has values that f32 cannot hold as they are, far below 1e-38 or above 1e38: choose --scaling standardise",
            source.display()
        )))
    }

    /// Shift and scale of an element.
    pub(super) fn at(&self, element: usize) -> (f64, f64) {
        (
            self.shift[element % self.shift.len()],
            self.scale[element % self.scale.len()],
        )
    }

    /// Shift and scale of the elements from `first` on.
    fn from(&self, first: usize) -> impl Iterator<Item = (f64, f64)> {
        fn cycle(values: &[f64], first: usize) -> impl Iterator<Item = f64> {
            values.iter().copied().cycle().skip(first % values.len())
        }
        cycle(&self.shift, first).zip(cycle(&self.scale, first))
    }

    /// Writes scaled values from element `first` on into `to`.
    pub fn apply_to(&self, values: &Values, first: usize, to: &mut [f32]) {
        /// Elements that are f64 at once.
        const DOUBLES: usize = 1 << 12;
        if self.doubles || matches!(values, Values::Doubles(_)) {
            let mut doubles = vec![0.0; DOUBLES.min(to.len())];
            for (first, to) in (first..).step_by(DOUBLES).zip(to.chunks_mut(DOUBLES)) {
                let doubles = &mut doubles[..to.len()];
                values.copy_doubles(first, doubles);
                let scaled = self.from(first).zip(doubles).zip(to);
                scaled.for_each(|(((shift, scale), value), to)| {
                    *to = ((*value - shift) / scale) as f32;
                });
            }
            return;
        }
        values.copy_floats(first, to);
        if let ([shift], [scale]) = (&self.shift[..], &self.scale[..]) {
            let (shift, scale) = (*shift as f32, *scale as f32);
            return to.iter_mut().for_each(|to| *to = (*to - shift) / scale);
        }
        for ((shift, scale), to) in self.from(first).zip(to) {
            *to = (*to - shift as f32) / scale as f32;
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
        let mut scaled = vec![0.0; values.len()];
        self.apply_to(values, 0, &mut scaled);
        scaled
    }

    /// Scaled values, [samples, features]: on disk where the raw ones lie in files.
    ///
    /// # Errors
    /// When there is no room for them on disk.
    pub fn working_copy(&self, values: &Values) -> Result<Scratch> {
        const PART: usize = 1 << 18;
        let mut scaled = Scratch::zeroed(values.len(), values.is_mapped())?;
        let parts = scaled.par_chunks_mut(PART).enumerate();
        parts.for_each(|(part, to)| self.apply_to(values, part * PART, to));
        Ok(scaled)
    }

    /// Raw values of scaled ones, [samples, features], as f32.
    pub fn invert(&self, scaled: &[f32]) -> Vec<f32> {
        match self.restore(scaled) {
            Values::Floats(values) => values.into(),
            values => values.to_floats(),
        }
    }

    /// Raw values of scaled ones, [samples, features]: [`Values::Doubles`] where the raw ones are,
    /// else [`Values::Floats`].
    pub fn restore(&self, scaled: &[f32]) -> Values {
        let scaled = scaled.iter().enumerate();
        if self.doubles {
            return Values::Doubles(
                scaled
                    .map(|(element, &value)| {
                        let (shift, scale) = self.at(element);
                        f64::from(value) * scale + shift
                    })
                    .collect(),
            );
        }
        let raw = |(element, &value): (usize, &f32)| {
            let (shift, scale) = self.at(element);
            value * scale as f32 + shift as f32
        };
        Values::Floats(scaled.map(raw).collect())
    }
}

/// What `kind` subtracts from the elements of each column of `values` [rows, `columns`], and what it
/// divides them by then, where that is not 0.
fn shifts_and_scales(kind: ScalingKind, values: &Values, columns: usize) -> Vec<(f64, f64)> {
    let all = Columns::of(values, columns);
    let doubles = matches!(values, Values::Doubles(_));
    match (kind, values) {
        (ScalingKind::Auto, _) => unreachable!("it stands for another"),
        (ScalingKind::None, _) if doubles => {
            let means = all.exact_means().into_iter();
            means.map(|mean| (mean, 1.0)).collect()
        }
        (ScalingKind::None, _) => vec![(0.0, 1.0); columns],
        (ScalingKind::Unit | ScalingKind::UnitGlobal, Values::Bytes(bytes)) => {
            vec![(0.0, full_scale(bytes)); columns]
        }
        (ScalingKind::Unit | ScalingKind::UnitGlobal, _) => {
            let ranges = all.ranges().into_iter();
            ranges.map(|(low, high)| (low, high - low)).collect()
        }
        (ScalingKind::Standardise, _) => {
            let means = if doubles {
                all.exact_means()
            } else {
                all.means()
            };
            let deviations = all.deviations(&means);
            means.into_iter().zip(deviations).collect()
        }
    }
}

/// White, for bytes: 255, but images of fewer bits use less of it (scikit-learn's digits end at
/// 16).
fn full_scale(bytes: &Elements<u8>) -> f64 {
    let largest = bytes.parts(1).filter_map(|part| part.iter().copied().max());
    match largest.max().unwrap_or(0) {
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
            values: Values::Floats(values.to_vec().into()),
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
            (
                ScalingKind::UnitGlobal,
                [0.0, 10.0, 7.0, 1.0, 30.0, 7.0].map(|value: f32| value / 30.0),
            ),
            (ScalingKind::Standardise, [-1.0, -1.0, 0.0, 1.0, 1.0, 0.0]),
        ] {
            let scaling = Scaling::fit(kind, &data);
            let scaled = scaling.apply(&data.values);
            assert_eq!(scaled, expected, "{kind:?}");
            assert_eq!(scaling.invert(&scaled), data.values.to_floats(), "{kind:?}");
        }
    }

    #[test]
    fn auto_takes_pixels_together_and_columns_of_a_table_one_by_one() {
        // 16 features: the corners of an image are constant or dark, the others reach 0 and 16.
        let pixels: Vec<f32> = (0..16 * 8)
            .map(|at| match at % 16 {
                0 => 0.0,
                15 => 3.0 * (at / 16 % 2) as f32,
                pixel => 16.0 * ((at / 16 + pixel) % 2) as f32,
            })
            .collect();
        let scaling = Scaling::fit(ScalingKind::Auto, &vectors(&pixels, 16));
        assert_eq!(
            (scaling.kind, scaling.shift, scaling.scale),
            (ScalingKind::UnitGlobal, vec![0.0], vec![16.0])
        );
        let image = Dataset {
            shape: vec![1, 4, 4],
            ..vectors(&pixels, 16)
        };
        let image = Scaling::fit(ScalingKind::Auto, &image);
        assert_eq!(
            (image.kind, image.scale),
            (ScalingKind::UnitGlobal, vec![16.0])
        );
        // The same features, each in units of its own; and the same with a sign.
        let table = pixels.iter().enumerate();
        let table: Vec<f32> = table
            .map(|(at, value)| value * 2.0_f32.powi((at % 16) as i32))
            .collect();
        let signed: Vec<f32> = pixels.iter().map(|value| value - 8.0).collect();
        for values in [table, signed, pixels[..8].to_vec()] {
            let features = values.len().min(16);
            let scaling = Scaling::fit(ScalingKind::Auto, &vectors(&values, features));
            assert_eq!(scaling.kind, ScalingKind::Standardise);
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
