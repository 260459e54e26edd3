//! What is at a path of data, as a sum: whether it is still what it was.

use super::catalogue::find_data;
use super::formats::{files_in, matching, split_part};
use super::published::Published;
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// SHA-256, in hexadecimal digits, of the data at `path`, as [`find_data`] finds them: of a file, whole
/// also where a part of it is meant; or of the names and sums of all files in a folder and its folders,
/// or of those that a pattern names.
///
/// # Errors
/// When nothing is there, or it cannot be read.
fn content_sha256(path: &Path) -> Result<String> {
    let (top, _) = split_part(&find_data(path)?);
    if top.is_file() {
        return sum(&top);
    }
    // Not by their folder, which may have been moved.
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default();
        (name.display().to_string(), path)
    };
    let mut files: Vec<_> = match matching(&top) {
        Some(files) => files.into_iter().map(named).collect(),
        None => files_in(&top)?,
    };
    // Pipes are waited for without end.
    files.retain(|(_, path)| path.is_file());
    files.sort();
    let mut all = Sha256::new();
    for (name, path) in &files {
        all.update(name);
        all.update(sum(path)?);
    }
    Ok(hexadecimal(all.finalize()))
}

/// The same of data as settings name them; `None` for a published set, which never changes, and where
/// there is nothing to read.
pub(crate) fn named_content_sha256(name: &str) -> Option<String> {
    match Published::named(Path::new(name)) {
        Some(_) => None,
        None => content_sha256(Path::new(name)).ok(),
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: impl AsRef<[u8]>) -> String {
    let digits = bytes.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// The digest of all that `reader` gives, in hexadecimal digits.
pub(super) fn digest<D: Digest>(mut reader: impl Read) -> std::io::Result<String> {
    let mut digest = D::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(hexadecimal(digest.finalize())),
            count => digest.update(&buffer[..count]),
        }
    }
}

fn sum(path: &Path) -> Result<String> {
    let sum = File::open(path).and_then(digest::<Sha256>);
    sum.map_err(|source| Error::file(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_follows_content_and_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("images/a")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(at(name), text).unwrap();
        write("one.csv", "abc");
        let sum = |name: &str| content_sha256(&at(name)).unwrap();
        // As the standard's first example has it.
        assert_eq!(
            sum("one.csv"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(sum("one.csv:part"), sum("one.csv"));

        write("images/a/1.png", "x");
        let (whole, some) = (sum("images"), sum("images/a/*.png"));
        assert_eq!(
            [sum("images"), sum("images/a/*.png")],
            [whole.clone(), some.clone()]
        );
        write("images/a/1.png", "y");
        assert_ne!(sum("images"), whole);
        assert_ne!(sum("images/a/*.png"), some);
        write("images/a/1.png", "x");
        assert_eq!(sum("images"), whole);
        std::fs::rename(at("images/a/1.png"), at("images/a/2.png")).unwrap();
        assert_ne!(sum("images"), whole);
        assert!(content_sha256(&at("two.csv")).is_err());
    }
}
