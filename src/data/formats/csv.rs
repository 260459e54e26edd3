//! Numbers as text: one sample a line.

use super::format::{Format, Reader};
use super::labels::Labels;
use super::source::Source;
use crate::data::array::{Array, Values};
use crate::error::Result;

pub(super) const FORMAT: Format = Format {
    name: ".csv",
    files: "`.csv`, `.tsv` or `.txt`: a sample a line",
    labels: "`--labels FILE`",
    parts: "",
    detect: |source| {
        let name = source.name();
        let text = [".csv", ".tsv", ".txt"];
        Ok(source.is_plain() && text.iter().any(|extension| name.ends_with(extension)))
    },
    reader: Reader::Array(|source| Ok((read(source)?, None))),
    read_labels: |source| match (read(source), column(source.bytes()?)) {
        (Ok(array), _) => Ok(Labels::Other(array.values)),
        (Err(_), Some(names)) => Ok(Labels::Text(names)),
        (Err(error), None) => Err(error),
    },
};

fn read(source: &Source) -> Result<Array> {
    let delimiter = if source.name().ends_with(".tsv") {
        b'\t'
    } else {
        b','
    };
    parse(source.bytes()?, delimiter).map_err(|what| source.error(what))
}

/// The fields of a text with one a line, a header included; `None` where a line has several.
fn column(bytes: &[u8]) -> Option<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let field = |record: csv::Result<csv::StringRecord>| {
        let record = record.ok().filter(|record| record.len() == 1)?;
        record.get(0).map(str::to_owned)
    };
    reader.records().map(field).collect()
}

/// The table [samples, features] in the bytes of a file. The first line is a header where none of
/// its fields is a number. An error is the end of a sentence that begins with the file's name.
fn parse(bytes: &[u8], delimiter: u8) -> Result<Array, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let (mut values, mut width, mut names) = (Vec::new(), 0, None);
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| format!("is no table of numbers: {error}"))?;
        let line = record
            .position()
            .map_or(index as u64 + 1, csv::Position::line);
        if index == 0 && record.iter().all(|field| field.parse::<f64>().is_err()) {
            names = Some(record);
            continue;
        }
        if values.is_empty() {
            width = record.len();
        }
        if record.len() != width {
            return Err(format!(
                "is ragged: line {line} has {} fields where the lines before it have {width}",
                record.len()
            ));
        }
        for (column, field) in record.iter().enumerate() {
            let name = names
                .as_ref()
                .and_then(|names| names.get(column))
                .map_or(String::new(), |name| format!(", {name}"));
            values.push(field.parse().map_err(|_| {
                format!(
                    "has `{field}` on line {line} (field {}{name}), where a number is needed",
                    column + 1
                )
            })?);
        }
    }
    if values.is_empty() {
        return Err("has no line with numbers".into());
    }
    Ok(Array {
        shape: vec![values.len() / width, width],
        values: Values::Doubles(values),
    })
}
