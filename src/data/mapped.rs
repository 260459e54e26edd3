//! Rows of numbers in a file that is mapped into memory.

use super::number::{Element, Number};
use memmap2::Mmap;
use std::ops::Range;
use std::sync::Arc;

/// Rows of an array in a mapped file, all of them or some in any order. They are numbers of the
/// file's type, which become elements where they are read.
#[derive(Clone)]
pub(super) struct Mapped {
    file: Arc<Mmap>,
    /// Where the numbers of the array begin.
    start: usize,
    number: Number,
    /// High bytes first.
    big: bool,
    /// Elements of a row.
    width: usize,
    /// Elements of a row that belong together in the file and are `width / channels` apart here: 1 but
    /// for images with their channels last.
    channels: usize,
    rows: Rows,
}

/// Which rows of the file.
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

impl Mapped {
    /// Rows that a file may have to be mapped.
    pub(super) const MOST_ROWS: usize = u32::MAX as usize;

    /// All `rows` of `width` numbers of `file` from the byte `start` on.
    ///
    /// # Panics
    /// When the file is shorter, or there are more than [`Mapped::MOST_ROWS`].
    pub(super) fn new(
        file: Arc<Mmap>,
        start: usize,
        (number, big): (Number, bool),
        [rows, width]: [usize; 2],
    ) -> Self {
        assert!(
            rows <= Self::MOST_ROWS && file.len() - start == rows * width * number.size(),
            "the rows must be those of the file"
        );
        Self {
            file,
            start,
            number,
            big,
            width,
            channels: 1,
            rows: Rows::Range(0..rows),
        }
    }

    pub(super) fn number(&self) -> Number {
        self.number
    }

    /// Number of elements.
    pub(super) fn len(&self) -> usize {
        self.rows.len() * self.width
    }

    /// Writes the elements from `first` on into `to`.
    pub(super) fn fill<T: Element>(&self, first: usize, to: &mut [T]) {
        assert!(
            first + to.len() <= self.len(),
            "the elements must be within the rows"
        );
        if let (Rows::Range(rows), 1) = (&self.rows, self.channels) {
            return self.read(rows.start * self.width + first, to);
        }
        let (mut at, mut rest) = (first, to);
        while !rest.is_empty() {
            let (row, from) = (at / self.width, at % self.width);
            let count = rest.len().min(self.width - from);
            let (part, next) = rest.split_at_mut(count);
            self.fill_within(self.rows.get(row) * self.width, from, part);
            (at, rest) = (at + count, next);
        }
    }

    /// The same within the row that begins with element `row` of the file.
    fn fill_within<T: Element>(&self, row: usize, from: usize, to: &mut [T]) {
        let pixels = self.width / self.channels;
        let place = |at: usize| at % pixels * self.channels + at / pixels;
        match to {
            _ if self.channels == 1 => self.read(row + from, to),
            [one] => self.read(row + place(from), std::slice::from_mut(one)),
            _ => {
                let mut whole = vec![T::default(); self.width];
                self.read(row, &mut whole);
                for (at, to) in (from..).zip(to) {
                    *to = whole[place(at)];
                }
            }
        }
    }

    /// Writes what lies in the file from its element `first` on into `to`.
    fn read<T: Element>(&self, first: usize, to: &mut [T]) {
        let size = self.number.size();
        let bytes = &self.file[self.start + first * size..][..to.len() * size];
        self.number.fill(bytes, self.big, to);
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
