//! Where a run comes from: the command, the date, and the data with a hash of their content.

use super::{Config, Splits};
use crate::data::{Dataset, ScalingKind, Values, find_data, hexadecimal};
use clap::ValueEnum;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// What tells a run apart and lets it be repeated.
#[derive(Clone, Debug, Serialize)]
pub struct Provenance {
    /// The command line of the process.
    pub command: Vec<String>,
    /// When it ended, UTC, `YYYY-MM-DDThh:mm:ssZ`.
    pub date: String,
    /// The file of the training data as given, or the name of a set or a curve.
    pub data: String,
    /// That file's absolute path, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_path: Option<PathBuf>,
    /// SHA-256 of the training samples: their shape and their values as read, little-endian.
    pub data_sha256: String,
    /// Names of the features, of a table that has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Means of the features, of a table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub means: Vec<f64>,
    /// Shape of a sample.
    pub shape: Vec<usize>,
    /// Samples of each split.
    pub samples: SampleCounts,
    /// How the data are scaled.
    pub scaling: ScalingKind,
    /// Subtracted from raw values, `[1]` or one for each feature.
    pub scaling_shift: Vec<f64>,
    /// What they are divided by then.
    pub scaling_scale: Vec<f64>,
}

/// Samples of each split.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SampleCounts {
    /// Trained on.
    pub train: usize,
    /// Held out for validation.
    pub validation: usize,
    /// Held out for the test.
    pub test: usize,
}

impl Provenance {
    pub(super) fn of(config: &Config, splits: &Splits) -> Self {
        let count = |data: &Option<Dataset>| data.as_ref().map_or(0, |data| data.samples);
        let (path, curve) = (&config.data.train, config.data.synthetic);
        let data = match (path, curve.and_then(|curve| curve.to_possible_value())) {
            (Some(path), _) => path.display().to_string(),
            (None, Some(curve)) => curve.get_name().to_owned(),
            (None, None) => String::new(),
        };
        Self {
            command: std::env::args().collect(),
            date: utc(SystemTime::now()),
            data,
            data_path: path
                .as_ref()
                .and_then(|path| find_data(path).ok())
                .and_then(|path| std::path::absolute(path).ok()),
            data_sha256: sha256(&splits.train),
            columns: splits.columns.clone(),
            means: splits.means.clone(),
            shape: splits.train.shape.clone(),
            samples: SampleCounts {
                train: splits.train.samples,
                validation: count(&splits.validation),
                test: count(&splits.test),
            },
            scaling: splits.scaling.kind,
            scaling_shift: splits.scaling.shift.clone(),
            scaling_scale: splits.scaling.scale.clone(),
        }
    }
}

/// SHA-256 of the shape and the values of `data`, as hexadecimal digits.
pub(super) fn sha256(data: &Dataset) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{}x{:?}", data.samples, data.shape));
    match &data.values {
        Values::Bytes(values) => values.parts(1).for_each(|part| hash.update(part)),
        Values::Floats(values) => {
            for part in values.parts(1) {
                let bytes: Vec<u8> = part.iter().flat_map(|value| value.to_le_bytes()).collect();
                hash.update(bytes);
            }
        }
        Values::Doubles(values) => {
            for part in values.parts(1) {
                let bytes: Vec<u8> = part.iter().flat_map(|value| value.to_le_bytes()).collect();
                hash.update(bytes);
            }
        }
    }
    hexadecimal(hash.finalize())
}

/// `time` in the form of RFC 3339. The date is Howard Hinnant's civil_from_days.
fn utc(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + 400 * era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // date -u -d @N, at the edges of months and of leap years.
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), date);
        }
    }
}
