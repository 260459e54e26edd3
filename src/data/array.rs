//! Arrays as files hold them.

use super::{idx, npy, table};
use crate::error::{Error, Result};
use std::io::Read;
use std::path::Path;

/// The elements of an array, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// u8, kept as they are: a quarter of the memory.
    Bytes(Vec<u8>),
    /// f32; f64 and text are rounded to it.
    Floats(Vec<f32>),
}

impl Values {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `at` as f32.
    pub fn get(&self, at: usize) -> f32 {
        match self {
            Self::Bytes(values) => f32::from(values[at]),
            Self::Floats(values) => values[at],
        }
    }

    /// All elements as f32.
    pub fn to_floats(&self) -> Vec<f32> {
        match self {
            Self::Bytes(values) => values.iter().map(|&value| f32::from(value)).collect(),
            Self::Floats(values) => values.clone(),
        }
    }
}

/// An array of any number of dimensions, in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Extent of each dimension.
    pub shape: Vec<usize>,
    /// The elements.
    pub values: Values,
}

/// Reads `.npy`, `.csv` (also `.tsv` and `.txt`) or IDX, each also with `.gz` behind it.
///
/// # Errors
/// When the file is missing, is none of these, is cut short, or has elements of another kind. NaN and infinity are errors too, named by
/// their position.
pub fn read_array(path: &Path) -> Result<Array> {
    let bytes = read_bytes(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let text = [".csv", ".tsv", ".txt"].iter().any(|extension| name.ends_with(extension));
    let array = if bytes.starts_with(npy::MAGIC) {
        npy::parse(&bytes)
    } else if text {
        table::parse(&bytes, if name.ends_with(".tsv") { b'\t' } else { b',' })
    } else if bytes.starts_with(idx::MAGIC) {
        idx::parse(&bytes)
    } else {
        Err("is no data file that nrae knows: give .npy, .csv or IDX (as MNIST comes in), each also with .gz".into())
    };
    let array = array.map_err(|what| Error::input(format!("{} {what}", path.display())))?;
    check_finite(path, &array)?;
    Ok(array)
}

/// The whole file, decompressed where it is gzip by its first bytes.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let raw = std::fs::read(path).map_err(|source| Error::file(path, source))?;
    if !raw.starts_with(&[0x1f, 0x8b]) {
        return Ok(raw);
    }
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(&raw[..])
        .read_to_end(&mut bytes)
        .map_err(|error| Error::input(format!("{} is damaged or cut short: gzip says {error}", path.display())))?;
    Ok(bytes)
}

fn check_finite(path: &Path, array: &Array) -> Result<()> {
    let Values::Floats(values) = &array.values else { return Ok(()) };
    let Some(at) = values.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let width: usize = array.shape.iter().skip(1).product::<usize>().max(1);
    Err(Error::input(format!(
        "{} has the value {} in sample {} (feature {}): remove or fill in values that are not finite numbers",
        path.display(),
        values[at],
        at / width,
        at % width
    )))
}

/// Number of elements of `shape`, where it can be counted.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent))
}
