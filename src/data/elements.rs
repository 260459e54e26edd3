//! The elements of an array: in memory, or in a file that is mapped into it.

use super::mapped::Mapped;
use super::number::Element;
use std::borrow::Cow;
use std::ops::Range;

/// Elements that are handed out at once, about.
const PART: usize = 1 << 18;

/// Elements in memory or in a mapped file. Those of a file are converted where they are read, so
/// they are not meant to be copied as a whole.
#[derive(Clone)]
pub struct Elements<T>(Place<T>);

#[derive(Clone)]
enum Place<T> {
    Owned(Vec<T>),
    Mapped(Mapped),
}

impl<T: Element> Elements<T> {
    /// Those of a mapped file.
    pub(super) fn mapped(file: Mapped) -> Self {
        Self(Place::Mapped(file))
    }

    /// Whether they lie in a file.
    pub fn is_mapped(&self) -> bool {
        matches!(self.0, Place::Mapped(_))
    }

    /// The same in another type, where they lie in a file; else themselves.
    pub(super) fn retyped<U: Element>(self) -> Result<Elements<U>, Vec<T>> {
        match self.0 {
            Place::Mapped(file) => Ok(Elements::mapped(file)),
            Place::Owned(values) => Err(values),
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match &self.0 {
            Place::Owned(values) => values.len(),
            Place::Mapped(file) => file.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `at`.
    pub fn get(&self, at: usize) -> T {
        match &self.0 {
            Place::Owned(values) => values[at],
            Place::Mapped(_) => {
                let mut value = [T::default()];
                self.copy_to(at, &mut value);
                value[0]
            }
        }
    }

    /// Writes the elements from `first` on into `to`.
    pub fn copy_to(&self, first: usize, to: &mut [T]) {
        match &self.0 {
            Place::Owned(values) => to.copy_from_slice(&values[first..][..to.len()]),
            Place::Mapped(file) => file.fill(first, to),
        }
    }

    /// The file that they lie in.
    pub(super) fn file(&self) -> Option<&Mapped> {
        match &self.0 {
            Place::Owned(_) => None,
            Place::Mapped(file) => Some(file),
        }
    }

    /// The elements in `range`: a copy where they lie in a file.
    pub fn part(&self, range: Range<usize>) -> Cow<'_, [T]> {
        match &self.0 {
            Place::Owned(values) => Cow::Borrowed(&values[range]),
            Place::Mapped(_) => {
                let mut copy = vec![T::default(); range.len()];
                self.copy_to(range.start, &mut copy);
                Cow::Owned(copy)
            }
        }
    }

    /// All elements: a copy where they lie in a file.
    pub fn whole(&self) -> Cow<'_, [T]> {
        self.part(0..self.len())
    }

    /// All elements, a part of them at a time, of whole rows of `width`.
    pub fn parts(&self, width: usize) -> impl Iterator<Item = Cow<'_, [T]>> {
        part_ranges(self.len(), width).map(|range| self.part(range))
    }

    /// The given rows of `width`, in the given order: without a copy where they lie in a file.
    pub(super) fn rows(&self, rows: &[usize], width: usize) -> Self {
        match &self.0 {
            Place::Owned(values) => rows
                .iter()
                .flat_map(|&row| values[row * width..][..width].iter().copied())
                .collect(),
            Place::Mapped(file) => Self(Place::Mapped(file.select(rows))),
        }
    }

    /// [pixels, channels] of each sample as [channels, pixels]: without a copy where they lie in a
    /// file.
    pub(super) fn channels_first(self, channels: usize, pixels: usize) -> Self {
        let sample = (pixels * channels).max(1);
        match self.0 {
            Place::Mapped(file) => Self(Place::Mapped(file.channels_first(channels))),
            Place::Owned(values) => values
                .chunks_exact(sample)
                .flat_map(|image| (0..sample).map(|at| image[at % pixels * channels + at / pixels]))
                .collect(),
        }
    }
}

/// Where the parts of `len` elements lie that hold whole rows of `width`, about [`PART`] each.
pub(super) fn part_ranges(len: usize, width: usize) -> impl Iterator<Item = Range<usize>> {
    let size = (PART / width.max(1)).max(1) * width.max(1);
    (0..len)
        .step_by(size)
        .map(move |first| first..len.min(first + size))
}

impl<T> From<Vec<T>> for Elements<T> {
    fn from(values: Vec<T>) -> Self {
        Self(Place::Owned(values))
    }
}

impl<T> FromIterator<T> for Elements<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(Place::Owned(values.into_iter().collect()))
    }
}

impl<T: Element> From<Elements<T>> for Vec<T> {
    fn from(elements: Elements<T>) -> Self {
        match elements.0 {
            Place::Owned(values) => values,
            Place::Mapped(_) => elements.whole().into_owned(),
        }
    }
}

impl<T: Element> PartialEq for Elements<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.parts(1).eq(other.parts(1))
    }
}

impl<T: Element> std::fmt::Debug for Elements<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Place::Owned(values) => values.fmt(f),
            Place::Mapped(file) => write!(f, "{} elements, mapped", file.len()),
        }
    }
}
