//! What is read from a file or folder, and how.

use super::array::{Array, Values};
use super::{Adjustments, Dataset, Layout};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::Path;

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The samples, with labels where the file holds them.
    pub data: Dataset,
    /// Names of the classes 0, 1, ..., where the file holds them.
    pub classes: Option<Vec<String>>,
    /// Names of the features, where the file is a table with a line of names; otherwise empty.
    pub columns: Vec<String>,
    /// Means of the features, where the file is a table; otherwise empty.
    pub means: Vec<f64>,
    /// What a person should know of how it was read: a sentence each.
    pub notes: Vec<String>,
}

/// How samples are read. The default takes them as they are.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Samples are the columns of a matrix, not its rows.
    pub transposed: bool,
    /// What is taken of a table.
    pub table: TableOptions,
    /// Which axis of an array is which.
    pub layout: Layout,
    /// The shape that samples should have, where it is known, such as that of a model: it decides on
    /// an open layout, and images of other sizes in a folder are brought to it.
    pub like: Option<Vec<usize>>,
    /// Images in a folder with a longer side than this are brought to [`SIZE`](super::SIZE), as those
    /// of different sizes are.
    pub largest: Option<usize>,
    /// Vectors become images [channels, height, width].
    pub shape: Option<[usize; 3]>,
    /// Changes to every image.
    pub adjustments: Adjustments,
    /// So many samples are left out at the beginning ...
    pub skip: usize,
    /// ... and at most so many of the rest are taken.
    pub limit: Option<usize>,
}

/// The target, in the sense of `log`, of what is said about the columns of a table.
pub(crate) const COLUMN_NOTES: &str = "nrae::columns";

/// What is taken of a table, which is a file with named columns. A column is given by its name, or by
/// its place from 0 on. By default numbers are features, and text or a column of a usual name holds
/// labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableOptions {
    /// The features, in this order.
    pub columns: Option<Vec<String>>,
    /// The column that holds labels: numbers, or text that names classes.
    pub label_column: Option<String>,
    /// A column that is left out.
    pub id_column: Option<String>,
    /// What becomes of rows with missing values: the mean where nothing is said.
    pub missing: Option<Missing>,
    /// The table that a model was trained on, which this one is for.
    pub trained: Option<TrainedColumns>,
}

/// The features of the table that a model was trained on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainedColumns {
    /// Their names; empty where they have none. Another table that has all of these has its features in
    /// them, in this order, where none are chosen.
    pub names: Vec<String>,
    /// Their means, which values that another table has not become; the means of that table itself
    /// where there are none.
    pub means: Vec<f64>,
}

impl TableOptions {
    /// Whether anything is chosen: of a file that is no table there is nothing to choose. Missing values
    /// are refused in every file.
    pub(super) fn chooses(&self) -> bool {
        let Self {
            columns,
            label_column,
            id_column,
            missing,
            trained: _,
        } = self;
        let filled = missing.is_some_and(|missing| missing != Missing::Refuse);
        columns.is_some() || label_column.is_some() || id_column.is_some() || filled
    }
}

/// What becomes of rows with missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// They are left out
    Drop,
    /// The mean of the column is filled in, also where nothing is said
    Mean,
    /// They are an error
    Refuse,
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

    /// Samples with the shape, the range and the adjustments that are wanted; `source` names them.
    ///
    /// # Errors
    /// When they do not fit, or none is left.
    pub(super) fn apply(&self, reading: Reading, source: &Path) -> Result<Reading> {
        let reading = reading.shaped(self.shape, source)?.checked(source)?;
        let data = match self.range(reading.data.samples) {
            all if all.len() == reading.data.samples => reading.data,
            some => reading.data.subset(&some.collect::<Vec<_>>()),
        };
        Reading {
            data: self.adjustments.apply(data, source)?,
            ..reading
        }
        .checked(source)
    }
}

impl Reading {
    /// # Errors
    /// When nothing is left.
    pub(super) fn checked(self, source: &Path) -> Result<Self> {
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
pub(super) fn turned(array: Array, source: &Path) -> Result<Array> {
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
        Values::Bytes(values) => Values::Bytes(turn(&values.whole(), rows, columns).into()),
        Values::Floats(values) => Values::Floats(turn(&values.whole(), rows, columns).into()),
        Values::Doubles(values) => Values::Doubles(turn(&values.whole(), rows, columns).into()),
    };
    Ok(Array {
        shape: vec![columns, rows],
        values,
    })
}
