//! Lengths and places in files of Arrow and Parquet, which their crates believe: those of a damaged
//! file would ask for more memory than there is.

use arrow_ipc::{Message, RecordBatch, root_as_footer, root_as_message};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

/// A buffer may grow by this factor when it is unpacked, ...
const MOST_GROWTH: u64 = 100_000;
/// ... and to this length in any case.
const SMALL: u64 = 1 << 20;
/// What a file begins and ends with.
pub(super) const MAGIC: &[u8] = b"ARROW1";

/// Checks where the columns of a Parquet file of `length` bytes are, and how many rows they have. An
/// error says what is wrong.
pub(super) fn places(metadata: &ParquetMetaData, length: u64) -> Result<(), String> {
    let rows = metadata.row_groups().iter().map(|group| group.num_rows());
    let rows = rows.fold(0_i64, i64::saturating_add);
    if u64::try_from(rows).unwrap_or(0) > length.saturating_mul(MOST_GROWTH) {
        return Err(format!("it claims {rows} rows in {length} bytes"));
    }
    let wrong = |column: &ColumnChunkMetaData| {
        let places = [
            Some(column.data_page_offset()),
            column.dictionary_page_offset(),
            Some(column.compressed_size()),
            Some(column.num_values()),
        ];
        places.into_iter().flatten().any(|place| place < 0)
    };
    let mut groups = metadata.row_groups().iter();
    match groups.any(|group| group.num_rows() < 0 || group.columns().iter().any(wrong)) {
        true => Err("a place of a column in it is negative".into()),
        false => Ok(()),
    }
}

/// Checks the lengths of all messages of a file, or of a stream. An error says what is wrong.
pub(super) fn lengths(bytes: &[u8]) -> Result<(), String> {
    match bytes.starts_with(MAGIC) {
        true => of_file(bytes),
        false => of_stream(bytes),
    }
    .ok_or_else(|| "a length in it does not fit its size".into())
}

/// Those that the footer lists.
fn of_file(bytes: &[u8]) -> Option<()> {
    let end = bytes.len().checked_sub(MAGIC.len() + 4)?;
    let length = i32::from_le_bytes(bytes.get(end..end + 4)?.try_into().ok()?);
    let footer = bytes.get(end.checked_sub(usize::try_from(length).ok()?)?..end)?;
    let footer = root_as_footer(footer).ok()?;
    let blocks = footer.dictionaries().into_iter().flatten();
    for block in blocks.chain(footer.recordBatches().into_iter().flatten()) {
        let start = usize::try_from(block.offset()).ok()?;
        let body = start.checked_add(usize::try_from(block.metaDataLength()).ok()?)?;
        let length = usize::try_from(block.bodyLength()).ok()?;
        let body = bytes.get(body..body.checked_add(length)?)?;
        let (metadata, _) = metadata(bytes.get(start..)?)?;
        buffers(&root_as_message(metadata).ok()?, body)?;
    }
    Some(())
}

/// One message after the other, each with its body; an empty one ends them.
fn of_stream(mut bytes: &[u8]) -> Option<()> {
    while !bytes.is_empty() {
        let (metadata, rest) = metadata(bytes)?;
        if metadata.is_empty() {
            break;
        }
        let message = root_as_message(metadata).ok()?;
        let length = usize::try_from(message.bodyLength()).ok()?;
        buffers(&message, rest.get(..length)?)?;
        bytes = &rest[length..];
    }
    Some(())
}

/// The metadata that `bytes` begin with, behind their length and in newer files four bytes before
/// that; and what follows.
fn metadata(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let bytes = bytes.strip_prefix(&[0xff; 4]).unwrap_or(bytes);
    let length = i32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    bytes[4..].split_at_checked(usize::try_from(length).ok()?)
}

/// Checks the buffers of a message, and the lengths that compressed ones begin with.
fn buffers(message: &Message, body: &[u8]) -> Option<()> {
    let dictionary = || message.header_as_dictionary_batch()?.data();
    let batch: Option<RecordBatch> = message.header_as_record_batch().or_else(dictionary);
    let Some(batch) = batch else { return Some(()) };
    for buffer in batch.buffers().into_iter().flatten() {
        let start = usize::try_from(buffer.offset()).ok()?;
        let length = usize::try_from(buffer.length()).ok()?;
        let buffer = body.get(start..start.checked_add(length)?)?;
        if let (Some(_), Some(first)) = (batch.compression(), buffer.first_chunk()) {
            // -1 stands for a buffer that is not compressed.
            let unpacked = u64::try_from(i64::from_le_bytes(*first)).unwrap_or(0);
            let most = (buffer.len() as u64).saturating_mul(MOST_GROWTH).max(SMALL);
            (unpacked <= most).then_some(())?;
        }
    }
    Some(())
}
