//! Reading of samples, of single arrays and of labels, in any of the [formats](super::FORMATS).

use super::Dataset;
use super::array::{Array, Values, check_finite, warn_of_lost_digits};
use super::formats::{Format, Reader, Source};
use super::layout::Layout;
use super::reading::{Missing, ReadOptions, Reading, TableOptions, turned};
use crate::error::Result;
use std::path::Path;

/// Reads samples from a file or folder in one of the [formats](super::FORMATS), or from one part of
/// it as FILE:PART, with their labels where the format holds them.
///
/// Files other than zip archives may be gzipped. Images of a folder that differ in size are brought to
/// one, unless the adjustments do so; adjusting and limiting happen while they are read, so that large sets need
/// little memory.
///
/// # Errors
/// When the file is missing, damaged, of no known format, or holds no samples.
pub fn read_dataset(path: &Path, options: &ReadOptions) -> Result<Reading> {
    let source = Source::open(path)?;
    let file = source.file().to_owned();
    let format = Format::of(&source)?;
    if !matches!(format.reader, Reader::Table(_)) && options.table.chooses() {
        return Err(source.error(
            "is no table: --columns, --label-column, --id-column and --missing are for those"
                .into(),
        ));
    }
    let (mut columns, mut means) = (Vec::new(), Vec::new());
    let (array, labels) = match format.reader {
        Reader::Images(read) => return read(&source, options)?.checked(&file),
        Reader::Array(read) => read(&source)?,
        Reader::Table(read) => {
            let table = read(&source, &options.table)?;
            (columns, means) = (table.columns, table.means);
            (table.array, table.labels)
        }
    };
    // What the file held is no longer needed once it is an array.
    drop(source);
    check_finite(&file, &array)?;
    let array = if options.transposed {
        turned(array, &file)?
    } else {
        array
    };
    let array = array.rounded();
    // Images have one scale for all pixels.
    if array.shape.len() == 2 {
        warn_of_lost_digits(&file, &array);
    }
    let bytes = matches!(array.values, Values::Bytes(_));
    let layout = match (options.layout, &options.like) {
        (Layout::Auto, Some(shape)) => {
            Layout::giving(&array.shape, bytes, shape).unwrap_or_default()
        }
        (layout, _) => layout,
    };
    let notes = layout.remark(&array.shape, bytes).into_iter().collect();
    let data = Dataset::from_array(array, layout, &file)?;
    let samples = data.samples;
    let mut reading = Reading {
        data,
        classes: None,
        columns,
        means,
        notes,
    };
    match labels {
        Some(labels) if labels.len() == samples => {
            reading = reading.labelled_by(labels, 0..samples, samples, &file)?;
        }
        Some(labels) => log::warn!(
            "{} has {} labels for {samples} samples, so they are left out: name others by --labels",
            file.display(),
            labels.len()
        ),
        None => {}
    }
    options.apply(reading, &file)
}

/// Reads one array from a file in one of the [formats](super::FORMATS) that hold arrays. Images and
/// CIFAR files are read by [`read_dataset`].
///
/// # Errors
/// When the file is missing, holds no array, is cut short, or has elements of another kind. NaN and
/// infinity are errors too, named by their position.
pub fn read_array(path: &Path) -> Result<Array> {
    let source = Source::open(path)?;
    let reader = &Format::of(&source)?.reader;
    let read: &dyn Fn(&Source) -> Result<Array> = match reader {
        Reader::Array(read) => &|source| Ok(read(source)?.0),
        Reader::Table(read) => &|source| {
            let whole = TableOptions {
                missing: Some(Missing::Refuse),
                ..TableOptions::default()
            };
            Ok(read(source, &whole)?.array)
        },
        Reader::Images(_) => {
            let what = if source.is_zip() {
                "holds no .npy, but an array is needed"
            } else {
                "holds images, but a single array is needed"
            };
            return Err(source.error(what.into()));
        }
    };
    let array = read(&source)?;
    check_finite(path, &array)?;
    Ok(array.rounded())
}

/// Reads one label a sample, a whole number, for colouring pictures: from any of the
/// [formats](super::FORMATS). `.npy` may hold any integer type. Of `.npz` and `.mat`, FILE:NAME names
/// the array; of a file that holds samples with their labels, the labels are taken.
///
/// # Errors
/// Those of [`read_dataset`]; and where a value is no whole number from 0 to 2^32 - 1, or the file
/// has no labels.
pub fn read_labels(path: &Path) -> Result<Vec<u32>> {
    let source = Source::open(path)?;
    (Format::of(&source)?.read_labels)(&source)?.numbers(path)
}
