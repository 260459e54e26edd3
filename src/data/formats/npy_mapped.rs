//! Arrays of `.npy` that stay in their files: a large one, and the parts of a folder, read as one.

use super::npy::{conversion, number, open};
use super::npy_header::{Header, MAGIC};
use super::source::{Source, large};
use crate::data::array::{Array, Values};
use crate::data::mapped::{Arrays, Mapped, MappedFile};
use crate::data::number::Number;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// A large `.npy` in C order, mapped into memory; `None` for any other file. Its numbers are converted
/// where they are read.
///
/// # Errors
/// When the file cannot be opened, its header does not agree with its length, or its elements are
/// no numbers.
pub(super) fn map(source: &Source) -> Result<Option<Array>> {
    map_from(source, large()?)
}

/// The same for a file of at least `large` bytes.
fn map_from(source: &Source, large: u64) -> Result<Option<Array>> {
    let path = source.file();
    let length = std::fs::metadata(path).map_err(|error| Error::file(path, error))?;
    if length.len() < large || source.first().is_none_or(|first| !first.starts_with(MAGIC)) {
        return Ok(None);
    }
    let part = Part::open(path)?;
    if part.is_fortran() || part.rows() > Mapped::MOST_ROWS {
        return Ok(None);
    }
    if let Some(what) = conversion(&part.file) {
        source.note(&format!("{what} where it is read"));
    }
    Part::join(vec![part]).map(Some)
}

/// The arrays of `paths` one after the other, mapped into memory.
///
/// # Errors
/// When one of them is damaged, has another type or shape than the first, or its columns one after the
/// other.
pub(super) fn map_parts(source: &Source, paths: &[PathBuf]) -> Result<Array> {
    let parts = paths.iter().map(|path| Part::open(path));
    let parts = parts.collect::<Result<Vec<_>>>()?;
    let [first, .., last] = &parts[..] else {
        return Part::join(parts);
    };
    source.note(&format!(
        "holds {} parts, which are one set: from {} to {}",
        parts.len(),
        first.file.path().display(),
        last.file.path().display()
    ));
    if let Some(what) = conversion(&first.file) {
        source.note(&format!("{what} where it is read"));
    }
    Part::join(parts)
}

/// An array in a mapped file.
struct Part {
    header: Header,
    number: Number,
    file: MappedFile,
}

impl Part {
    fn open(path: &Path) -> Result<Self> {
        let file = MappedFile::open(path)?;
        let sentence = |what| Error::input(format!("{} {what}", path.display()));
        if !file.starts_with(MAGIC) {
            return Err(sentence("is no .npy, whatever its name says".into()));
        }
        let (header, _) = open(&file).map_err(sentence)?;
        let number = number(&header).map_err(sentence)?;
        Ok(Self {
            header,
            number,
            file,
        })
    }

    fn rows(&self) -> usize {
        self.header.shape.first().copied().unwrap_or(1)
    }

    /// The shape of a row.
    fn sample(&self) -> &[usize] {
        self.header.shape.get(1..).unwrap_or_default()
    }

    fn is_fortran(&self) -> bool {
        self.header.fortran && self.header.shape.len() > 1
    }

