//! Arrays as files hold them.

use super::elements::{Elements, part_ranges};
use super::mapped::Mapped;
use super::number::Kept;
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::ops::Range;
use std::path::Path;

/// The elements of an array, row by row. Those of a large file stay there: what goes over all of
/// them does so a part at a time.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// u8, kept as they are: a quarter of the memory.
    Bytes(Elements<u8>),
    /// f32.
    Floats(Elements<f32>),
    /// f64 that would lose too much as f32: see [`Values::rounded`]. A [`Scaling`](super::Scaling)
    /// shifts and scales them before it rounds.
    Doubles(Elements<f64>),
}

/// Standard deviations between 0 and the mean of a column from which on f64 are kept: f32 would
/// round its values by 1e-6 of their spread.
const FAR: f64 = 8.0;
/// The smallest spread and the largest magnitude that f32 holds with all its digits.
const SMALLEST: f64 = 1e-30;
const LARGEST: f64 = 1e38;

impl Values {
    /// Those of rows in mapped files.
    pub(super) fn mapped(file: Mapped) -> Self {
        match file.kept_as() {
            Kept::Bytes => Self::Bytes(Elements::mapped(file)),
            Kept::Floats => Self::Floats(Elements::mapped(file)),
            Kept::Doubles => Self::Doubles(Elements::mapped(file)),
        }
    }

    /// Whether they lie in a file.
    pub fn is_mapped(&self) -> bool {
        self.file().is_some()
    }

    /// The given rows of `width`, in the given order: without a copy where they lie in a file.
    pub(super) fn rows(&self, rows: &[usize], width: usize) -> Self {
        match self {
            Self::Bytes(values) => Self::Bytes(values.rows(rows, width)),
            Self::Floats(values) => Self::Floats(values.rows(rows, width)),
            Self::Doubles(values) => Self::Doubles(values.rows(rows, width)),
        }
    }

    /// [pixels, channels] of each sample as [channels, pixels].
    pub(super) fn channels_first(self, channels: usize, pixels: usize) -> Self {
        match self {
            Self::Bytes(values) => Self::Bytes(values.channels_first(channels, pixels)),
            Self::Floats(values) => Self::Floats(values.channels_first(channels, pixels)),
            Self::Doubles(values) => Self::Doubles(values.channels_first(channels, pixels)),
        }
    }

    fn file(&self) -> Option<&Mapped> {
        match self {
            Self::Bytes(values) => values.file(),
            Self::Floats(values) => values.file(),
            Self::Doubles(values) => values.file(),
        }
    }

    /// Tells the system that rows are read in any order from now on, where they lie in files: it then
    /// reads no more than it is asked for.
    pub fn expect_any_order(&self) {
        if let Some(file) = self.file() {
            file.expect_any_order();
        }
    }

    /// Whether they lie in files, and those of `others` in the same.
    pub(crate) fn are_in_the_files_of(&self, others: &Self) -> bool {
        let files = self.file().zip(others.file());
        files.is_some_and(|(own, other)| own.is_in_the_files_of(other))
    }

    /// # Errors
    /// When they lie in files, and one has been written to since it was opened.
    pub fn unchanged(&self) -> Result<()> {
        self.file().map_or(Ok(()), Mapped::unchanged)
    }

    /// Tells the system which rows are read soon, where they lie in files: they come from a disk side by
    /// side then.
    pub fn expect_rows(&self, rows: &[u32]) {
        if let Some(file) = self.file() {
            file.expect(rows.iter().map(|&row| row as usize));
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => values.len(),
            Self::Doubles(values) => values.len(),
        }
    }

    /// The first element that is NaN or infinite, with its place.
    pub(crate) fn first_not_finite(&self) -> Option<(usize, f32)> {
        let within = |range: Range<usize>| {
            let at = match self {
                Self::Bytes(_) => None,
                Self::Floats(values) => {
                    let part = values.part(range.clone());
                    part.iter().position(|value| !value.is_finite())
                }
                Self::Doubles(values) => {
                    let part = values.part(range.clone());
                    part.iter().position(|value| !value.is_finite())
                }
            };
            at.map(|at| range.start + at)
        };
        let parts: Vec<_> = part_ranges(self.len(), 1).collect();
        let at = parts.into_par_iter().find_map_first(within)?;
        Some((at, self.get(at)))
    }

