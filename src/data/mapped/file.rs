//! A file that is mapped into memory.

use crate::error::{Error, Result};
use memmap2::Mmap;
use std::fs::{File, Metadata};
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A mapped file, as its bytes.
pub(in crate::data) struct MappedFile {
    map: Mmap,
    path: PathBuf,
    state: State,
}

/// What tells a file from another that takes its place, and from itself after a write.
struct State {
    /// Its device and its number there, where the system has them.
    identity: (u64, u64),
    length: u64,
    /// `None` where the system does not keep it.
    modified: Option<SystemTime>,
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        Self {
            identity: identity(metadata),
            length: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }

    fn is_of_a_write_to(&self, before: &Self) -> bool {
        self.identity == before.identity
            && (self.length, self.modified) != (before.length, before.modified)
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

impl MappedFile {
    /// Maps the file at `path`.
    ///
    /// # Errors
    /// When it cannot be opened or mapped.
    pub(in crate::data) fn open(path: &Path) -> Result<Self> {
        let refused = |error| Error::file(path, error);
        let file = File::open(path).map_err(refused)?;
        let metadata = file.metadata().map_err(refused)?;
        Ok(Self {
            // SAFETY: the mapping is only read. Another program that shortens the file meanwhile ends
            // this one, as it would end any program that maps files: on Linux the binary says so in a
            // sentence (`src/cli/cut_short.rs`).
            map: unsafe { Mmap::map(&file) }.map_err(refused)?,
            path: path.to_owned(),
            state: State::of(&metadata),
        })
    }

    pub(in crate::data) fn path(&self) -> &Path {
        &self.path
    }

    /// # Errors
    /// When the file has been written to, or its date changed, since it was opened. One that has taken its
    /// place, which is not told from a write but on Unix, or its removal leaves what is mapped as it was.
    pub(in crate::data) fn unchanged(&self) -> Result<()> {
        match self.path.metadata() {
            Ok(now) if State::of(&now).is_of_a_write_to(&self.state) => {
                Err(Error::changed(self.path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Tells the system that reads do not follow from each other, so that it reads no more than it is
    /// asked for. That is but advice: where it cannot be had, reading is slower.
    pub(in crate::data) fn expect_any_order(&self) {
        #[cfg(unix)]
        let _ = self.map.advise(memmap2::Advice::Random);
    }

    /// Tells the system that these bytes are read soon, which is advice, too.
    pub(in crate::data) fn expect(&self, bytes: Range<usize>) {
        #[cfg(unix)]
        let _ = self
            .map
            .advise_range(memmap2::Advice::WillNeed, bytes.start, bytes.len());
        #[cfg(not(unix))]
        let _ = bytes;
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    #[test]
    fn a_write_is_noticed_and_another_file_in_its_place_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mapped = || {
            fs::write(&path, [1, 2, 3]).unwrap();
            MappedFile::open(&path).unwrap()
        };
        let file = mapped();
        file.unchanged().unwrap();
        let mut appended = fs::OpenOptions::new().append(true).open(&path).unwrap();
        appended.write_all(&[4]).unwrap();
        let refused = file.unchanged().unwrap_err().to_string();
        assert!(refused.contains("has changed"), "{refused}");

        // Of the same length.
        let file = mapped();
        let written = fs::File::options().write(true).open(&path).unwrap();
        written.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        file.unchanged().unwrap_err();

        #[cfg(unix)]
        {
            let file = mapped();
            fs::write(folder.path().join("y"), [7; 9]).unwrap();
            fs::rename(folder.path().join("y"), &path).unwrap();
            file.unchanged().unwrap();
            fs::remove_file(&path).unwrap();
            file.unchanged().unwrap();
            assert_eq!(file[..], [1, 2, 3]);
        }
    }
}
