//! Rows of numbers that stay in files which are mapped into memory.

mod arrays;
mod file;

pub(super) use arrays::Arrays;
pub(super) use file::MappedFile;

use super::number::{Element, Kept};
use crate::error::Result;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Rows of mapped files, all of them or some in any order. They become elements where they are read.
#[derive(Clone)]
pub(super) struct Mapped {
    files: Files,
    /// Elements of a row.
    width: usize,
    /// Elements of a row that belong together in the file and are `width / channels` apart here: 1 but
    /// for images with their channels last.
    channels: usize,
    rows: Rows,
}

/// What the rows are made from.
#[derive(Clone)]
enum Files {
    Arrays(Arc<Arrays>),
    Pictures(Arc<dyn Pictures>),
}

/// Packed images of one shape, a row each.
pub(super) trait Pictures: Send + Sync {
    /// Whether they are bytes; else they have 16 bits a value.
    fn are_bytes(&self) -> bool;
    /// Tells the system that image `at` is read soon.
    fn expect(&self, at: usize);
    /// Tells the system that they are read in any order.
    fn expect_any_order(&self);
    /// As [`MappedFile::unchanged`].
    fn unchanged(&self) -> Result<()>;
    /// Fills `row` with the values of image `at`.
    fn unpack(&self, at: usize, row: &mut [f32]);
}

/// Which rows of the files.
#[derive(Clone)]
enum Rows {
    Range(Range<usize>),
    /// Four bytes each, since a selection of most rows must be small beside them.
    Listed(Arc<[u32]>),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Range(rows) => rows.len(),
            Self::Listed(rows) => rows.len(),
        }
    }

    fn get(&self, at: usize) -> usize {
        match self {
            Self::Range(rows) => rows.start + at,
            Self::Listed(rows) => rows[at] as usize,
        }
    }
}

/// What a disk reads at least, in bytes.
const PAGE: usize = 4096;

impl Mapped {
    /// Rows that files may have to be mapped.
    pub(super) const MOST_ROWS: usize = u32::MAX as usize;

    /// All `rows` of `width` numbers.
    ///
    /// # Panics
    /// When there are not as many numbers, or more rows than [`Mapped::MOST_ROWS`].
    pub(super) fn of_arrays(arrays: Arrays, [rows, width]: [usize; 2]) -> Self {
        assert!(
            arrays.len() == rows * width,
            "the rows must be those of the files"
        );
        Self::all(Files::Arrays(Arc::new(arrays)), [rows, width])
    }

    /// A row of `width` values for each of `rows` images.
    ///
    /// # Panics
    /// When there are more than [`Mapped::MOST_ROWS`].
    pub(super) fn of_pictures(pictures: Arc<dyn Pictures>, shape: [usize; 2]) -> Self {
        Self::all(Files::Pictures(pictures), shape)
    }

    fn all(files: Files, [rows, width]: [usize; 2]) -> Self {
        assert!(rows <= Self::MOST_ROWS, "rows must have numbers of 32 bits");
        Self {
            files,
            width,
            channels: 1,
            rows: Rows::Range(0..rows),
        }
    }

    /// What their elements are kept as.
    pub(super) fn kept_as(&self) -> Kept {
        match &self.files {
            Files::Arrays(arrays) => arrays.number().kept_as(),
            Files::Pictures(pictures) if pictures.are_bytes() => Kept::Bytes,
            Files::Pictures(_) => Kept::Floats,
        }
    }

    /// Tells the system that rows are read in any order from now on. Else it reads what lies around each of
    /// them, which of small rows is most of what it reads, and drops what is needed for it.
    pub(super) fn expect_any_order(&self) {
        match &self.files {
            Files::Arrays(arrays) => arrays.expect_any_order(),
            Files::Pictures(pictures) => pictures.expect_any_order(),
        }
    }

    pub(super) fn is_in_the_files_of(&self, other: &Self) -> bool {
        match (&self.files, &other.files) {
            (Files::Arrays(own), Files::Arrays(other)) => Arc::ptr_eq(own, other),
            (Files::Pictures(own), Files::Pictures(other)) => Arc::ptr_eq(own, other),
            _ => false,
        }
    }

    /// # Errors
    /// When a file has been written to since it was opened.
    pub(super) fn unchanged(&self) -> Result<()> {
        match &self.files {
            Files::Arrays(arrays) => arrays.unchanged(),
            Files::Pictures(pictures) => pictures.unchanged(),
        }
    }

