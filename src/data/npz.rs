//! NumPy's `.npz`: a zip archive of `.npy` files.

use super::array::{Array, Values};
use super::members::{choose, choose_labels, labels_of};
use super::npy;
use super::zipped::Archive;
use crate::error::{Error, Result};

/// The samples, those that `part` names or that have a usual name, with their labels.
///
/// # Errors
/// When no array is chosen, or it cannot be used.
pub(super) fn read(archive: &mut Archive, part: Option<&str>) -> Result<(Array, Option<Vec<u32>>)> {
    let entries = archive.arrays();
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    let (samples, labels) = choose(&names, part).map_err(|what| archive.sentence(&what))?;
    let array = member(archive, &entries, samples, npy::parse)?;
    let labels = match labels {
        Some(name) => member(archive, &entries, name, numbers)?,
        None => None,
    };
    let count = array.shape.first().copied().unwrap_or(0);
    let labels = labels.and_then(|labels| match labels {
        Numbers::Whole(labels) if labels.len() == count => labels
            .into_iter()
            .map(|label| u32::try_from(label).ok())
            .collect(),
        Numbers::Whole(_) => None,
        Numbers::Other(values) => labels_of(&values, count),
    });
    Ok((array, labels))
}

/// The bytes of the `.npy` that holds the labels alone.
///
/// # Errors
/// When no array is chosen or it cannot be unpacked.
pub(super) fn read_labels(archive: &mut Archive, part: Option<&str>) -> Result<Vec<u8>> {
    let entries = archive.arrays();
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    let name = choose_labels(&names, part).map_err(|what| archive.sentence(&what))?;
    member(archive, &entries, name, |bytes| Ok(bytes.to_vec()))
}

enum Numbers {
    Whole(Vec<i64>),
    Other(Values),
}

/// Numbers of any type; `None` where they are none.
fn numbers(bytes: &[u8]) -> Result<Option<Numbers>, String> {
    if let Some(whole) = npy::parse_integers(bytes)? {
        return Ok(Some(Numbers::Whole(whole)));
    }
    Ok(npy::parse(bytes)
        .ok()
        .map(|array| Numbers::Other(array.values)))
}

fn member<T>(
    archive: &mut Archive,
    entries: &[(String, usize)],
    name: &str,
    parse: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<T> {
    let &(_, entry) = entries
        .iter()
        .find(|(other, _)| other == name)
        .expect("chosen from these names");
    let bytes = archive.bytes(entry)?;
    parse(&bytes)
        .map_err(|what| Error::input(format!("{}:{name} {what}", archive.path().display())))
}
