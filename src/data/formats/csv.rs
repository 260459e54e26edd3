//! Tables as text: one sample a line.

use super::column::{Cells, Column};
use super::delimiter::{Record, Style};
use super::format::{Format, Reader};
use super::labels::Labels;
use super::source::Source;
use super::table::{self, Table};
use crate::data::reading::TableOptions;
use crate::error::Result;
use std::borrow::Cow;

pub(super) const FORMAT: Format = Format {
    name: ".csv",
    files: "`.csv`, `.tsv` or `.txt`: a sample a line, with commas, semicolons, tabs, bars or blanks between numbers",
    labels: "a column of text or called `label`, `class`, `target`, `species`; `--label-column NAME`",
    parts: "a column; several with commas",
    detect: |source| {
        let name = source.name();
        let text = [".csv", ".tsv", ".txt"];
        Ok(source.is_plain() && text.iter().any(|extension| name.ends_with(extension)))
    },
    reader: Reader::Table(read),
    read_labels: labels,
};

/// Records that tell the delimiter, the header, and which columns are text.
const LOOKED_AT: usize = 200;

/// What stands for a missing value, in small letters.
const MISSING: [&str; 10] = [
    "", "na", "n/a", "nan", "null", "none", "?", "-", "#n/a", "<na>",
];

fn read(source: &Source, options: &TableOptions) -> Result<Table> {
    let columns = columns_of(source)?;
    table::samples(source, &columns, options)
}

/// The column that the part names or that looks like labels; else the only one, whose first text may
/// be its header.
fn labels(source: &Source) -> Result<Labels> {
    let columns = columns_of(source)?;
    if let [
        Column {
            name,
            cells: Cells::Text(names),
        },
    ] = &columns[..]
    {
        let header = Some(name).filter(|name| !name.is_empty());
        return Ok(Labels::Text(
            header.into_iter().chain(names).cloned().collect(),
        ));
    }
    Ok(table::labels(source, &columns)?.into())
}

/// The columns of a file.
///
/// # Errors
/// When it is no table.
fn columns_of(source: &Source) -> Result<Vec<Column>> {
    let tabs = source.name().ends_with(".tsv");
    parse(source.bytes()?, tabs).map_err(|what| source.error(what))
}

/// The columns in the bytes of a file. An error is the end of a sentence that begins with the
/// file's name.
fn parse(bytes: &[u8], tabs: bool) -> Result<Vec<Column>, String> {
    let bytes = text(bytes)?;
    let style = Style::of(&bytes, tabs);
    let sample = style.records(&bytes, LOOKED_AT)?;
    let Some(first) = sample.first() else {
        return Err("has no line with numbers".into());
    };
    let header = has_header(&sample, style);
    let names: Vec<String> = (0..first.len())
        .map(|at| {
            if header {
                first.text(at).trim().to_owned()
            } else {
                String::new()
            }
        })
        .collect();
    let body = &sample[usize::from(header)..];
    if body.is_empty() {
        return Err("has no line with numbers".into());
    }
    let text = |column: usize| {
        let fields = body.iter().filter(|record| column < record.len());
        let numbers = fields.map(|record| number(record.field(column), style));
        let (mut words, mut found) = (0, 0);
        for number in numbers {
            words += usize::from(number.is_none());
            found += usize::from(number.is_some_and(|value| !value.is_nan()));
        }
        words > found
    };
    let columns = names.into_iter().enumerate().map(|(at, name)| {
        let cells = if text(at) {
            Cells::Text(Vec::new())
        } else {
            Cells::Numbers(Vec::new())
        };
        Column { name, cells }
    });
    fill(columns.collect(), &bytes, style, header)
}

