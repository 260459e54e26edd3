//! Numbers as text that a page reads.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Base64 (RFC 4648) of the little-endian bytes of `values`.
pub(super) fn base64(values: &[f32]) -> String {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    base64_bytes(&bytes.collect::<Vec<u8>>())
}

/// Base64 of `bytes`.
pub(super) fn base64_bytes(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_little_endian() {
        assert_eq!(base64(&[1.0]), "AACAPw==");
    }
}