    /// f64 values of `columns` columns, as f32 unless that costs digits that matter: where a column
    /// lies far from 0 for its spread, or has a spread or magnitude that f32 cannot hold.
    pub fn rounded(values: impl Into<Elements<f64>>, columns: usize) -> Self {
        let values = values.into();
        if Column::all(&values, columns)
            .iter()
            .any(Column::needs_doubles)
        {
            return Self::Doubles(values);
        }
        Self::Floats(match values.retyped() {
            Ok(mapped) => mapped,
            Err(values) => values.into_iter().map(|value| value as f32).collect(),
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `at` as f32.
    pub fn get(&self, at: usize) -> f32 {
        match self {
            Self::Bytes(values) => f32::from(values.get(at)),
            Self::Floats(values) => values.get(at),
            Self::Doubles(values) => values.get(at) as f32,
        }
    }

    /// Element `at` as f64, which is exact.
    pub fn get_double(&self, at: usize) -> f64 {
        match self {
            Self::Doubles(values) => values.get(at),
            _ => f64::from(self.get(at)),
        }
    }

    /// Writes the elements from `first` on into `to`, as f32.
    pub fn copy_floats(&self, first: usize, to: &mut [f32]) {
        let range = first..first + to.len();
        match self {
            Self::Bytes(values) => to
                .iter_mut()
                .zip(&*values.part(range))
                .for_each(|(to, from)| *to = f32::from(*from)),
            Self::Floats(values) => values.copy_to(first, to),
            Self::Doubles(values) => to
                .iter_mut()
                .zip(&*values.part(range))
                .for_each(|(to, from)| *to = *from as f32),
        }
    }

    /// The same as f64.
    pub fn copy_doubles(&self, first: usize, to: &mut [f64]) {
        let range = first..first + to.len();
        match self {
            Self::Bytes(values) => to
                .iter_mut()
                .zip(&*values.part(range))
                .for_each(|(to, from)| *to = f64::from(*from)),
            Self::Floats(values) => to
                .iter_mut()
                .zip(&*values.part(range))
                .for_each(|(to, from)| *to = f64::from(*from)),
            Self::Doubles(values) => values.copy_to(first, to),
        }
    }

    /// All elements as f64, of which a part at a time is read.
    pub fn doubles(&self) -> impl Iterator<Item = f64> {
        part_ranges(self.len(), 1).flat_map(|range| {
            let mut part = vec![0.0; range.len()];
            self.copy_doubles(range.start, &mut part);
            part
        })
    }

    /// All elements as f32.
    pub fn to_floats(&self) -> Vec<f32> {
        let mut floats = vec![0.0; self.len()];
        self.copy_floats(0, &mut floats);
        floats
    }
}

/// What one pass over a column tells.
#[derive(Clone, Copy)]
struct Column {
    first: f64,
    /// Sums of the differences to the first value, and of their squares.
    sum: f64,
    squares: f64,
    /// The largest difference to the first value, and the largest magnitude.
    reach: f64,
    largest: f64,
    count: f64,
}

impl Column {
    /// Those of `values` [rows, `columns`].
    fn all(values: &Elements<f64>, columns: usize) -> Vec<Self> {
        if columns == 0 || values.len() < columns {
            return Vec::new();
        }
        let new = |&first: &f64| Self {
            first,
            sum: 0.0,
            squares: 0.0,
            reach: 0.0,
            largest: 0.0,
            count: (values.len() / columns) as f64,
        };
        let mut all: Vec<Self> = values.part(0..columns).iter().map(new).collect();
        for part in values.parts(columns) {
            for row in part.chunks_exact(columns) {
                for (column, value) in all.iter_mut().zip(row) {
                    let difference = value - column.first;
                    column.sum += difference;
                    column.squares += difference * difference;
                    column.reach = column.reach.max(difference.abs());
                    column.largest = column.largest.max(value.abs());
                }
            }
        }
        all
    }

    fn mean(&self) -> f64 {
        self.first + self.sum / self.count
    }

    /// The standard deviation; the reach where squares are out of range.
    fn spread(&self) -> f64 {
        if !self.squares.is_normal() {
            return self.reach;
        }
        let mean = self.sum / self.count;
        (self.squares / self.count - mean * mean).max(0.0).sqrt()
    }

    /// Whether f32 would lose digits that matter. A constant column has none.
    fn needs_doubles(&self) -> bool {
        let unusual = self.reach < SMALLEST || self.largest > LARGEST;
        self.reach > 0.0 && (unusual || self.mean().abs() > FAR * self.spread())
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

impl Array {
    /// With f64 rounded to f32 where [`Values::rounded`] allows it: the columns are those of a
    /// matrix, else there is one.
    pub fn rounded(self) -> Self {
        let columns = match *self.shape.as_slice() {
            [_, columns] => columns.max(1),
            _ => 1,
        };
        let values = match self.values {
            Values::Doubles(values) => Values::rounded(values, columns),
            values => values,
        };
        Self { values, ..self }
    }

    /// The array whose elements lie column by column, as in Fortran and MATLAB, in `values`:
    /// `order` has its axes by their place in `shape`.
    pub(super) fn of_columns(values: &Values, shape: &[usize], order: &[usize]) -> Self {
        let values = match values {
            Values::Bytes(values) => Values::Bytes(permute(&values.whole(), shape, order).into()),
            Values::Floats(values) => Values::Floats(permute(&values.whole(), shape, order).into()),
            Values::Doubles(values) => {
                Values::Doubles(permute(&values.whole(), shape, order).into())
            }
        };
        Self {
            shape: order.iter().map(|&axis| shape[axis]).collect(),
            values,
        }
    }
}

/// The first value that is NaN or infinite, with its place.
pub(crate) fn first_not_finite(values: &[f32]) -> Option<(usize, f32)> {
    let at = values.iter().position(|value| !value.is_finite())?;
    Some((at, values[at]))
}

/// # Errors
/// When a value is NaN or infinite, named by its position.
pub(super) fn check_finite(path: &Path, array: &Array) -> Result<()> {
    let Some((at, _)) = array.values.first_not_finite() else {
        return Ok(());
    };
    let width: usize = array.shape.iter().skip(1).product::<usize>().max(1);
    Err(Error::input(format!(
        "{} has the value {} in sample {} (feature {}): remove or fill in values that are not finite numbers",
        path.display(),
        array.values.get_double(at),
        at / width,
        at % width
    )))
}

/// Rows that are looked at for what follows.
const LOOKED_AT: usize = 1000;
/// The share of a column's spread from which on a step between two numbers is worth a word.
const COARSE: f64 = 1e-5;

/// Warns of a column whose numbers lie so far from 0 that the steps between two of them are coarse
/// beside their spread.
pub(super) fn warn_of_lost_digits(path: &Path, array: &Array) {
    let (epsilon, kept) = match &array.values {
        Values::Bytes(_) => return,
        Values::Floats(_) => (f64::from(f32::EPSILON), "f32"),
        Values::Doubles(_) => (f64::EPSILON, "f64"),
    };
    let columns = array.shape.iter().skip(1).product::<usize>().max(1);
    let rows = array.values.len() / columns;
    let seen: Elements<f64> = (0..rows)
        .step_by(rows.div_ceil(LOOKED_AT).max(1))
        .flat_map(|row| (row * columns..(row + 1) * columns).map(|at| array.values.get_double(at)))
        .collect();
    let coarse = |column: &Column| {
        column.reach > 0.0 && column.mean().abs() * epsilon > COARSE * column.spread()
    };
    let all = Column::all(&seen, columns);
    if let Some(at) = all.iter().position(coarse) {
        let (column, more) = (
            &all[at],
            all.iter().filter(|column| coarse(column)).count() - 1,
        );
        log::warn!(
            "{}: feature {at}{} lies around {:.4e} with a spread of {:.1e}, of which {kept} keeps steps of {:.1e}: save differences to a \
             value nearby{}",
            path.display(),
            if more > 0 {
                format!(" (and {more} more)")
            } else {
                String::new()
            },
            column.mean(),
            column.spread(),
            column.mean().abs() * epsilon,
            if kept == "f32" { ", or f64" } else { "" }
        );
    }
}

/// Column-major `values` of `shape` as row-major ones with the axes in `order`.
fn permute<T: Copy>(values: &[T], shape: &[usize], order: &[usize]) -> Vec<T> {
    if values.is_empty() {
        return Vec::new();
    }
    let strides: Vec<usize> = (0..shape.len())
        .map(|axis| shape[..axis].iter().product())
        .collect();
    let mut moved = Vec::with_capacity(values.len());
    let (&inner, outer) = order.split_last().expect("at least two axes");
    let rows: usize = outer.iter().map(|&axis| shape[axis]).product();
    let mut index = vec![0; outer.len()];
    for _ in 0..rows {
        let start: usize = index
            .iter()
            .zip(outer)
            .map(|(at, &axis)| at * strides[axis])
            .sum();
        moved.extend((0..shape[inner]).map(|at| values[start + at * strides[inner]]));
        for (place, &axis) in outer.iter().enumerate().rev() {
            index[place] += 1;
            if index[place] < shape[axis] {
                break;
            }
            index[place] = 0;
        }
    }
    moved
}

/// Number of elements of `shape`, where it can be counted.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
}
