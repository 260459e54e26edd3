//! Lengths in the metadata of Parquet files that the crate which reads them believes. In a field that
//! it does not know it takes the entries of a list of truth values for nothing in the file, and behind
//! the end of a file those of 8 or 16 bytes as well, and counts to the length that the list claims: each
//! six bytes of a damaged file are two thousand million rounds. Such lists are refused before, and
//! whatever in a page's header is longer than the file; whole files have neither.
//!
//! Metadata are in [Thrift's compact protocol], and are walked without their meaning, by the types that
//! they name. Of the fields that it knows the crate reads what it expects there instead: this finds
//! damage, not every file that is made to be slow.
//!
//! [Thrift's compact protocol]: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

use bytes::Bytes;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;

/// Structures in structures; more than the crate follows from a field that it does not know.
const DEEPEST: u8 = 128;
/// Bytes that follow the metadata of a file: their length, and `PAR1`.
const ENDING: u64 = 8;
/// Bytes that are read at first where a page's header begins, whose length nothing says.
const HEADER: usize = 256;
/// The field of a page's header with the length of what follows it.
const PAGE_SIZE: i16 = 3;
const BOOLEANS: &str = "its metadata have a list of truth values";

/// Types of fields and of entries.
mod kind {
    pub(super) const STOP: u8 = 0;
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const MAP: u8 = 11;
    pub(super) const STRUCT: u8 = 12;
    pub(super) const UUID: u8 = 13;

    /// Truth values: the type of a field is its value, which has no bytes.
    pub(super) fn is_truth(kind: u8) -> bool {
        matches!(kind, TRUE | FALSE)
    }
}

/// Why a walk ends early.
#[derive(Debug, PartialEq)]
enum Stop {
    /// Something is longer than what is left.
    Short,
    /// The bytes are no structure: the crate says what is wrong with them.
    Malformed,
    /// A list of truth values.
    Booleans,
}

/// Checks the metadata at the end of a file.
///
/// # Errors
/// When they have a list of truth values.
pub(super) fn footer<T: ChunkReader>(file: &T) -> Result<(), String> {
    let metadata = || {
        let end = file.len().checked_sub(ENDING)?;
        let length = bytes(file, end, 4)?.first_chunk().copied()?;
        let length = u32::from_le_bytes(length);
        bytes(file, end.checked_sub(length.into())?, length as usize)
    };
    let metadata = metadata().unwrap_or_default();
    match Walk::new(&metadata).structure(0) {
        Err(Stop::Booleans) => Err(BOOLEANS.into()),
        _ => Ok(()),
    }
}

/// Checks the headers of all pages.
///
/// # Errors
/// When one has a list of truth values or something that is longer than the file, or there are more
/// pages than fit into it.
pub(super) fn pages<T: ChunkReader>(file: &T, metadata: &ParquetMetaData) -> Result<(), String> {
    let groups = metadata.row_groups().iter();
    let mut all = 0_u64;
    for column in groups.flat_map(|group| group.columns()) {
        let (mut at, length) = column.byte_range();
        let end = at.saturating_add(length).min(file.len());
        while at < end {
            let page = match page_length(file, at) {
                Ok(page) => page,
                Err(Stop::Malformed) => break,
                Err(Stop::Short) => return Err("a page of it is longer than the file".into()),
                Err(Stop::Booleans) => return Err(BOOLEANS.into()),
            };
            at = at.saturating_add(page);
            all = all.saturating_add(page);
            if all > file.len() {
                return Err("its pages lie in one another".into());
            }
        }
    }
    Ok(())
}

/// The length of the page at a place, with that of its header.
fn page_length<T: ChunkReader>(file: &T, at: u64) -> Result<u64, Stop> {
    let most = usize::try_from(file.len() - at).unwrap_or(usize::MAX);
    let mut length = HEADER;
    loop {
        let start = bytes(file, at, length.min(most)).ok_or(Stop::Malformed)?;
        let mut walk = Walk::new(&start);
        match walk.structure(0) {
            Err(Stop::Short) if length < most => length *= 2,
            Err(stop) => return Err(stop),
            Ok(content) => {
                let content = content.and_then(|content| u64::try_from(content as i32).ok());
                let header = (start.len() - walk.left.len()) as u64;
                return content.map_or(Err(Stop::Malformed), |content| Ok(header + content));
            }
        }
    }
}

fn bytes<T: ChunkReader>(file: &T, start: u64, length: usize) -> Option<Bytes> {
    file.get_bytes(start, length).ok()
}

/// What is left of metadata.
struct Walk<'a> {
    left: &'a [u8],
}

impl<'a> Walk<'a> {
    fn new(left: &'a [u8]) -> Self {
        Self { left }
    }

    /// Goes over a structure, and gives its field [`PAGE_SIZE`] where it is a whole number.
    fn structure(&mut self, depth: u8) -> Result<Option<i64>, Stop> {
        if depth == DEEPEST {
            return Err(Stop::Malformed);
        }
        let (mut field, mut found) = (0_i16, None);
        loop {
            let start = self.byte()?;
            let kind = start & 15;
            if kind == kind::STOP {
                return Ok(found);
            }
            // The difference to the field before, or 0 and the field itself.
            field = match start >> 4 {
                0 => self.number()? as i16,
                difference => field.wrapping_add(difference.into()),
            };
            if !kind::is_truth(kind) {
                let number = self.value(kind, depth)?;
                found = number.filter(|_| field == PAGE_SIZE).or(found);
            }
        }
    }

