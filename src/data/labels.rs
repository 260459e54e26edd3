//! Labels: one whole number a sample, for colouring pictures. They take no part in training.

use super::array::{Found, Values, identify, parse_array, read_bytes};
use super::members::whole;
use super::reading::split_part;
use super::zipped::Archive;
use super::{ReadOptions, mat, npy, npz, read_dataset};
use crate::error::{Error, Result};
use std::path::Path;

/// Reads one label a sample from any format that [`read_array`](super::read_array) reads; `.npy`
/// may hold any integer type. Of `.npz` and `.mat`, FILE:NAME names the array; of a file that holds
/// samples with their labels, the labels are taken.
///
/// # Errors
/// Those of [`read_array`](super::read_array); and where a value is no whole number from 0
/// to 2^32 - 1, or the file has no labels.
pub fn read_labels(path: &Path) -> Result<Vec<u32>> {
    let (file, part) = split_part(path);
    let part = part.as_deref();
    let sentence = |what| Error::input(format!("{} {what}", path.display()));
    let found = identify(&file)?;
    if let Found::Folder | Found::Tar(_) | Found::Cifar(_) = found {
        let labels = read_dataset(path, &ReadOptions::default())?.data.labels;
        return labels.ok_or_else(|| sentence("has no labels".into()));
    }
    let npy = match &found {
        Found::Zip => Some(npz::read_labels(&mut Archive::open(&file)?, part)?),
        Found::Array(bytes) if bytes.starts_with(npy::MAGIC) => Some(bytes.clone()),
        _ => None,
    };
    let values = match (npy, found) {
        (Some(npy), _) => match npy::parse_integers(&npy).map_err(sentence)? {
            Some(integers) => {
                return integers
                    .into_iter()
                    .map(|value| u32::try_from(value).map_err(|_| bad(path, value)))
                    .collect();
            }
            None => npy::parse(&npy).map_err(sentence)?.values,
        },
        (None, Found::Mat(bytes)) => mat::parse_labels(&bytes, part).map_err(sentence)?,
        (None, Found::Array(bytes)) => parse_array(&bytes, &file).map_err(sentence)?.values,
        (None, _) => unreachable!("every other kind has been read"),
    };
    match values {
        Values::Bytes(values) => Ok(values.iter().copied().map(u32::from).collect()),
        Values::Floats(values) => values
            .into_iter()
            .map(|value| whole(value).ok_or_else(|| bad(path, value)))
            .collect(),
    }
}

/// Reads an `.npy` of integers from 0 to 2^32 - 1 of any type: its shape and elements.
///
/// # Errors
/// When the file is missing, damaged, no `.npy` of integers, or holds others.
pub fn read_integers(path: &Path) -> Result<(Vec<usize>, Vec<u32>)> {
    let bytes = read_bytes(path)?;
    let sentence = |what: String| Error::input(format!("{} {what}", path.display()));
    if !bytes.starts_with(npy::MAGIC) {
        return Err(sentence("is no .npy file".into()));
    }
    let shape = npy::shape(&bytes).map_err(sentence)?;
    let Some(integers) = npy::parse_integers(&bytes).map_err(sentence)? else {
        return Err(sentence("does not hold integers".into()));
    };
    let small = |value: i64| {
        u32::try_from(value).map_err(|_| sentence(format!("holds {value}, which is no index")))
    };
    Ok((
        shape,
        integers.into_iter().map(small).collect::<Result<_>>()?,
    ))
}

fn bad(path: &Path, value: impl std::fmt::Display) -> Error {
    Error::input(format!(
        "{} has the label {value}: labels are whole numbers from 0 on",
        path.display()
    ))
}
