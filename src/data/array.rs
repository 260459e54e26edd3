//! Arrays as files hold them.

use super::Bytes;
use super::picture::is_picture;
use super::reading::split_part;
use super::zipped::Archive;
use super::{cifar, idx, mat, npy, npz, table};
use crate::error::{Error, Result};
use std::io::Read;
use std::path::Path;

/// The elements of an array, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// u8, kept as they are: a quarter of the memory.
    Bytes(Bytes),
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

    /// Elements in `range` as f32, written to the beginning of `to`.
    pub fn copy_floats(&self, range: std::ops::Range<usize>, to: &mut [f32]) {
        match self {
            Self::Bytes(values) => to
                .iter_mut()
                .zip(&values[range])
                .for_each(|(to, from)| *to = f32::from(*from)),
            Self::Floats(values) => to[..range.len()].copy_from_slice(&values[range]),
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

/// Reads one array: `.npy`, `.csv` (also `.tsv` and `.txt`) or IDX, each also with `.gz` behind it;
/// or one of `.npz` or `.mat`, where FILE:NAME names it. Images and CIFAR files are read by
/// [`read_dataset`](super::read_dataset).
///
/// # Errors
/// When the file is missing, is none of these, is cut short, or has elements of another
/// kind. NaN and infinity are errors too, named by their position.
pub fn read_array(path: &Path) -> Result<Array> {
    let (file, part) = split_part(path);
    let sentence = |what| Error::input(format!("{} {what}", file.display()));
    let array = match identify(&file)? {
        Found::Array(bytes) => parse_array(&bytes, &file).map_err(sentence)?,
        Found::Mapped(array) => array,
        Found::Mat(bytes) => mat::parse(&bytes, part.as_deref()).map_err(sentence)?.0,
        Found::Zip => {
            let mut archive = Archive::open(&file)?;
            if archive.arrays().is_empty() {
                return Err(archive.sentence("holds no .npy, but an array is needed"));
            }
            npz::read(&mut archive, part.as_deref())?.0
        }
        Found::Folder | Found::Tar(_) | Found::Cifar(_) => {
            return Err(sentence(
                "holds images, but a single array is needed".into(),
            ));
        }
    };
    check_finite(path, &array)?;
    Ok(array)
}

/// What there is at a path, with its content where that is taken whole.
pub(super) enum Found {
    Folder,
    Zip,
    Tar(Vec<u8>),
    Mat(Vec<u8>),
    Cifar(Vec<u8>),
    /// A large `.npy` of bytes, which is not copied.
    Mapped(Array),
    /// Anything else, which is left to [`parse_array`].
    Array(Vec<u8>),
}

/// Looks at first bytes, and at the name where they do not tell.
///
/// # Errors
/// When the file cannot be read, or its gzip is damaged.
pub(super) fn identify(path: &Path) -> Result<Found> {
    if path.is_dir() {
        return Ok(Found::Folder);
    }
    let mut first = Vec::new();
    let open = std::fs::File::open(path).and_then(|file| file.take(4).read_to_end(&mut first));
    open.map_err(|source| Error::file(path, source))?;
    if first == b"PK\x03\x04" || first == b"PK\x05\x06" {
        return Ok(Found::Zip);
    }
    if let Some(array) = npy::map(path)? {
        return Ok(Found::Mapped(array));
    }
    let bytes = read_bytes(path)?;
    Ok(if bytes.starts_with(npy::MAGIC) {
        Found::Array(bytes)
    } else if mat::is_mat(&bytes) {
        Found::Mat(bytes)
    } else if cifar::is_tar(&bytes) {
        Found::Tar(bytes)
    } else if cifar::is_batch(&plain_name(path)) {
        Found::Cifar(bytes)
    } else {
        Found::Array(bytes)
    })
}

/// The file's name in small letters, without `.gz`.
fn plain_name(path: &Path) -> String {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    name.strip_suffix(".gz").unwrap_or(&name).to_owned()
}

/// `.npy`, text or IDX. An error is the end of a sentence that begins with the file's name.
pub(super) fn parse_array(bytes: &[u8], path: &Path) -> Result<Array, String> {
    let name = plain_name(path);
    if bytes.starts_with(npy::MAGIC) {
        npy::parse(bytes)
    } else if [".csv", ".tsv", ".txt"]
        .iter()
        .any(|extension| name.ends_with(extension))
    {
        table::parse(bytes, if name.ends_with(".tsv") { b'\t' } else { b',' })
    } else if bytes.starts_with(idx::MAGIC) {
        idx::parse(bytes)
    } else if bytes.starts_with(b"\x89HDF") || bytes.starts_with(b"MATLAB 7.3") {
        Err("is HDF5, which nrae does not read: save it from MATLAB with '-v7', or from Python with numpy.save".into())
    } else if is_picture(&name) {
        Err("is a single image: give the folder that it is in".into())
    } else {
        Err("is no data file that nrae knows: give .npy, .npz, .csv, IDX (as MNIST comes in), .mat (version 5), CIFAR's .bin or .tar.gz, \
             or a folder or zip archive of PNG or JPEG images; each file also with .gz"
            .into())
    }
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
        .map_err(|error| {
            Error::input(format!(
                "{} is damaged or cut short: gzip says {error}",
                path.display()
            ))
        })?;
    Ok(bytes)
}

/// # Errors
/// When a value is NaN or infinite, named by its position.
pub(super) fn check_finite(path: &Path, array: &Array) -> Result<()> {
    let Values::Floats(values) = &array.values else {
        return Ok(());
    };
    let Some(at) = values.iter().position(|value| !value.is_finite()) else {
        return Ok(());
    };
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
    shape
        .iter()
        .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
}
