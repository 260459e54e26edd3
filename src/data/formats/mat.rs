//! MATLAB's `.mat`, version 5 (what `save` writes up to `-v7`): full real arrays of numbers,
//! compressed or not.
//!
//! MATLAB keeps images column by column and samples in the last dimension: [height, width,
//! channels, samples]. What is read here has the samples first and rows of pixels, as a `.npy` of
//! the same images would; a matrix stays [rows, columns] with a row a sample, unless its labels are
//! as many as its columns.

use super::format::{Format, Labelled, Reader};
use super::labels::Labels;
use super::members::{choose, choose_labels};
use crate::data::array::{Array, Values, count};
use crate::data::number::Number;
use crate::data::sample_labels::SampleLabels;
use std::borrow::Cow;
use std::io::Read;

pub(super) const FORMAT: Format = Format {
    name: ".mat (version 5)",
    files: "`.mat`, version 5, as SVHN comes in",
    labels: "an array of the usual name",
    parts: "a name, `train`, `test`",
    detect: |source| Ok(is_mat(source.bytes()?)),
    reader: Reader::Array(|source| {
        parse(source.bytes()?, source.part()).map_err(|what| source.error(what))
    }),
    read_labels: |source| {
        parse_labels(source.bytes()?, source.part())
            .map(Labels::Other)
            .map_err(|what| source.error(what))
    },
};

/// Bytes before the first variable.
const HEADER: usize = 128;

/// Whether the bytes begin as a version 5 file does, whatever its text says: a version and a byte
/// order in the header's last four.
fn is_mat(bytes: &[u8]) -> bool {
    matches!(
        bytes.get(HEADER - 4..HEADER),
        Some([0, 1, b'I', b'M'] | [1, 0, b'M', b'I'])
    )
}

/// The samples, those that `part` names or that have a usual name, with their labels. Labels of 1
/// to 10 beside images are digits, 10 for 0 (as SVHN has them). An error is the end of a sentence
/// that begins with the file's name.
fn parse(bytes: &[u8], part: Option<&str>) -> Result<Labelled, String> {
    samples_of(&variables(bytes)?, part)
}

/// The same of variables that are at hand.
pub(super) fn samples_of(variables: &[Variable], part: Option<&str>) -> Result<Labelled, String> {
    let names: Vec<&str> = variables
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    let (samples, labels) = choose(&names, part)?;
    let find = |name: &str| {
        variables
            .iter()
            .find(|variable| variable.name == name)
            .expect("chosen from these names")
    };
    let samples = find(samples);
    let labels = labels.map(|name| find(name).values()).transpose()?;
    let length = labels.as_ref().map(Values::len);
    let (first, last) = (
        samples.shape[0],
        *samples.shape.last().expect("at least two dimensions"),
    );
    let samples_last = match (length, samples.shape.len()) {
        (Some(length), _) if first != last && (length == first || length == last) => length == last,
        (_, dimensions) => dimensions > 2,
    };
    let array = samples.array(samples_last)?;
    let mut labels = match labels {
        Some(values) => Some(Labels::Other(values).of_samples()?),
        None => None,
    };
    if let Some(SampleLabels::Classes(labels)) = &mut labels
        && samples.shape.len() > 2
        && labels.contains(&10)
        && labels.iter().all(|label| (1..=10).contains(label))
    {
        labels.iter_mut().for_each(|label| *label %= 10);
    }
    Ok((array, labels))
}

/// The labels alone.
fn parse_labels(bytes: &[u8], part: Option<&str>) -> Result<Values, String> {
    let variables = variables(bytes)?;
    let names: Vec<&str> = variables
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    let name = choose_labels(&names, part)?;
    variables
        .iter()
        .find(|variable| variable.name == name)
        .expect("chosen from these names")
        .values()
}

/// A full real array of numbers, column by column, not yet converted.
#[derive(Clone)]
pub(super) struct Variable<'a> {
    pub(super) name: String,
    /// At least two extents.
    pub(super) shape: Vec<usize>,
    /// Of bytes in MATLAB's sense.
    pub(super) unsigned_bytes: bool,
    pub(super) kind: u32,
    pub(super) data: Cow<'a, [u8]>,
    pub(super) big: bool,
}

impl Variable<'_> {
    pub(super) fn values(&self) -> Result<Values, String> {
        let number = match self.kind {
            1 => Number::I8,
            2 => Number::U8,
            3 => Number::I16,
            4 => Number::U16,
            5 => Number::I32,
            6 => Number::U32,
            7 => Number::F32,
            9 => Number::F64,
            12 => Number::I64,
            _ => Number::U64,
        };
        let data = &*self.data;
        if count(&self.shape).and_then(|count| count.checked_mul(number.size())) != Some(data.len())
        {
            return Err(format!(
                "is damaged: its variable {} of shape {:?} does not agree with the {} bytes that it has",
                self.name,
                self.shape,
                data.len()
            ));
        }
        // MATLAB writes whole numbers of any class as bytes where they fit.
        Ok(match number.read(data, self.big) {
            Values::Bytes(values) if !self.unsigned_bytes => {
                Values::Floats(values.whole().iter().copied().map(f32::from).collect())
            }
            values => values,
        })
    }

    /// In C order, samples first.
    fn array(&self, samples_last: bool) -> Result<Array, String> {
        let values = self.values()?;
        let dimensions = self.shape.len();
        // Column-major values are row-major ones of the reversed shape; axes are named by their
        // place in MATLAB's shape.
        let order: Vec<usize> = if samples_last {
            match (&values, dimensions) {
                // The order that images of floats have; bytes, and all others, have the samples
                // first and keep the rest.
                (Values::Floats(_) | Values::Doubles(_), 4) => vec![3, 2, 0, 1],
                _ => std::iter::once(dimensions - 1)
                    .chain(0..dimensions - 1)
                    .collect(),
            }
        } else {
            (0..dimensions).collect()
        };
        Ok(Array::of_columns(&values, &self.shape, &order))
    }
}

