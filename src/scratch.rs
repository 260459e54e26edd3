//! Working copies of data: in memory, or where the data lie in files since they may be more than it
//! holds, in a file without a name.

use crate::error::{Error, Result};
use fs4::fs_std::FileExt;
use memmap2::MmapMut;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::ops::{Deref, DerefMut, Range};

/// f32 values in memory or on disk.
#[derive(Debug)]
pub struct Scratch(Place);

#[derive(Debug)]
enum Place {
    Memory(Vec<f32>),
    Disk(MmapMut),
}

impl Scratch {
    /// `len` zeros. Those on disk take room in the folder for temporary files until they are dropped or
    /// the process ends, in whatever way; the system keeps as many of them in memory as it has room for.
    ///
    /// # Errors
    /// When they cannot be had on disk.
    pub fn zeroed(len: usize, on_disk: bool) -> Result<Self> {
        if !on_disk || len == 0 {
            return Ok(vec![0.0; len].into());
        }
        let bytes = len * size_of::<f32>();
        let refused = |error| {
            Error::input(format!(
                "a working copy of the data takes {:.1} GiB in {}, which cannot be had: {error}: make room there, or name another folder for \
                 temporary files by the environment variable TMPDIR",
                bytes as f64 / f64::from(1 << 30),
                std::env::temp_dir().display()
            ))
        };
        map(bytes as u64)
            .map(|map| Self(Place::Disk(map)))
            .map_err(refused)
    }

    /// Tells the system that what is read next on disk does not follow from what was read last, so that it
    /// reads no more than it is asked for. That is but advice: where it cannot be had, reading is slower.
    pub fn expect_any_order(&self) {
        #[cfg(unix)]
        if let Place::Disk(map) = &self.0 {
            let _ = map.advise(memmap2::Advice::Random);
        }
    }

    /// Tells the system that the values of `range` on disk are needed soon, so that it reads them at once.
    /// That is but advice, too.
    pub fn expect(&self, range: Range<usize>) {
        #[cfg(unix)]
        if let Place::Disk(map) = &self.0 {
            let size = size_of::<f32>();
            let (start, length) = (range.start * size, range.len() * size);
            let _ = map.advise_range(memmap2::Advice::WillNeed, start, length);
        }
        #[cfg(not(unix))]
        let _ = range;
    }

    /// Whether they are on disk.
    pub fn is_on_disk(&self) -> bool {
        matches!(self.0, Place::Disk(_))
    }
}

/// Zeros of a new file without a name.
fn map(bytes: u64) -> io::Result<MmapMut> {
    let file = tempfile::tempfile()?;
    take_room(&file, bytes)?;
    // SAFETY: the file has no name and no other handle, so that nobody else can write to it or
    // shorten it.
    unsafe { MmapMut::map_mut(&file) }
}

/// Takes all the room on disk at once: where a page found none later, the system would end the program
/// by a signal.
fn take_room(file: &File, bytes: u64) -> io::Result<()> {
    match file.allocate(bytes) {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            io::copy(&mut io::repeat(0).take(bytes), &mut &*file).map(|_| ())
        }
        done => done,
    }
}

impl From<Vec<f32>> for Scratch {
    fn from(values: Vec<f32>) -> Self {
        Self(Place::Memory(values))
    }
}

impl Deref for Scratch {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Place::Memory(values) => values,
            Place::Disk(map) => bytemuck::cast_slice(map),
        }
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        match &mut self.0 {
            Place::Memory(values) => values,
            Place::Disk(map) => bytemuck::cast_slice_mut(map),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_on_disk_are_as_in_memory() {
        for on_disk in [false, true] {
            let mut values = Scratch::zeroed(5000, on_disk).unwrap();
            assert_eq!(values.is_on_disk(), on_disk);
            assert_eq!(*values, [0.0; 5000]);
            values[4999] = 2.5;
            assert_eq!(values[4998..], [0.0, 2.5]);
        }
        assert!(Scratch::zeroed(0, true).unwrap().is_empty());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn more_than_the_disk_holds_is_a_sentence() {
        let message = Scratch::zeroed(1 << 50, true).unwrap_err().to_string();
        assert!(
            message.starts_with("a working copy of the data takes 4194304.0 GiB in ")
                && message.contains("TMPDIR"),
            "{message}"
        );
    }
}