    /// All rows, as one array.
    fn join(parts: Vec<Self>) -> Result<Array> {
        let first = &parts[0];
        let alike = |part: &Self| {
            let one = |part: &Self| (part.number, part.header.big);
            one(part) == one(first)
                && part.sample() == first.sample()
                && part.header.shape.is_empty() == first.header.shape.is_empty()
        };
        if let Some(other) = parts.iter().find(|part| !alike(part)) {
            let what = |part: &Self| {
                format!(
                    "has the shape {:?} and the type {}",
                    part.header.shape, part.header.description
                )
            };
            return Err(Error::input(format!(
                "{} {}, but {} {}: parts of one set have the same type and the same shape but for the number of samples; give one \
                 file, or name the parts by a pattern such as --data '{}'",
                first.file.path().display(),
                what(first),
                other.file.path().display(),
                what(other),
                first.file.path().with_file_name("train-*.npy").display()
            )));
        }
        if let Some(part) = parts.iter().find(|part| part.is_fortran()) {
            return Err(Error::input(format!(
                "{} has its columns one after the other (Fortran order): save it with numpy.ascontiguousarray",
                part.file.path().display()
            )));
        }
        let rows = parts.iter().map(Self::rows).sum();
        let shape = match first.header.shape.len() {
            0 => Vec::new(),
            _ => [&[rows], first.sample()].concat(),
        };
        let width = first.sample().iter().product();
        if rows > Mapped::MOST_ROWS {
            return Err(Error::input(format!(
                "{} and the parts after it have {rows} samples, but at most {} can be numbered",
                first.file.path().display(),
                Mapped::MOST_ROWS
            )));
        }
        let (number, big) = (first.number, first.header.big);
        let files = parts
            .into_iter()
            .map(|part| (part.file, part.header.length));
        let arrays = Arrays::new((number, big), files);
        Ok(Array {
            shape,
            values: Values::mapped(Mapped::of_arrays(arrays, [rows, width])),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::npy::parse;
    use super::super::npy_header::header_bytes;
    use super::*;

    /// An array of `shape` in a file, mapped and in memory.
    fn both(description: &str, shape: &[usize], data: &[u8]) -> [Array; 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let bytes = [header_bytes(description, shape), data.to_vec()].concat();
        std::fs::write(&path, &bytes).unwrap();
        let source = Source::open(&path).unwrap();
        assert!(map_from(&source, bytes.len() as u64 + 1).unwrap().is_none());
        let mapped = map_from(&source, bytes.len() as u64).unwrap().unwrap();
        [mapped, parse(&bytes).unwrap()]
    }

    #[test]
    fn mapped_numbers_of_every_type_are_those_that_are_read() {
        for description in [
            "|b1", "|u1", "|i1", "<u2", ">i2", "<f2", ">f2", "<u4", ">i4", "<f4", ">f4", "<i8",
            ">u8", "<f8", ">f8",
        ] {
            let size: usize = description[2..].parse().unwrap();
            // Small enough bytes that no float is NaN.
            let data: Vec<u8> = (0..6 * 8 * size).map(|at| (at * 37 % 61) as u8).collect();
            let [mapped, read] = both(description, &[6, 8], &data);
            assert!(mapped.values.is_mapped() && !read.values.is_mapped());
            assert_eq!(mapped, read, "{description}");
            let rows = |values: &Values, rows: &[usize]| values.rows(rows, 8);
            for (first, second) in [
                (&[4, 1, 1, 5, 0][..], &[3, 2][..]),
                (&[1, 2, 3, 4], &[1, 2]),
                (&[2, 3, 4, 5], &[3, 0]),
                (&[0, 2], &[]),
            ] {
                let [mapped, read] =
                    [&mapped, &read].map(|array| rows(&rows(&array.values, first), second));
                assert!(mapped.is_mapped() && mapped.len() == 8 * second.len());
                assert_eq!(mapped, read, "{description}: {first:?}, {second:?}");
            }
            for channels in [1, 2, 4] {
                let [mapped, read] = [&mapped, &read].map(|array| {
                    let values = array.values.clone();
                    rows(&values.channels_first(channels, 8 / channels), &[5, 0, 3])
                });
                assert!(mapped.is_mapped());
                assert_eq!(mapped, read, "{description}: {channels} channels");
                for at in 0..read.len() {
                    assert_eq!(mapped.get_double(at), read.get_double(at));
                }
                let [some, others] = [&mapped, &read].map(|values| {
                    let mut part = [0.0; 13];
                    values.copy_floats(6, &mut part);
                    part
                });
                assert_eq!(some, others);
            }
            let [mapped, read] = [mapped, read].map(Array::rounded);
            assert!(mapped.values.is_mapped());
            assert_eq!(mapped, read, "{description} rounded");
        }
    }
}