    /// Goes over a value, and gives it where it is a whole number.
    fn value(&mut self, kind: u8, depth: u8) -> Result<Option<i64>, Stop> {
        match kind {
            kind::BYTE => self.skip(1)?,
            kind::I16..=kind::I64 => return self.number().map(Some),
            kind::DOUBLE => self.skip(8)?,
            kind::BINARY => {
                let length = self.varint()?;
                self.skip(length)?;
            }
            kind::LIST | kind::SET => {
                let start = self.byte()?;
                let length = match start >> 4 {
                    15 => self.varint()?,
                    length => u64::from(length),
                };
                self.entries(length, &[start & 15], depth)?;
            }
            kind::MAP => {
                let length = self.varint()?;
                if length > 0 {
                    let kinds = self.byte()?;
                    self.entries(length, &[kinds >> 4, kinds & 15], depth)?;
                }
            }
            kind::STRUCT => drop(self.structure(depth + 1)?),
            kind::UUID => self.skip(16)?,
            _ => return Err(Stop::Malformed),
        }
        Ok(None)
    }

    /// Goes over the entries of a list, or of a map with keys and values.
    fn entries(&mut self, length: u64, kinds: &[u8], depth: u8) -> Result<(), Stop> {
        if depth + 1 == DEEPEST {
            return Err(Stop::Malformed);
        }
        if length > 0 && kinds.iter().all(|kind| kind::is_truth(*kind)) {
            return Err(Stop::Booleans);
        }
        // Each takes a byte at least.
        if length > self.left.len() as u64 {
            return Err(Stop::Short);
        }
        for _ in 0..length {
            for kind in kinds.iter().filter(|kind| !kind::is_truth(**kind)) {
                self.value(*kind, depth + 1)?;
            }
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let (first, left) = self.left.split_first().ok_or(Stop::Short)?;
        self.left = left;
        Ok(*first)
    }

    fn skip(&mut self, length: u64) -> Result<(), Stop> {
        let length = usize::try_from(length).map_err(|_| Stop::Short)?;
        self.left = self.left.get(length..).ok_or(Stop::Short)?;
        Ok(())
    }

    /// Seven bits a byte, the lowest first.
    fn varint(&mut self) -> Result<u64, Stop> {
        let (mut value, mut shift) = (0, 0_u32);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 127).wrapping_shl(shift);
            if byte < 128 {
                return Ok(value);
            }
            // As the crate does with more than 64 bits.
            shift = shift.wrapping_add(7);
        }
    }

    /// A number whose lowest bit is its sign.
    fn number(&mut self) -> Result<i64, Stop> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(bytes: &[u8]) -> Result<Option<i64>, Stop> {
        Walk::new(bytes).structure(0)
    }

    #[test]
    fn a_structure_is_walked_to_its_end() {
        // Fields 1: 5, 2: true, 3: -300, 20: "ab", a list of two doubles, a map of bytes to truth values.
        let mut bytes = vec![
            0x15, 10, 0x11, 0x15, 0xd7, 4, 0x08, 40, 2, b'a', b'b', 0x19, 0x27,
        ];
        bytes.extend([0; 16]);
        bytes.extend([0x1b, 1, 0x31, 9, 0, 77]);
        let mut walk = Walk::new(&bytes);
        assert_eq!(walk.structure(0), Ok(Some(-300)));
        assert_eq!(walk.left, [77]);
        for cut in 0..bytes.len() - 1 {
            assert_eq!(walked(&bytes[..cut]), Err(Stop::Short), "{cut}");
        }
    }

    #[test]
    fn lists_of_truth_values_are_found_wherever_they_are() {
        let list = [0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 7, 0];
        assert_eq!(walked(&list), Err(Stop::Booleans));
        let within = [&[0x1c][..], &list].concat();
        assert_eq!(walked(&within), Err(Stop::Booleans));
        // One of none is none.
        assert_eq!(walked(&[0x19, 0x01, 0]), Ok(None));
        // A map of truth values to truth values.
        assert_eq!(walked(&[0x1b, 9, 0x12, 0]), Err(Stop::Booleans));
    }

    #[test]
    fn what_is_longer_than_the_bytes_is_not_counted() {
        // Lists of doubles and of UUIDs, a map of truth values to doubles, a binary.
        for start in [&[0x19, 0xf7][..], &[0x19, 0xfd], &[0x1b], &[0x18]] {
            let long = [start, &[0xff, 0xff, 0xff, 0xff, 7, 0x17, 0]].concat();
            assert_eq!(walked(&long), Err(Stop::Short), "{start:?}");
        }
        let file = Bytes::from_static(&[0x15, 2, 0x25, 2, 0x15, 20, 0x19, 0xf7, 0xff, 1, 0]);
        assert_eq!(page_length(&file, 0), Err(Stop::Short));
        let file = Bytes::from_static(&[0x15, 2, 0x25, 20, 0x15, 20, 0, 9, 9]);
        assert_eq!(page_length(&file, 0), Ok(7 + 10));
        // A length of 32 bits, as the crate takes it.
        let file = Bytes::from_static(&[0x35, 0x8a, 0x80, 0x80, 0x80, 0x20, 0]);
        assert_eq!(page_length(&file, 0), Ok(7 + 5));
    }

    #[test]
    fn structures_without_an_end_are_not_followed() {
        assert_eq!(walked(&[0x1c; 100_000]), Err(Stop::Malformed));
        assert_eq!(walked(&[0x19; 100_000]), Err(Stop::Malformed));
    }
}
