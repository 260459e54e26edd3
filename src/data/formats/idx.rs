//! IDX, the format that MNIST and its relatives come in: a big-endian header, then bytes.

use super::format::{Format, Reader};
use super::labels::Labels;
use super::source::Source;
use crate::data::array::{Array, Values, count};
use crate::error::Result;

pub(super) const FORMAT: Format = Format {
    name: "IDX (as MNIST comes in)",
    files: "IDX, as MNIST comes in: bytes of any of these shapes",
    labels: "`--labels FILE`",
    parts: "",
    detect: |source| source.begins_with(MAGIC),
    reader: Reader::Array(|source| Ok((read(source)?, None))),
    read_labels: |source| Ok(Labels::Other(read(source)?.values)),
};

/// Two zeros, then the code of unsigned bytes.
const MAGIC: &[u8] = &[0, 0, 8];

fn read(source: &Source) -> Result<Array> {
    parse(source.bytes()?).map_err(|what| source.error(what))
}

/// The array in the bytes of a file; an error is the end of a sentence that begins with the file's
/// name.
fn parse(bytes: &[u8]) -> Result<Array, String> {
    let cut = || "is cut short: its IDX header does not fit in the file".to_owned();
    let dimensions = usize::from(*bytes.get(3).ok_or_else(cut)?);
    let header = bytes.get(4..4 + 4 * dimensions).ok_or_else(cut)?;
    let shape: Vec<usize> = header
        .chunks_exact(4)
        .map(|field| u32::from_be_bytes(field.try_into().expect("four bytes")) as usize)
        .collect();
    let data = &bytes[4 + 4 * dimensions..];
    if count(&shape) != Some(data.len()) {
        return Err(format!(
            "is cut short or damaged: shape {shape:?} does not agree with the {} bytes of data that it has",
            data.len()
        ));
    }
    Ok(Array {
        shape,
        values: Values::Bytes(data.to_vec().into()),
    })
}
