//! Labels: one whole number a sample, for colouring pictures. They take no part in training.

use super::array::{Values, read_array, read_bytes};
use super::npy;
use crate::error::{Error, Result};
use std::path::Path;

/// Reads one label a sample from any format that [`read_array`] reads; `.npy` may hold any integer type.
///
/// # Errors
/// Those of [`read_array`]; and where a value is no whole number from 0 to 2^32 - 1.
pub fn read_labels(path: &Path) -> Result<Vec<u32>> {
    let bytes = read_bytes(path)?;
    if bytes.starts_with(npy::MAGIC) {
        let sentence = |what| Error::input(format!("{} {what}", path.display()));
        if let Some(integers) = npy::parse_integers(&bytes).map_err(sentence)? {
            return integers.into_iter().map(|value| u32::try_from(value).map_err(|_| bad(path, value))).collect();
        }
    }
    match read_array(path)?.values {
        Values::Bytes(values) => Ok(values.into_iter().map(u32::from).collect()),
        Values::Floats(values) => values
            .into_iter()
            .map(|value| {
                if value >= 0.0 && value.fract() == 0.0 && value < 16_777_216.0 {
                    Ok(value as u32)
                } else {
                    Err(bad(path, value))
                }
            })
            .collect(),
    }
}

fn bad(path: &Path, value: impl std::fmt::Display) -> Error {
    Error::input(format!("{} has the label {value}: labels are whole numbers from 0 on", path.display()))
}
