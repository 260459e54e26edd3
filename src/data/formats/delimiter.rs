//! How a text separates fields and writes decimals, and its records.

use csv::ByteRecord;
use std::borrow::Cow;

/// What stands between two fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Between {
    /// One character.
    Byte(u8),
    /// Any number of blanks and tabs.
    Blanks,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    between: Between,
    /// Whether 1,5 is one and a half.
    pub(super) decimal_comma: bool,
}

/// A line.
#[derive(Debug)]
pub(super) struct Record(ByteRecord);

/// Lines that tell.
const LOOKED_AT: usize = 50;

impl Style {
    /// That of `bytes`; tabs where `tabs` says so.
    pub(super) fn of(bytes: &[u8], tabs: bool) -> Self {
        let choices = [b'\t', b';', b'|', b','].map(Between::Byte);
        let choices = choices.into_iter().chain([Between::Blanks]);
        let choices: Vec<Between> = if tabs {
            vec![Between::Byte(b'\t')]
        } else {
            choices.collect()
        };
        let looked = |between| {
            let style = Self {
                between,
                decimal_comma: false,
            };
            style.records(bytes, LOOKED_AT).unwrap_or_default()
        };
        let (between, records) = choices
            .iter()
            .map(|&between| (between, looked(between)))
            .find(|(_, records)| fits(records))
            .unwrap_or_else(|| {
                let between = if tabs { b'\t' } else { b',' };
                (Between::Byte(between), looked(Between::Byte(between)))
            });
        let fields = || records.iter().flat_map(|record| record.0.iter());
        let decimal = |point: u8| fields().any(|field| is_decimal(field, point));
        Self {
            between,
            decimal_comma: between != Between::Byte(b',') && decimal(b',') && !decimal(b'.'),
        }
    }

    /// The first `most` of its lines: see [`Self::for_each`].
    pub(super) fn records(self, bytes: &[u8], most: usize) -> Result<Vec<Record>, String> {
        let mut records = Vec::new();
        let outcome = self.for_each(bytes, |record| {
            records.push(Record(record.0.clone()));
            if records.len() < most {
                Ok(())
            } else {
                Err(String::new())
            }
        });
        match outcome {
            Err(what) if records.len() < most => Err(what),
            _ => Ok(records),
        }
    }

    /// Calls `each` with its lines, without those that are empty or begin with #, until it fails. An
    /// error is the end of a sentence that begins with the file's name.
    pub(super) fn for_each(
        self,
        bytes: &[u8],
        mut each: impl FnMut(&Record) -> Result<(), String>,
    ) -> Result<(), String> {
        let Between::Byte(delimiter) = self.between else {
            return blank_records(bytes).try_for_each(|record| each(&record));
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .comment(Some(b'#'))
            .from_reader(bytes);
        let mut record = Record(ByteRecord::new());
        let damaged = |error| format!("is no table of numbers: {error}");
        while reader.read_byte_record(&mut record.0).map_err(damaged)? {
            each(&record)?;
        }
        Ok(())
    }
}

/// Lines split at blanks.
fn blank_records(bytes: &[u8]) -> impl Iterator<Item = Record> + '_ {
    let lines = bytes.split(|&byte| byte == b'\n').zip(1..);
    lines.filter_map(|(line, number)| {
        let fields = line
            .split(u8::is_ascii_whitespace)
            .filter(|field| !field.is_empty());
        let mut record = ByteRecord::from_iter(fields);
        let mut position = csv::Position::new();
        position.set_line(number);
        record.set_position(Some(position));
        let comment = record.get(0).is_none_or(|field| field.starts_with(b"#"));
        (!comment).then_some(Record(record))
    })
}

/// Whether all lines have the same number of fields, two or more, and no field is two numbers.
fn fits(records: &[Record]) -> bool {
    let width = records.first().map_or(0, Record::len);
    let two = |field: &[u8]| {
        let mut words = field
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let number = |word: Option<&[u8]>| {
            word.is_some_and(|word| word.iter().any(u8::is_ascii_digit) && is_numeric(word))
        };
        number(words.next()) && number(words.next())
    };
    width >= 2
        && records.iter().all(|record| record.len() == width)
        && !records.iter().flat_map(|record| record.0.iter()).any(two)
}

fn is_numeric(word: &[u8]) -> bool {
    word.iter()
        .all(|byte| byte.is_ascii_digit() || b"+-.,eE".contains(byte))
}

/// Whether a field is a number with a fraction behind `point`, before which the other character may
/// stand between thousands.
fn is_decimal(field: &[u8], point: u8) -> bool {
    let field = field.trim_ascii();
    let mut points = (0..field.len())
        .rev()
        .filter(|&at| matches!(field[at], b'.' | b','));
    let Some(last) = points.next() else {
        return false;
    };
    let fraction = field.get(last + 1).is_some_and(u8::is_ascii_digit);
    field[last] == point && is_numeric(field) && fraction && points.all(|at| field[at] != point)
}

impl Record {
    /// Fields.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// A field as it is.
    pub(super) fn field(&self, at: usize) -> &[u8] {
        &self.0[at]
    }

    /// A field as text.
    pub(super) fn text(&self, at: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0[at])
    }

    /// Its line, from 1 on.
    pub(super) fn line(&self) -> u64 {
        self.0.position().map_or(0, csv::Position::line)
    }
}
