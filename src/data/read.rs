//! Reading of samples, of single arrays and of labels, in any of the [formats](super::FORMATS).

use super::array::Values;
use super::array::{Array, check_finite};
use super::formats::{Format, Reader, Source};
use super::layout::Layout;
use super::reading::{ReadOptions, Reading, turned};
use super::{Dataset, SampleLabels};
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
    let (array, labels) = match Format::of(&source)?.reader {
        Reader::Images(read) => return read(&source, options)?.checked(&file),
        Reader::Array(read) => {
            let (array, labels) = read(&source)?;
            (array, labels.map(SampleLabels::Classes))
        }
        Reader::AnyLabels(read) => {
            let (array, labels) = read(&source)?;
            (
                array,
                labels.and_then(|labels| SampleLabels::of(labels).ok()),
            )
        }
    };
    // What the file held is no longer needed once it is an array.
    drop(source);
    check_finite(&file, &array)?;
    let array = if options.columns {
        turned(array, &file)?
    } else {
        array
    };
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
    let reading = Reading {
        data,
        classes: None,
        notes,
    };
    // An array of the usual name and another length has no labels.
    let reading = match labels.filter(|labels| labels.len() == samples) {
        Some(labels) => reading.labelled_by(labels, 0..samples, samples, &file)?,
        None => reading,
    };
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
    let array = match Format::of(&source)?.reader {
        Reader::Array(read) => read(&source)?.0,
        Reader::AnyLabels(read) => read(&source)?.0,
        Reader::Images(_) => {
            let what = if source.is_zip() {
                "holds no .npy, but an array is needed"
            } else {
                "holds images, but a single array is needed"
            };
            return Err(source.error(what.into()));
        }
    };
    check_finite(path, &array)?;
    Ok(array)
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
