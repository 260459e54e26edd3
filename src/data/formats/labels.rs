//! Labels as files hold them, and as numbers from 0 on.

use super::source::Source;
use crate::data::array::Values;
use crate::data::reading::Reading;
use crate::data::sample_labels::SampleLabels;
use crate::error::{Error, Result};
use std::path::Path;

impl From<SampleLabels> for Labels {
    fn from(labels: SampleLabels) -> Self {
        match labels {
            SampleLabels::Names(names) => Self::Text(names),
            SampleLabels::Classes(classes) => {
                Self::Whole(classes.into_iter().map(i64::from).collect())
            }
            SampleLabels::Values(values) => Self::Other(Values::Floats(values.into())),
        }
    }
}

/// Labels as a file holds them.
pub(in crate::data) enum Labels {
    /// Whole numbers of any type.
    Whole(Vec<i64>),
    /// Other numbers, which may be whole all the same.
    Other(Values),
    /// Names of classes.
    Text(Vec<String>),
}

impl Labels {
    /// Those of samples that come with labels.
    ///
    /// # Errors
    /// When these have none.
    pub(super) fn of(reading: Reading, source: &Source) -> Result<Self> {
        let labels = reading.data.labels.into_iter().flatten();
        match labels.map(i64::from).collect::<Vec<_>>() {
            labels if labels.is_empty() => Err(source.error("has no labels".into())),
            labels => Ok(Self::Whole(labels)),
        }
    }

    /// Those of `parts`, one after the other; `None` where some are numbers and some are text.
    pub(super) fn joined(parts: Vec<Self>) -> Option<Self> {
        let mut parts = parts.into_iter();
        let first = parts.next()?;
        parts.try_fold(first, |all, next| match (all, next) {
            (Self::Whole(all), Self::Whole(next)) => Some(Self::Whole([all, next].concat())),
            (Self::Text(all), Self::Text(next)) => Some(Self::Text([all, next].concat())),
            (Self::Other(all), Self::Other(next)) => {
                let mut doubles = vec![0.0; all.len() + next.len()];
                let (one, two) = doubles.split_at_mut(all.len());
                all.copy_doubles(0, one);
                next.copy_doubles(0, two);
                Some(Self::Other(Values::Doubles(doubles.into())))
            }
            _ => None,
        })
    }

    /// As what colours samples: classes, values along a scale, or names. An error is the end of a
    /// sentence that begins with what holds them.
    pub(in crate::data) fn of_samples(self) -> Result<SampleLabels, String> {
        let values: Vec<f64> = match self {
            Self::Text(names) => return Ok(SampleLabels::Names(names)),
            Self::Whole(values) => values.into_iter().map(|value| value as f64).collect(),
            Self::Other(values) => (0..values.len()).map(|at| values.get_double(at)).collect(),
        };
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(format!("has no finite number as label {at}")),
            None => Ok(SampleLabels::of_numbers(values)),
        }
    }

    /// As whole numbers from 0 on; `path` is what they were read from.
    ///
    /// # Errors
    /// When one of them is none.
    pub(in crate::data) fn numbers(self, path: &Path) -> Result<Vec<u32>> {
        match self {
            Self::Text(names) => Err(bad(path, names.first().map_or("", |name| name))),
            Self::Whole(values) => values
                .into_iter()
                .map(|value| u32::try_from(value).map_err(|_| bad(path, value)))
                .collect(),
            Self::Other(Values::Bytes(values)) => {
                Ok(values.whole().iter().copied().map(u32::from).collect())
            }
            Self::Other(values) => (0..values.len())
                .map(|at| values.get_double(at))
                .map(|value| whole(value).ok_or_else(|| bad(path, value)))
                .collect(),
        }
    }
}

fn bad(path: &Path, value: impl std::fmt::Display) -> Error {
    Error::input(format!(
        "{} has the label {value}: labels are whole numbers from 0 on",
        path.display()
    ))
}

/// A whole number from 0 to 2^32 - 1.
fn whole(value: f64) -> Option<u32> {
    (value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value)).then_some(value as u32)
}