    /// Tells the system which of the rows are read soon, in whatever order: a disk then reads them side by
    /// side, and not one after the other.
    pub(super) fn expect(&self, rows: impl Iterator<Item = usize>) {
        let mut rows: Vec<usize> = rows.map(|row| self.rows.get(row)).collect();
        rows.sort_unstable();
        rows.dedup();
        match &self.files {
            Files::Arrays(arrays) => {
                // Rows with no whole page between them are asked for in one call: of small rows there are
                // more than a call for each is worth.
                let bytes = self.width * arrays.number().size();
                let near = |row: &usize, next: &usize| (next - row - 1) * bytes < PAGE;
                for run in rows.chunk_by(near) {
                    let end = run[run.len() - 1] + 1;
                    arrays.expect(run[0] * self.width..end * self.width);
                }
            }
            Files::Pictures(pictures) => rows.into_iter().for_each(|row| pictures.expect(row)),
        }
    }

    /// Number of elements.
    pub(super) fn len(&self) -> usize {
        self.rows.len() * self.width
    }

    /// Writes the elements from `first` on into `to`: images on all threads.
    pub(super) fn fill<T: Element>(&self, first: usize, to: &mut [T]) {
        assert!(
            first + to.len() <= self.len(),
            "the elements must be within the rows"
        );
        if to.len() > self.width {
            self.expect(first / self.width..(first + to.len()).div_ceil(self.width));
        }
        match &self.files {
            Files::Arrays(arrays) => match (&self.rows, self.channels) {
                (Rows::Range(rows), 1) => arrays.read(rows.start * self.width + first, to),
                _ => self
                    .by_row(first, to)
                    .for_each(|(row, from, to)| self.fill_within(arrays, row, from, to)),
            },
            Files::Pictures(pictures) => {
                let unpack = |(row, from, to): (usize, usize, &mut [T])| {
                    let mut image = vec![0.0; self.width];
                    pictures.unpack(row, &mut image);
                    for (to, value) in to.iter_mut().zip(&image[from..]) {
                        *to = T::of(f64::from(*value));
                    }
                };
                let rows: Vec<_> = self.by_row(first, to).collect();
                rows.into_par_iter().for_each(unpack);
            }
        }
    }

    /// `to`, which is for the elements from `first` on, cut where rows end: the row in the files, the
    /// place in it, and what is for the elements from there on.
    fn by_row<'t, T>(
        &self,
        first: usize,
        to: &'t mut [T],
    ) -> impl Iterator<Item = (usize, usize, &'t mut [T])> {
        let (mut at, mut rest) = (first, to);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (row, from) = (at / self.width, at % self.width);
            let count = rest.len().min(self.width - from);
            let (part, next) = std::mem::take(&mut rest).split_at_mut(count);
            (at, rest) = (at + count, next);
            Some((self.rows.get(row), from, part))
        })
    }

    /// Writes the elements of one row from `from` on into `to`.
    fn fill_within<T: Element>(&self, arrays: &Arrays, row: usize, from: usize, to: &mut [T]) {
        let (pixels, row) = (self.width / self.channels, row * self.width);
        let place = |at: usize| at % pixels * self.channels + at / pixels;
        match to {
            _ if self.channels == 1 => arrays.read(row + from, to),
            [one] => arrays.read(row + place(from), std::slice::from_mut(one)),
            _ => {
                let mut whole = vec![T::default(); self.width];
                arrays.read(row, &mut whole);
                for (at, to) in (from..).zip(to) {
                    *to = whole[place(at)];
                }
            }
        }
    }

    /// The given rows of these, in the given order.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        let consecutive = rows.windows(2).all(|pair| pair[1] == pair[0] + 1);
        let rows = match (&self.rows, rows.first()) {
            (Rows::Range(all), Some(first)) if consecutive => {
                Rows::Range(all.start + first..all.start + first + rows.len())
            }
            (_, None) => Rows::Range(0..0),
            (all, _) => Rows::Listed(rows.iter().map(|&row| all.get(row) as u32).collect()),
        };
        Self {
            rows,
            ..self.clone()
        }
    }

    /// The same with [pixels, `channels`] of each row as [`channels`, pixels].
    pub(super) fn channels_first(self, channels: usize) -> Self {
        debug_assert_eq!(self.channels, 1, "channels are moved once");
        Self { channels, ..self }
    }
}
