//! Samples from any format, with their labels where the format holds them.

use super::array::{Array, Found, Values, check_finite, identify, parse_array};
use super::zipped::Archive;
use super::{Adjustments, Dataset, cifar, images, mat, npz};
use crate::error::{Error, Result};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The samples, with labels where the file holds them.
    pub data: Dataset,
    /// Names of the classes 0, 1, ..., where the file holds them.
    pub classes: Option<Vec<String>>,
}

/// How samples are read. The default takes them as they are.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Samples are the columns of a matrix, not its rows.
    pub columns: bool,
    /// Vectors become images [channels, height, width].
    pub shape: Option<[usize; 3]>,
    /// Changes to every image.
    pub adjustments: Adjustments,
    /// So many samples are left out at the beginning ...
    pub skip: usize,
    /// ... and at most so many of the rest are taken.
    pub limit: Option<usize>,
}

impl ReadOptions {
    /// Which of `samples` samples are taken.
    pub fn range(&self, samples: usize) -> Range<usize> {
        let start = self.skip.min(samples);
        start
            ..self
                .limit
                .map_or(samples, |limit| samples.min(start.saturating_add(limit)))
    }
}

/// Reads samples from a file or folder, or from one `part` of it as FILE:PART:
///
/// | what | how it is recognised | labels | parts |
/// |---|---|---|---|
/// | `.npy`, IDX, `.csv`, `.tsv`, `.txt` | content; extension of text | in files of their own | |
/// | `.npz` | zip archive of `.npy` | an array whose name goes with the samples' | array, split |
/// | `.mat`, version 5 | content | likewise | likewise |
/// | CIFAR binary: a batch, the archive, its folder | `.bin`; tar; names | fine ones | split |
/// | images | folder or zip archive of PNG or JPEG | one class per folder | folder of the archive |
///
/// A split is `train` (CIFAR's default), `test` or, except for CIFAR, `validation`.
///
/// Files other than zip archives may be gzipped. Images of a folder must have one size once the
/// adjustments are made; adjusting and limiting happen while they are read, so that large sets need
/// little memory.
///
/// # Errors
/// When the file is missing, damaged, of no known format, or holds no samples.
pub fn read_dataset(path: &Path, options: &ReadOptions) -> Result<Reading> {
    let (file, part) = split_part(path);
    let part = part.as_deref();
    let sentence = |what: String| Error::input(format!("{} {what}", file.display()));
    let array = |array: Array, labels: Option<Vec<u32>>| -> Result<Reading> {
        check_finite(&file, &array)?;
        let mut data = Dataset::from_array(
            if options.columns {
                turned(array, &file)?
            } else {
                array
            },
            &file,
        )?;
        data.labels = labels.filter(|labels| labels.len() == data.samples);
        Ok(Reading {
            data,
            classes: None,
        })
    };
    let reading = match identify(&file)? {
        Found::Folder if cifar::is_folder(&file) => {
            cifar::read_folder(&file, part).map_err(sentence)?
        }
        Found::Folder => return images::read_folder(&file, options)?.checked(&file),
        Found::Zip => {
            let mut archive = Archive::open(&file)?;
            if archive.arrays().is_empty() {
                return images::read_archive(&mut archive, part, options)?.checked(&file);
            }
            let (samples, labels) = npz::read(&mut archive, part)?;
            array(samples, labels)?
        }
        Found::Tar(bytes) => cifar::parse_tar(&bytes, part).map_err(sentence)?,
        Found::Mat(bytes) => {
            let (samples, labels) = mat::parse(&bytes, part).map_err(sentence)?;
            array(samples, labels)?
        }
        Found::Cifar(bytes) => cifar::parse(&bytes).map_err(sentence)?,
        Found::Array(bytes) => array(parse_array(&bytes, &file).map_err(sentence)?, None)?,
        Found::Mapped(mapped) => array(mapped, None)?,
    };
    let reading = reading.shaped(options.shape, &file)?.checked(&file)?;
    let data = match options.range(reading.data.samples) {
        all if all.len() == reading.data.samples => reading.data,
        some => reading.data.subset(&some.collect::<Vec<_>>()),
    };
    Reading {
        data: options.adjustments.apply(data, &file)?,
        ..reading
    }
    .checked(&file)
}

impl Reading {
    /// # Errors
    /// When nothing is left.
    fn checked(self, source: &Path) -> Result<Self> {
        if self.data.samples == 0 {
            return Err(Error::input(format!(
                "{} holds no samples, or all are left out",
                source.display()
            )));
        }
        Ok(self)
    }

    /// Vectors as images of `shape`.
    fn shaped(mut self, shape: Option<[usize; 3]>, source: &Path) -> Result<Self> {
        let Some(shape) = shape else { return Ok(self) };
        let features = shape
            .iter()
            .try_fold(1_usize, |product, &extent| product.checked_mul(extent));
        if features != Some(self.data.features()) {
            return Err(Error::input(format!(
                "{} holds samples of shape {:?}, which are no images of shape {shape:?}: {} values are needed",
                source.display(),
                self.data.shape,
                self.data.features()
            )));
        }
        self.data.shape = shape.to_vec();
        Ok(self)
    }
}

/// Rows for columns.
fn turned(array: Array, source: &Path) -> Result<Array> {
    fn turn<T: Copy>(values: &[T], rows: usize, columns: usize) -> Vec<T> {
        (0..columns)
            .flat_map(|column| (0..rows).map(move |row| values[row * columns + column]))
            .collect()
    }
    let [rows, columns] = *array.shape.as_slice() else {
        return Err(Error::input(format!(
            "{} has the shape {:?}, but only a matrix has samples in its columns",
            source.display(),
            array.shape
        )));
    };
    let values = match &array.values {
        Values::Bytes(values) => Values::Bytes(turn(values, rows, columns).into()),
        Values::Floats(values) => Values::Floats(turn(values, rows, columns)),
    };
    Ok(Array {
        shape: vec![columns, rows],
        values,
    })
}

/// FILE:PART in its two halves, where there is no file of the whole name and one of the first half.
pub fn split_part(path: &Path) -> (PathBuf, Option<String>) {
    let halves = path.to_str().and_then(|text| text.rsplit_once(':'));
    match halves {
        Some((file, part)) if !part.is_empty() && !path.exists() && Path::new(file).exists() => {
            (file.into(), Some(part.to_owned()))
        }
        _ => (path.to_owned(), None),
    }
}
