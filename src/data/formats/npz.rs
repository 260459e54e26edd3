//! NumPy's `.npz`: a zip archive of `.npy` files.

use super::archive::Archive;
use super::format::{AnyLabelled, Format, Reader};
use super::labels::Labels;
use super::members::{choose, choose_labels};
use super::npy;
use crate::error::{Error, Result};

pub(super) const FORMAT: Format = Format {
    name: ".npz",
    files: "`.npz`",
    labels: "an array of the usual name (`y` for `x`, `labels` for `images`)",
    parts: "a name, `train`, `test`",
    detect: |source| Ok(source.is_zip() && !Archive::open(source.file())?.arrays().is_empty()),
    reader: Reader::AnyLabels(|source| read(&mut Archive::open(source.file())?, source.part())),
    read_labels: |source| read_labels(&mut Archive::open(source.file())?, source.part()),
};

/// The samples, those that `part` names or that have a usual name, with their labels.
///
/// # Errors
/// When no array is chosen, or it cannot be used.
fn read(archive: &mut Archive, part: Option<&str>) -> Result<AnyLabelled> {
    let entries = archive.arrays();
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    let (samples, labels) = choose(&names, part).map_err(|what| archive.sentence(&what))?;
    let array = member(archive, &entries, samples, npy::parse)?;
    // An array of the usual name that is no labels is none.
    let any = |bytes: &[u8]| Ok(npy::labels(bytes).ok());
    let labels = match labels {
        Some(name) => member(archive, &entries, name, any)?,
        None => None,
    };
    Ok((array, labels))
}

/// The labels alone.
///
/// # Errors
/// When no array is chosen, or it cannot be used.
fn read_labels(archive: &mut Archive, part: Option<&str>) -> Result<Labels> {
    let entries = archive.arrays();
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    let name = choose_labels(&names, part).map_err(|what| archive.sentence(&what))?;
    let bytes = member(archive, &entries, name, |bytes| Ok(bytes.to_vec()))?;
    npy::labels(&bytes).map_err(|what| archive.sentence(&what))
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
