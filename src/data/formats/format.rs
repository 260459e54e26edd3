//! What a row of the table of formats is.

use super::labels::Labels;
use super::source::Source;
use crate::data::array::Array;
use crate::data::reading::{ReadOptions, Reading};
use crate::error::Result;

/// A format of files, or of folders of files.
#[derive(Debug)]
pub struct Format {
    /// Its name in a list, with what must be said of it.
    pub name: &'static str,
    /// Which files it has, and what is in them, in Markdown.
    pub files: &'static str,
    /// Where the labels of its samples come from, in Markdown.
    pub labels: &'static str,
    /// The parts of a file that FILE:PART may name, in Markdown; empty where it has none.
    pub parts: &'static str,
    /// Whether a source is of this format, where no row before it is.
    pub(super) detect: fn(&Source) -> Result<bool>,
    /// How samples are read.
    pub(in crate::data) reader: Reader,
    /// How the labels alone are read.
    pub(in crate::data) read_labels: fn(&Source) -> Result<Labels>,
}

/// How samples are read.
#[derive(Debug)]
pub(in crate::data) enum Reader {
    /// As one array.
    Array(fn(&Source) -> Result<Labelled>),
    /// As one array, with labels of any kind.
    AnyLabels(fn(&Source) -> Result<AnyLabelled>),
    /// As images, with the options applied to them.
    Images(fn(&Source, &ReadOptions) -> Result<Reading>),
}

/// An array, with a label for each row where the file holds them.
pub(in crate::data) type Labelled = (Array, Option<Vec<u32>>);
/// The same with labels of any kind.
pub(in crate::data) type AnyLabelled = (Array, Option<Labels>);
