//! Numbers in mapped files, of which one goes on where the one before it ends.

use super::MappedFile;
use crate::data::number::{Element, Number};
use crate::error::Result;
use std::ops::Range;

/// Arrays of one type in mapped files, read as one.
pub(in crate::data) struct Arrays {
    number: Number,
    /// High bytes first.
    big: bool,
    parts: Vec<Part>,
    len: usize,
}

struct Part {
    file: MappedFile,
    /// The byte that its numbers begin with.
    start: usize,
    /// How many numbers lie in the parts before it.
    before: usize,
}

impl Arrays {
    /// Those of `files`, each with the byte from which on it holds numbers, to its end.
    ///
    /// # Panics
    /// When a file ends before that byte.
    pub(in crate::data) fn new(
        (number, big): (Number, bool),
        files: impl IntoIterator<Item = (MappedFile, usize)>,
    ) -> Self {
        let mut len = 0;
        let mut parts = Vec::new();
        for (file, start) in files {
            let numbers = (file.len() - start) / number.size();
            parts.push(Part {
                file,
                start,
                before: len,
            });
            len += numbers;
        }
        Self {
            number,
            big,
            parts,
            len,
        }
    }

    pub(super) fn number(&self) -> Number {
        self.number
    }

    /// How many numbers there are in all.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Tells the system that they are read in any order.
    pub(super) fn expect_any_order(&self) {
        self.parts
            .iter()
            .for_each(|part| part.file.expect_any_order());
    }

    /// # Errors
    /// When a file has been written to since it was opened.
    pub(super) fn unchanged(&self) -> Result<()> {
        self.parts.iter().try_for_each(|part| part.file.unchanged())
    }

    /// Tells the system that the numbers of `range` are read soon.
    pub(super) fn expect(&self, range: Range<usize>) {
        let size = self.number.size();
        let first = self
            .parts
            .partition_point(|part| part.before <= range.start)
            - 1;
        for (at, part) in self.parts.iter().enumerate().skip(first) {
            let end = self.parts.get(at + 1).map_or(self.len, |next| next.before);
            let own = range.start.max(part.before)..range.end.min(end);
            if own.is_empty() {
                break;
            }
            let start = part.start + (own.start - part.before) * size;
            part.file.expect(start..start + own.len() * size);
        }
    }

    /// Writes the numbers from `first` on into `to`.
    pub(super) fn read<T: Element>(&self, first: usize, to: &mut [T]) {
        let (size, mut first, mut to) = (self.number.size(), first, to);
        let mut at = self.parts.partition_point(|part| part.before <= first);
        while !to.is_empty() {
            let end = self.parts.get(at).map_or(self.len, |next| next.before);
            let part = &self.parts[at - 1];
            let (now, rest) = to.split_at_mut(to.len().min(end - first));
            let bytes = &part.file[part.start + (first - part.before) * size..][..now.len() * size];
            self.number.fill(bytes, self.big, now);
            (first, to, at) = (first + now.len(), rest, at + 1);
        }
    }
}