/// Every full real array of numbers in the file; cells, structures, text, sparse and complex arrays
/// are passed over.
fn variables(bytes: &[u8]) -> Result<Vec<Variable<'_>>, String> {
    let mut elements = Elements {
        rest: bytes.get(HEADER..).unwrap_or_default(),
        big: bytes.get(HEADER - 2) == Some(&b'M'),
    };
    let big = elements.big;
    let mut found = Vec::new();
    while let Some((kind, content)) = elements.next()? {
        match kind {
            MATRIX => found.extend(matrix(content, big)?),
            COMPRESSED => {
                let mut inflated = Vec::new();
                flate2::read::ZlibDecoder::new(content)
                    .read_to_end(&mut inflated)
                    .map_err(|error| format!("is damaged or cut short: zlib says {error}"))?;
                let inner = Elements {
                    rest: &inflated,
                    big,
                }
                .next()?;
                if let Some((MATRIX, content)) = inner
                    && let Some(variable) = matrix(content, big)?
                {
                    let data = Cow::Owned(variable.data.into_owned());
                    found.push(Variable { data, ..variable });
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
/// Codes of classes of numbers, from double to unsigned 64-bit integers.
const NUMBERS: std::ops::RangeInclusive<u32> = 6..=15;
const UNSIGNED_BYTES: u32 = 9;
const COMPLEX: u32 = 0x800;

/// The variable in the content of a matrix element, where it is one of those that are read.
fn matrix(content: &[u8], big: bool) -> Result<Option<Variable<'_>>, String> {
    let mut parts = Elements { rest: content, big };
    let flags = parts.expect("flags")?.1;
    let flags = word(flags.get(..4).unwrap_or(&[0; 4]), big);
    let dimensions = parts.expect("dimensions")?.1;
    let shape: Vec<usize> = dimensions
        .chunks_exact(4)
        .map(|extent| word(extent, big) as usize)
        .collect();
    let name = String::from_utf8_lossy(parts.expect("name")?.1).into_owned();
    if !NUMBERS.contains(&(flags & 0xff)) || flags & COMPLEX != 0 || shape.len() < 2 {
        return Ok(None);
    }
    let (kind, data) = parts.expect("values")?;
    if !matches!(kind, 1..=7 | 9 | 12 | 13) {
        return Err(format!(
            "is damaged: its variable {name} has values of the unknown type {kind}"
        ));
    }
    let unsigned_bytes = flags & 0xff == UNSIGNED_BYTES;
    Ok(Some(Variable {
        name,
        shape,
        unsigned_bytes,
        kind,
        data: Cow::Borrowed(data),
        big,
    }))
}

/// Data elements one after the other: a type, a length, and so many bytes, filled up to a multiple
/// of 8.
struct Elements<'a> {
    rest: &'a [u8],
    big: bool,
}

impl<'a> Elements<'a> {
    fn next(&mut self) -> Result<Option<(u32, &'a [u8])>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let cut = || "is cut short: a variable does not fit in the file".to_owned();
        let kind = word(self.rest.get(..4).ok_or_else(cut)?, self.big);
        // Up to four bytes come without a length of their own.
        if kind >> 16 != 0 {
            let content = self
                .rest
                .get(4..8)
                .and_then(|bytes| bytes.get(..(kind >> 16) as usize))
                .ok_or_else(cut)?;
            self.rest = &self.rest[8..];
            return Ok(Some((kind & 0xffff, content)));
        }
        let length = word(self.rest.get(4..8).ok_or_else(cut)?, self.big) as usize;
        let content = self.rest[8..].get(..length).ok_or_else(cut)?;
        let padded = if kind == COMPRESSED {
            length
        } else {
            length.next_multiple_of(8)
        };
        // The last element of a file may lack its filling.
        self.rest = self.rest[8..].get(padded..).unwrap_or_default();
        Ok(Some((kind, content)))
    }

    fn expect(&mut self, what: &str) -> Result<(u32, &'a [u8]), String> {
        self.next()?
            .ok_or_else(|| format!("is damaged: a variable lacks its {what}"))
    }
}

/// Four bytes as a number.
fn word(bytes: &[u8], big: bool) -> u32 {
    let bytes = bytes.try_into().expect("four bytes");
    if big {
        u32::from_be_bytes(bytes)
    } else {
        u32::from_le_bytes(bytes)
    }
}
