//! NumPy's `.npz`: a zip archive of `.npy` files.

use super::archive::Archive;
use super::format::{Format, Labelled, Reader};
use super::labels::Labels;
use super::members::{choose, choose_labels};
use super::npy;
use super::sparse::{Layout, dense};
use crate::data::array::Array;
use crate::error::{Error, Result};

pub(super) const FORMAT: Format = Format {
    name: ".npz",
    files: "`.npz`, also of SciPy's sparse matrices",
    labels: "an array of the usual name (`y` for `x`, `labels` for `images`)",
    parts: "a name, `train`, `test`",
    detect: |source| Ok(source.is_zip() && !Archive::open(source.file())?.arrays().is_empty()),
    reader: Reader::Array(|source| {
        let mut archive = Archive::open(source.file())?;
        let Some(entries) = sparse_arrays(&archive) else {
            return read(&mut archive, source.part());
        };
        let (array, words) = read_sparse(&mut archive, &entries)?;
        source.note(&format!("is {words}"));
        Ok((array, None))
    }),
    read_labels: |source| read_labels(&mut Archive::open(source.file())?, source.part()),
};

/// The samples, those that `part` names or that have a usual name, with their labels.
///
/// # Errors
/// When no array is chosen, or it cannot be used.
fn read(archive: &mut Archive, part: Option<&str>) -> Result<Labelled> {
    let (path, entries) = (archive.path().to_owned(), archive.arrays());
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    let (samples, labels) = choose(&names, part).map_err(|what| archive.sentence(&what))?;
    let array = member(archive, &entries, samples, |bytes| {
        if let Some(what) = npy::conversion(bytes) {
            log::info!("{}:{samples} {what}", path.display());
        }
        npy::parse(bytes)
    })?;
    let of_samples = |bytes: &[u8]| npy::labels(bytes)?.of_samples();
    let labels = labels
        .map(|name| member(archive, &entries, name, of_samples))
        .transpose()?;
    Ok((array, labels))
}

/// The arrays of an archive that `scipy.sparse.save_npz` wrote.
fn sparse_arrays(archive: &Archive) -> Option<Vec<(String, usize)>> {
    let entries = archive.arrays();
    let has = |wanted: &str| entries.iter().any(|(name, _)| name == wanted);
    ["format", "shape", "data"]
        .into_iter()
        .all(has)
        .then_some(entries)
}

/// A sparse matrix, made dense, and what is said of it.
///
/// # Errors
/// When it is damaged, too large, or neither CSR, CSC nor COO.
fn read_sparse(archive: &mut Archive, entries: &[(String, usize)]) -> Result<(Array, String)> {
    let has = |wanted: &str| entries.iter().any(|(name, _)| name == wanted);
    let format = match member(archive, entries, "format", npy::labels)? {
        Labels::Text(names) => names.concat(),
        _ => String::new(),
    };
    let whole = |archive: &mut Archive, name: &str| -> Result<Vec<u64>> {
        if !has(name) {
            return Err(archive.sentence(&format!(
                "is damaged: its sparse matrix has no array {name}"
            )));
        }
        let values = member(archive, entries, name, npy::parse_integers)?;
        let index = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
        Ok(values.unwrap_or_default().into_iter().map(index).collect())
    };
    let shape = whole(archive, "shape")?;
    let layout = match format.as_str() {
        "csr" => Layout::Rows {
            pointers: whole(archive, "indptr")?,
            indices: whole(archive, "indices")?,
        },
        "csc" => Layout::Columns {
            pointers: whole(archive, "indptr")?,
            indices: whole(archive, "indices")?,
        },
        "coo" => Layout::Places {
            rows: whole(archive, "row")?,
            columns: whole(archive, "col")?,
        },
        other => {
            let what =
                format!("is a sparse matrix of the format `{other}`: save matrix.tocsr() instead");
            return Err(archive.sentence(&what));
        }
    };
    let Ok(shape) = <[u64; 2]>::try_from(shape) else {
        return Err(archive.sentence("is damaged: its sparse matrix has no two extents"));
    };
    let data = member(archive, entries, "data", npy::parse)?.values;
    dense(shape, &data, &layout).map_err(|what| archive.sentence(&what))
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
