//! Zip archives, of arrays or of images.

use crate::error::{Error, Result};
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// An archive that has been opened; its content is read when it is asked for.
pub(super) struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    /// Bytes of the file.
    length: u64,
    /// Entries that have been unpacked.
    unpacked: HashSet<usize>,
    /// Bytes that they take in the file.
    packed: u64,
}

impl Archive {
    /// Opens an archive and reads its table of contents.
    ///
    /// # Errors
    /// When the file cannot be read or is no whole archive.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let cannot = |source| Error::file(path, source);
        let file = File::open(path).map_err(cannot)?;
        let length = file.metadata().map_err(cannot)?.len();
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| {
            Error::input(format!(
                "{} is damaged or cut short: zip says {error}",
                path.display()
            ))
        })?;
        Ok(Self {
            path: path.to_owned(),
            zip,
            length,
            unpacked: HashSet::new(),
            packed: 0,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The error of a sentence that goes on with `what` behind the archive's name.
    pub(super) fn sentence(&self, what: &str) -> Error {
        Error::input(format!("{} {what}", self.path.display()))
    }

    /// Names and entries of the files inside, in the order of the archive.
    pub(super) fn files(&self) -> Vec<(String, usize)> {
        let named = (0..self.zip.len())
            .filter_map(|entry| Some((self.zip.name_for_index(entry)?.to_owned(), entry)));
        named.filter(|(name, _)| !name.ends_with('/')).collect()
    }

    /// Names, without `.npy`, and entries of the arrays inside.
    pub(super) fn arrays(&self) -> Vec<(String, usize)> {
        self.files()
            .into_iter()
            .filter_map(|(name, entry)| Some((name.strip_suffix(".npy")?.to_owned(), entry)))
            .collect()
    }

    /// An entry, unpacked.
    ///
    /// # Errors
    /// When it is damaged, encrypted, or packed in a way that is not supported (only deflate is), and when
    /// entries lie in one another: of such a file, few bytes are unpacked again and again.
    pub(super) fn bytes(&mut self, entry: usize) -> Result<Vec<u8>> {
        self.bytes_at_most(entry, u64::MAX)
    }

    /// An entry that unpacks to so many bytes `at_most`.
    ///
    /// # Errors
    /// Those of [`Archive::bytes`], and when it unpacks to more.
    pub(super) fn bytes_at_most(&mut self, entry: usize, at_most: u64) -> Result<Vec<u8>> {
        let name = self
            .zip
            .name_for_index(entry)
            .unwrap_or_default()
            .to_owned();
        let cannot = |error: &dyn std::fmt::Display| {
            Error::input(format!(
                "{}: {name} inside it cannot be unpacked: {error}",
                self.path.display()
            ))
        };
        let file = self.zip.by_index(entry).map_err(|error| cannot(&error))?;
        if self.unpacked.insert(entry) {
            self.packed = self.packed.saturating_add(file.compressed_size());
            if self.packed > self.length {
                return Err(cannot(&"entries of the archive lie in one another"));
            }
        }
        let mut bytes = Vec::new();
        file.take(at_most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| cannot(&error))?;
        if bytes.len() as u64 > at_most {
            return Err(cannot(&format!("it is longer than {} MiB", at_most >> 20)));
        }
        Ok(bytes)
    }
}
