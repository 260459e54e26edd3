//! IDX, the format that MNIST and its relatives come in: a big-endian header, then bytes.

use super::array::{Array, Values, count};

/// Two zeros, then the code of unsigned bytes.
pub(super) const MAGIC: &[u8] = &[0, 0, 8];

/// The array in the bytes of a file; an error is the end of a sentence that begins with the file's
/// name.
pub(super) fn parse(bytes: &[u8]) -> Result<Array, String> {
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
