//! The section `[data]` of a configuration.

use super::config::{all_hold, not_negative};
use crate::data::{Layout, Missing, ScalingKind, Synthetic, TableOptions};
use crate::error::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Points of a built-in curve, at most.
const MOST_POINTS: usize = 100_000_000;

/// `[data]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// Training samples: a file or folder in any format that
    /// [`read_dataset`](crate::data::read_dataset) reads, or the name of a published set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<PathBuf>,
    /// A class for each training sample, where the samples do not bring their own; colours
    /// pictures, takes no part in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// The columns of a table that are features, in this order: names, or places from 0 on. All that
    /// hold numbers, but for labels and counts of the rows, where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// The column of a table that holds labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_column: Option<String>,
    /// A column of a table that is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_column: Option<String>,
    /// What becomes of rows of a table with missing values, whose column's mean is filled in where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// A built-in curve instead of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synthetic: Option<Synthetic>,
    /// Points of the curve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
    /// Samples of the training file to hold out for validation, instead of a fraction; of a built-in
    /// curve, further noisy points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_samples: Option<usize>,
    /// Samples of the training file to hold out for the test, instead of a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_samples: Option<usize>,
    /// Standard deviation of the curve's noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Only the first so many samples of the training file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Which axis of the training array is which: by its shape, where it is not given. Samples of other
    /// files are read as those to train on are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// Side in pixels that images are brought to, by a centre crop and a resize. Where it is not given,
    /// images in folders are brought to 64 if their sizes differ or a side is longer than 256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Validation samples from a file of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<PathBuf>,
    /// Test samples from a file of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// Fraction of the training samples to hold out for validation, 0 to 1. Where it is not given, a
    /// tenth of a file of 50 samples or more, unless validation samples or a graph are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_fraction: Option<f64>,
    /// Fraction of the training samples to hold out for the test, 0 to 1.
    pub test_fraction: f64,
    /// How data are scaled: a built-in curve not at all and others by
    /// [`ScalingKind::Auto`], where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling: Option<ScalingKind>,
    /// The folder that paths of this configuration are looked for in where they are not found from
    /// the current one; a run writes where it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

/// Keys that say how the training samples are read, and are flags of the same names.
const READING: [&str; 7] = [
    "labels",
    "columns",
    "label_column",
    "id_column",
    "missing",
    "layout",
    "size",
];

impl DataConfig {
    /// The flags, each behind a blank, with which a command reads the training samples as this run
    /// did.
    pub(crate) fn reading_flags(&self) -> String {
        let keys = serde_json::to_value(self).unwrap_or_default();
        let flag = |key: &str| {
            let value = match &keys[key] {
                Value::Null => return None,
                Value::String(text) => text.clone(),
                Value::Array(names) => {
                    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                    names.join(",")
                }
                other => other.to_string(),
            };
            let plain = |c: char| c.is_alphanumeric() || "_-./,:+".contains(c);
            let value = if value.chars().all(plain) {
                value
            } else {
                format!("'{}'", value.replace('\'', r"'\''"))
            };
            Some(format!(" --{} {value}", key.replace('_', "-")))
        };
        READING.into_iter().filter_map(flag).collect()
    }

    /// What is taken of a table.
    pub fn table(&self) -> TableOptions {
        TableOptions {
            columns: self.columns.clone(),
            label_column: self.label_column.clone(),
            id_column: self.id_column.clone(),
            missing: self.missing,
            trained: None,
        }
    }

    /// The file or folder of the training samples: of a pattern of names, the folder that they are in.
    pub fn path(&self) -> Option<&Path> {
        let path = self.train.as_deref()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let pattern = name.contains(['*', '?']) && !path.exists();
        Some(if pattern { path.parent()? } else { path })
    }

    /// What the training data are called: the curve's name, or the file's without its ending.
    pub fn name(&self) -> String {
        let curve = self.synthetic.and_then(|curve| curve.to_possible_value());
        match (curve, self.path()) {
            (Some(curve), _) => curve.get_name().into(),
            (None, Some(path)) => path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
            (None, None) => "no data".into(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let share = |share: f64| (0.0..1.0).contains(&share);
        all_hold(&[
            (
                share(self.validation_fraction.unwrap_or(0.0)),
                "data.validation_fraction must be at least 0 and below 1",
            ),
            (
                share(self.test_fraction),
                "data.test_fraction must be at least 0 and below 1",
            ),
            (
                self.validation_fraction.unwrap_or(0.0) + self.test_fraction < 1.0,
                "data.validation_fraction and data.test_fraction leave nothing to train on",
            ),
            (
                self.limit != Some(0),
                "data.limit is 0, which leaves nothing to train on",
            ),
            (
                self.size != Some(0),
                "data.size is 0, but an image needs a side of at least 1",
            ),
            (
                self.samples != Some(0),
                "data.samples is 0, which leaves nothing to train on",
            ),
            (
                self.samples.max(self.validation_samples) <= Some(MOST_POINTS),
                "data.samples and data.validation_samples are at most 100000000",
            ),
            (
                self.validation_samples != Some(0),
                "data.validation_samples is 0: leave it out for no validation",
            ),
            (
                self.test_samples != Some(0),
                "data.test_samples is 0: leave it out for no test",
            ),
            (
                self.test_samples.is_none() || self.synthetic.is_none(),
                "data.test_samples is of a file: a built-in curve has a test set of its own",
            ),
            (
                self.noise.is_none_or(not_negative),
                "data.noise must be a number >= 0",
            ),
        ])
    }
}
