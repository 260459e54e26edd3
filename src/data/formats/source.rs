//! What data are read from: a file with its content, or a folder, or the files that a pattern names.

use super::natural;
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
    kind: Kind,
    bytes: OnceCell<Vec<u8>>,
    /// The files of a folder, or of a pattern, in any order.
    files: OnceCell<Vec<PathBuf>>,
}

#[derive(Debug)]
enum Kind {
    /// A file with its first [`FIRST`] bytes.
    File(Vec<u8>),
    Folder,
    /// Files whose names fit a pattern.
    Pattern,
}

impl Source {
    /// Looks at what is at `path`: FILE, FILE:PART, or a pattern such as `folder/*.npy`.
    ///
    /// # Errors
    /// When there is nothing, or it cannot be read.
    pub(in crate::data) fn open(path: &Path) -> Result<Self> {
        let (file, part) = split_part(path);
        let mut files = OnceCell::new();
        let kind = if file.is_dir() {
            Kind::Folder
        } else if let Some(matching) = matching(&file) {
            files = matching.into();
            Kind::Pattern
        } else {
            refuse_a_pipe(&file)?;
            let open = std::fs::File::open(&file).and_then(|file| {
                let mut bytes = Vec::new();
                file.take(FIRST).read_to_end(&mut bytes)?;
                Ok(bytes)
            });
            Kind::File(open.map_err(|source| Error::file(&file, source))?)
        };
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
            kind,
            bytes: OnceCell::new(),
            files,
        })
    }

    /// The files with this ending in the folder, or that fit the pattern, in [`natural`] order: parts
    /// of one set.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(super) fn parts(&self, ending: &str) -> Result<Vec<PathBuf>> {
        if self.is_folder() && self.files.get().is_none() {
            let files = files_of(&self.file)?;
            self.files.get_or_init(|| files);
        }
        let files = self.files.get().into_iter().flatten();
        let parts = files.filter(|path| path.extension().is_some_and(|of| of == ending));
        let mut parts: Vec<_> = parts.cloned().collect();
        parts.sort_by(|a, b| natural::compare(&a.to_string_lossy(), &b.to_string_lossy()));
        Ok(parts)
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

    /// The first bytes of a file.
    pub(super) fn first(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::File(first) => Some(first),
            _ => None,
        }
    }

    /// Whether it is a folder.
    pub(super) fn is_folder(&self) -> bool {
        matches!(self.kind, Kind::Folder)
    }

    /// Whether it is a pattern of the names of files.
    pub(super) fn is_pattern(&self) -> bool {
        matches!(self.kind, Kind::Pattern)
    }

    /// Whether it is a zip archive.
    pub(in crate::data) fn is_zip(&self) -> bool {
        let starts = |magic: &[u8]| self.first().is_some_and(|first| first.starts_with(magic));
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
        self.first().is_some_and(|first| first.starts_with(GZIP))
    }

    /// Whether it is a file that is taken whole: no zip archive, and neither a folder nor a pattern.
    pub(super) fn is_plain(&self) -> bool {
        self.first().is_some() && !self.is_zip()
    }

    /// Whether it is a file whose content, unpacked where it is gzip, begins with `magic`.
    ///
    /// # Errors
    /// When the file cannot be read, or its gzip is damaged.
    pub(super) fn begins_with(&self, magic: &[u8]) -> Result<bool> {
        match self.first() {
            Some(first) if first.starts_with(GZIP) || magic.len() > first.len() => {
                Ok(self.bytes()?.starts_with(magic))
            }
            Some(first) => Ok(first.starts_with(magic)),
            None => Ok(false),
        }
    }

    /// The whole file, unpacked where it is gzip by its first bytes; nothing for a folder, a pattern and
    /// a zip archive.
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

/// Bytes that tell most formats: a header of tar is the longest.
const FIRST: u64 = 512;
/// What a gzipped file begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// # Errors
/// When what is at `path` is neither a file nor a folder. Content that can be read once only would be
/// gone once its format is known, and a pipe that nobody writes into is waited for without end.
pub(super) fn refuse_a_pipe(path: &Path) -> Result<()> {
    match path.metadata() {
        Ok(found) if !found.is_file() && !found.is_dir() => Err(Error::input(format!(
            "{} is a pipe or a device: write its content into a file first",
            path.display()
        ))),
        _ => Ok(()),
    }
}

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

/// The files that `pattern` names, where it is no file itself: `*` stands for any text, `?` for a
/// character. `None` where it has neither, or no file fits.
pub(in crate::data) fn matching(pattern: &Path) -> Option<Vec<PathBuf>> {
    let text = pattern.to_str().filter(|_| !pattern.exists())?;
    if !text.contains(['*', '?']) {
        return None;
    }
    let options = glob::MatchOptions {
        require_literal_leading_dot: true,
        ..glob::MatchOptions::default()
    };
    let paths = glob::glob_with(text, options).ok()?.filter_map(Result::ok);
    let files: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    (!files.is_empty()).then_some(files)
}

/// The files in a folder, without hidden ones.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let refused = |error| Error::file(folder, error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        // A link is what it leads to; nothing else needs to be asked for again.
        let is_file = match entry.file_type().map_err(refused)? {
            kind if kind.is_symlink() => entry.path().is_file(),
            kind => kind.is_file(),
        };
        if !hidden && is_file {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// From this size on data stay in files that are mapped into memory.
const LARGE: u64 = 256 << 20;

/// [`LARGE`], or what the environment variable `NRAE_MAP_FROM` says.
///
/// # Errors
/// When that is no number.
pub(super) fn large() -> Result<u64> {
    let Some(given) = std::env::var_os("NRAE_MAP_FROM") else {
        return Ok(LARGE);
    };
    let number = given.to_str().and_then(|given| given.parse().ok());
    number.ok_or_else(|| {
        Error::input(format!(
            "NRAE_MAP_FROM is `{}`, but it is the size in bytes from which on data stay in their files",
            given.display()
        ))
    })
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
