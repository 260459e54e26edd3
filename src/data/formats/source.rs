//! What data are read from: a file with its content, or a folder.

use crate::data::COLUMN_NOTES;
use crate::error::{Error, Result};
use std::cell::OnceCell;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A file or folder, or a part of one.
#[derive(Debug)]
pub(in crate::data) struct Source {
    file: PathBuf,
    part: Option<String>,
    /// The file's name in small letters, without `.gz`.
    name: String,
    /// The first [`FIRST`] bytes of a file; `None` for a folder.
    first: Option<Vec<u8>>,
    bytes: OnceCell<Vec<u8>>,
}

impl Source {
    /// Looks at what is at `path`, FILE or FILE:PART.
    ///
    /// # Errors
    /// When there is nothing, or it cannot be read.
    pub(in crate::data) fn open(path: &Path) -> Result<Self> {
        let (file, part) = split_part(path);
        let mut first = None;
        if !file.is_dir() {
            let open = std::fs::File::open(&file).and_then(|file| {
                let mut bytes = Vec::new();
                file.take(FIRST).read_to_end(&mut bytes)?;
                Ok(bytes)
            });
            first = Some(open.map_err(|source| Error::file(&file, source))?);
        }
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name).to_owned();
        Ok(Self {
            file,
            part,
            name,
            first,
            bytes: OnceCell::new(),
        })
    }

    /// The file or folder.
    pub(in crate::data) fn file(&self) -> &Path {
        &self.file
    }

    /// The part of it that is wanted, where one is.
    pub(super) fn part(&self) -> Option<&str> {
        self.part.as_deref()
    }

    /// The file's name in small letters, without `.gz`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a folder.
    pub(super) fn is_folder(&self) -> bool {
        self.first.is_none()
    }

    /// Whether it is a zip archive.
    pub(in crate::data) fn is_zip(&self) -> bool {
        let starts = |magic: &[u8]| self.first.as_ref().is_some_and(|f| f.starts_with(magic));
        starts(b"PK\x03\x04") || starts(b"PK\x05\x06")
    }

    /// Bytes of the file, packed where it is.
    #[cfg(feature = "hdf5")]
    pub(super) fn length(&self) -> std::io::Result<u64> {
        Ok(std::fs::metadata(&self.file)?.len())
    }

    /// Whether it is a gzipped file.
    #[cfg(any(feature = "hdf5", feature = "parquet"))]
    pub(super) fn is_gzip(&self) -> bool {
        self.first
            .as_ref()
            .is_some_and(|first| first.starts_with(GZIP))
    }

    /// Whether it is a file that is taken whole: neither a folder nor a zip archive.
    pub(super) fn is_plain(&self) -> bool {
        !self.is_folder() && !self.is_zip()
    }

    /// Whether it is a file whose content, unpacked where it is gzip, begins with `magic`.
    ///
    /// # Errors
    /// When the file cannot be read, or its gzip is damaged.
    pub(super) fn begins_with(&self, magic: &[u8]) -> Result<bool> {
        match self.first.as_deref() {
            Some(first) if first.starts_with(GZIP) || magic.len() > first.len() => {
                Ok(self.bytes()?.starts_with(magic))
            }
            Some(first) => Ok(first.starts_with(magic)),
            None => Ok(false),
        }
    }

    /// The whole file, unpacked where it is gzip by its first bytes; nothing for a folder and a zip
    /// archive.
    ///
    /// # Errors
    /// When the file cannot be read, or its gzip is damaged.
    pub(super) fn bytes(&self) -> Result<&[u8]> {
        if !self.is_plain() {
            return Ok(&[]);
        }
        if let Some(bytes) = self.bytes.get() {
            return Ok(bytes);
        }
        let bytes = read_bytes(&self.file)?;
        Ok(self.bytes.get_or_init(|| bytes))
    }

    /// Says what is done with the file, in a sentence that goes on with `what` behind its name.
    pub(super) fn note(&self, what: &str) {
        log::info!("{} {what}", self.file.display());
    }

    /// Says which columns are taken: once, before a model is trained on them.
    pub(super) fn note_columns(&self, what: &str) {
        log::info!(target: COLUMN_NOTES, "{} {what}", self.file.display());
    }

    /// The error of a sentence that goes on with `what` behind the file's name.
    pub(in crate::data) fn error(&self, what: String) -> Error {
        Error::input(format!("{} {what}", self.file.display()))
    }
}

/// Bytes that tell most formats.
const FIRST: u64 = 8;
/// What a gzipped file begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// The whole file, unpacked where it is gzip by its first bytes.
///
/// # Errors
/// When it cannot be read, or its gzip is damaged.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let raw = std::fs::read(path).map_err(|source| Error::file(path, source))?;
    if !raw.starts_with(GZIP) {
        return Ok(raw);
    }
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(&raw[..])
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Error::input(format!(
                "{} is damaged or cut short: gzip says {error}",
                path.display()
            ))
        })?;
    Ok(bytes)
}

/// FILE:PART in its two halves, where there is no file of the whole name and one of the first half.
pub fn split_part(path: &Path) -> (PathBuf, Option<String>) {
    let halves = path.to_str().and_then(|text| text.rsplit_once(':'));
    match halves {
        Some((file, part)) if !part.is_empty() && !path.exists() && Path::new(file).exists() => {
            (file.into(), Some(part.to_owned()))
        }
        _ => (path.to_owned(), None),
    }
}
