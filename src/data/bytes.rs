//! Bytes in memory or in a file that is mapped into it.

use memmap2::Mmap;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Bytes that can be shared and cut without a copy where they lie in a file.
#[derive(Clone)]
pub struct Bytes(Place);

#[derive(Clone)]
enum Place {
    Owned(Vec<u8>),
    Mapped {
        file: Arc<Mmap>,
        range: Range<usize>,
    },
}

impl Bytes {
    /// The bytes of a mapped file in `range`.
    ///
    /// # Panics
    /// When the file is shorter.
    pub(super) fn mapped(file: Arc<Mmap>, range: Range<usize>) -> Self {
        assert!(
            range.end <= file.len(),
            "the range must lie within the file"
        );
        Self(Place::Mapped { file, range })
    }

    /// Whether they lie in a file: then they are not meant to be copied as a whole.
    pub fn is_mapped(&self) -> bool {
        matches!(self.0, Place::Mapped { .. })
    }

    /// A stretch of the bytes: without a copy where they lie in a file.
    pub fn slice(&self, within: Range<usize>) -> Self {
        match &self.0 {
            Place::Owned(bytes) => Self(Place::Owned(bytes[within].to_vec())),
            Place::Mapped { file, range } => {
                assert!(
                    range.start + within.end <= range.end,
                    "the stretch must lie within the bytes"
                );
                Self(Place::Mapped {
                    file: file.clone(),
                    range: range.start + within.start..range.start + within.end,
                })
            }
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Owned(bytes) => bytes,
            Place::Mapped { file, range } => &file[range.clone()],
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Place::Owned(bytes))
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        match bytes.0 {
            Place::Owned(bytes) => bytes,
            Place::Mapped { .. } => bytes.to_vec(),
        }
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} bytes{}",
            self.len(),
            if self.is_mapped() { ", mapped" } else { "" }
        )
    }
}
