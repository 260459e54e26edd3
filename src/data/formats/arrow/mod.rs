//! Columnar tables: Apache Arrow (Feather) and Apache Parquet.

#[cfg(feature = "parquet")]
mod batches;
#[cfg(feature = "parquet")]
mod check;
#[cfg(feature = "parquet")]
mod thrift;

use super::format::{Format, Reader};
use super::table;
#[cfg(not(feature = "parquet"))]
use super::{column::Column, source::Source};
#[cfg(not(feature = "parquet"))]
use crate::error::Result;

pub(super) const PARQUET: Format = Format {
    name: ".parquet",
    files: "`.parquet` or a folder of such parts (feature `parquet`): a sample a row",
    labels: "as of `.csv`",
    parts: "as of `.csv`",
    detect: |source| Ok(source.begins_with(b"PAR1")? || !source.parts("parquet")?.is_empty()),
    reader: Reader::Table(|source, options| {
        table::samples(source, &columns(source, Kind::Parquet)?, options)
    }),
    read_labels: |source| Ok(table::labels(source, &columns(source, Kind::Parquet)?)?.into()),
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
    reader: Reader::Table(|source, options| {
        table::samples(source, &columns(source, Kind::Arrow)?, options)
    }),
    read_labels: |source| Ok(table::labels(source, &columns(source, Kind::Arrow)?)?.into()),
};

/// What a file is.
#[derive(Clone, Copy)]
enum Kind {
    Parquet,
    Arrow,
}

#[cfg(not(feature = "parquet"))]
fn columns(source: &Source, kind: Kind) -> Result<Vec<Column>> {
    let name = match kind {
        Kind::Parquet => "Parquet",
        Kind::Arrow => "Arrow",
    };
    Err(super::format::left_out(source, name, "parquet"))
}

#[cfg(feature = "parquet")]
use batches::columns;