/// `columns`, which are empty, with the records of `bytes`, below the `header` where there is one.
fn fill(
    mut columns: Vec<Column>,
    bytes: &[u8],
    style: Style,
    header: bool,
) -> Result<Vec<Column>, String> {
    let mut first = header;
    style.for_each(bytes, |record| {
        if std::mem::take(&mut first) {
            return Ok(());
        }
        if record.len() != columns.len() {
            return Err(format!(
                "is ragged: line {} has {} fields where the lines before it have {}",
                record.line(),
                record.len(),
                columns.len()
            ));
        }
        for (at, column) in columns.iter_mut().enumerate() {
            if let Cells::Numbers(cells) = &mut column.cells {
                if let Some(value) = number(record.field(at), style) {
                    cells.push(value);
                    continue;
                }
                // Nothing has been in the column so far: this may as well be a text.
                if !cells.iter().all(|value| value.is_nan()) {
                    return Err(no_number(record, at, &column.name));
                }
                column.cells = Cells::Text(vec![String::new(); cells.len()]);
            }
            if let Cells::Text(cells) = &mut column.cells {
                let text = record.text(at);
                let text = text.trim();
                let missing = MISSING.contains(&text.to_lowercase().as_str());
                cells.push(if missing { "" } else { text }.to_owned());
            }
        }
        Ok(())
    })?;
    Ok(columns)
}

fn no_number(record: &Record, at: usize, name: &str) -> String {
    let comma = if name.is_empty() { "" } else { ", " };
    format!(
        "has `{}` on line {} (field {}{comma}{name}), where a number is needed",
        record.text(at).trim(),
        record.line(),
        at + 1
    )
}

/// A number; NaN where it is missing, `None` where there is something else.
fn number(field: &[u8], style: Style) -> Option<f64> {
    let field = std::str::from_utf8(field).ok()?.trim();
    if style.decimal_comma && field.contains(',') {
        return field.replace('.', "").replace(',', ".").parse().ok();
    }
    match field.parse() {
        Ok(value) => Some(value),
        Err(_) if in_thousands(field) => field.replace(',', "").parse().ok(),
        Err(_) => match field.to_lowercase().as_str() {
            "true" => Some(1.0),
            "false" => Some(0.0),
            other => MISSING.contains(&other).then_some(f64::NAN),
        },
    }
}

/// Whether commas stand between thousands, as in 1,234.5.
fn in_thousands(field: &str) -> bool {
    let whole = field.split('.').next().unwrap_or(field);
    let mut groups = whole.trim_start_matches(['+', '-']).split(',');
    let first = groups.next().map_or(0, str::len);
    let mut others = groups.peekable();
    let digits = |group: &str| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&first) && others.peek().is_some() && others.all(digits)
}

/// Whether the first record names the columns: none of its fields is a number, or one of them is
/// none where the lines below have numbers, or they are 0, 1, 2, ... as pandas writes them for an
/// array.
fn has_header(sample: &[Record], style: Style) -> bool {
    let (first, body) = (&sample[0], &sample[1..]);
    let value = |record: &Record, at: usize| {
        (at < record.len())
            .then(|| number(record.field(at), style))
            .flatten()
    };
    let named = |at: usize| value(first, at).is_none();
    let blank = |at: usize| first.text(at).trim().is_empty();
    let all = || 0..first.len();
    if all().all(|at| named(at) || blank(at)) {
        // A single column of text may have a header or not: who reads it knows.
        return first.len() > 1 || body.iter().any(|record| value(record, 0).is_some());
    }
    let below =
        |at: usize| !body.is_empty() && body.iter().all(|record| value(record, at).is_some());
    if all().any(|at| named(at) && below(at)) {
        return true;
    }
    let skipped = usize::from(blank(0));
    let counted = |record: &Record, from: usize| {
        let expected = |at: usize| value(record, at) == Some((from + at - skipped) as f64);
        (skipped..record.len()).all(expected)
    };
    let n = first.len() - skipped;
    let Some(second) = body.first() else {
        return false;
    };
    let whole = body.iter().all(|record| {
        (skipped..record.len())
            .all(|at| value(record, at).is_some_and(|value| value.fract() == 0.0))
    });
    n >= 2 && counted(first, 0) && !counted(second, n) && (skipped == 1 || n > 3 || !whole)
}

/// The bytes of a text as UTF-8.
fn text(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    let wide = |from: fn([u8; 2]) -> u16| {
        let (units, _) = bytes[2..].as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|unit| from(*unit)).collect();
        let text = String::from_utf16(&units);
        text.map(|text| Cow::Owned(text.into_bytes()))
            .map_err(|_| "is damaged: it begins as UTF-16 does, and goes on otherwise".to_owned())
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(Cow::Borrowed(rest)),
        _ => Ok(Cow::Borrowed(bytes)),
    }
}
