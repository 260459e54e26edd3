//! Columnar tables: Apache Arrow (Feather) and Apache Parquet.

#[cfg(feature = "parquet")]
mod batches;
#[cfg(feature = "parquet")]
mod check;

use super::format::{Format, Reader, Table};
use super::labels::Labels;
use super::source::Source;
use crate::error::{Error, Result};
use std::path::PathBuf;

pub(super) const PARQUET: Format = Format {
    name: ".parquet",
    files: "`.parquet` or a folder of such parts (feature `parquet`): a sample a row",
    labels: "a column of the usual name, or the only one of text",
    parts: "the column with the labels",
    detect: |source| Ok(source.begins_with(b"PAR1")? || !parts(source)?.is_empty()),
    reader: Reader::Table(|source| table(source, Kind::Parquet)),
    read_labels: |source| labels(source, Kind::Parquet),
};

pub(super) const ARROW: Format = Format {
    name: "Arrow (.arrow, .feather)",
    files: "Arrow's `.arrow` and `.feather` (feature `parquet`): likewise",
    labels: "likewise",
    parts: "likewise",
    detect: |source| {
        let stream = [".arrow", ".arrows", ".ipc"];
        Ok(source.begins_with(b"ARROW1")?
            || source.begins_with(b"FEA1")?
            || stream.iter().any(|ending| source.name().ends_with(ending))
                && source.begins_with(&[0xff; 4])?)
    },
    reader: Reader::Table(|source| table(source, Kind::Arrow)),
    read_labels: |source| labels(source, Kind::Arrow),
};

/// The files of a folder of Parquet files, in the order of their names, as Spark and Dask write them.
fn parts(source: &Source) -> Result<Vec<PathBuf>> {
    if !source.is_folder() {
        return Ok(Vec::new());
    }
    let refused = |error| Error::file(source.file(), error);
    let entries = std::fs::read_dir(source.file()).map_err(refused)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(refused)?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    paths.sort();
    Ok(paths)
}

/// What a file is.
#[derive(Clone, Copy)]
enum Kind {
    Parquet,
    Arrow,
}

#[cfg(not(feature = "parquet"))]
fn left_out(source: &Source, kind: Kind) -> crate::error::Error {
    let name = match kind {
        Kind::Parquet => "Parquet",
        Kind::Arrow => "Arrow",
    };
    super::format::left_out(source, name, "parquet")
}

#[cfg(not(feature = "parquet"))]
fn table(source: &Source, kind: Kind) -> Result<Table> {
    Err(left_out(source, kind))
}

#[cfg(not(feature = "parquet"))]
fn labels(source: &Source, kind: Kind) -> Result<Labels> {
    Err(left_out(source, kind))
}

#[cfg(feature = "parquet")]
fn table(source: &Source, kind: Kind) -> Result<Table> {
    let columns = batches::columns(source, kind)?;
    super::columns::table(columns, source.part()).map_err(|what| source.error(what))
}

#[cfg(feature = "parquet")]
fn labels(source: &Source, kind: Kind) -> Result<Labels> {
    let columns = batches::columns(source, kind)?;
    super::columns::labels(columns, source.part()).map_err(|what| source.error(what))
}
