//! LZF, the quick compression of h5py (filter 32000).

use hdf5_reader::error::{Error, Result};
use hdf5_reader::messages::filter_pipeline::FilterDescription;

/// The filter's number.
pub(super) const FILTER: u16 = 32000;

/// Unpacks a chunk, whose size is the filter's third value.
pub(super) fn filter(filter: &FilterDescription, data: &[u8], _: usize) -> Result<Vec<u8>> {
    let size = filter.client_data.get(2).copied().unwrap_or(0) as usize;
    unpack(data, size)
        .filter(|chunk| chunk.len() == size)
        .ok_or_else(|| Error::InvalidData("a chunk packed by lzf is damaged".into()))
}

/// Literals (a length below 32, then bytes) and copies of what came before (a length and a
/// distance); at most `size` bytes.
fn unpack(data: &[u8], size: usize) -> Option<Vec<u8>> {
    let (mut unpacked, mut rest) = (Vec::new(), data.iter().copied());
    while let Some(control) = rest.next() {
        let control = usize::from(control);
        if control < 32 {
            for _ in 0..=control {
                unpacked.push(rest.next()?);
            }
        } else {
            let mut length = control >> 5;
            if length == 7 {
                length += usize::from(rest.next()?);
            }
            let distance = (control & 31) << 8 | usize::from(rest.next()?);
            let start = unpacked.len().checked_sub(distance + 1)?;
            for at in start..start + length + 2 {
                unpacked.push(unpacked[at]);
            }
        }
        if unpacked.len() > size {
            return None;
        }
    }
    Some(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_copies_are_unpacked() {
        // "ab", then 6 bytes from 2 before: "ababab".
        let packed = [1, b'a', b'b', 4 << 5, 1];
        assert_eq!(unpack(&packed, 8).unwrap(), b"abababab");
        assert_eq!(unpack(&packed, 7), None);
        assert_eq!(unpack(&[32, 9], 8), None);
        assert_eq!(unpack(&[3, b'a'], 8), None);
    }
}
