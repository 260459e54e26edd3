//! Files that are written atomically.

use crate::error::{Error, Result};
use fs4::fs_std::FileExt;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// What the names of files that are being written begin with.
pub(super) const TEMPORARY: &str = ".nrae-";

/// Writes `path` through `content`: into a temporary file beside it, which takes its place once
/// everything is on disk. The folder is made where it is missing. A reader never sees half a file, and an interrupted write leaves the old
/// one as it was.
///
/// # Errors
/// When the folder cannot be made or written to, or the disk is full.
pub fn write_atomically(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let write = || {
        create_all(folder)?;
        // The error of this names a file that nobody has asked for.
        let mut file = temporary_in(folder, path.file_name().unwrap_or_default())
            .map_err(|error| std::io::Error::from(error.kind()))?;
        let mut buffered = BufWriter::new(file.as_file_mut());
        content(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        file.as_file().sync_data()?;
        file.persist(path)?;
        sync_folder(folder)
    };
    write().map_err(|source| Error::file(path, source))
}

/// A new file `.nrae-NAME` in `folder`, locked, in the place of one that a killed process has left. It
/// has a random name where another process is writing its own.
fn temporary_in(folder: &Path, name: &OsStr) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // Temporary files are private by default; this one becomes an ordinary file, as far as the
    // umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let fixed = || {
        // Whose a name is can be told on Unix alone; elsewhere all names are random.
        if !cfg!(unix) {
            return Err(ErrorKind::Unsupported.into());
        }
        builder
            .clone()
            .rand_bytes(0)
            .suffix(name)
            .tempfile_in(folder)
    };
    let file = match fixed() {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let mut left = OsString::from(TEMPORARY);
            left.push(name);
            // Where that cannot be, ours has another name.
            let _ = remove_leftover(&folder.join(left));
            fixed()
        }
        outcome => outcome,
    };
    if let Ok(file) = file {
        if is_ours(&file) {
            return Ok(file);
        }
        // Whoever has taken its name removes it.
        let _ = file.keep();
    }
    let file = builder.tempfile_in(folder)?;
    // Nobody takes a file of this name for one that was left.
    let _ = file.as_file().try_lock_exclusive();
    Ok(file)
}

/// Locks a new file, and tells whether its name is still its own: until it is locked, another process may
/// take it for one that was left, and put its own in its place. Where locks are not to be had, none does.
fn is_ours(file: &NamedTempFile) -> bool {
    match file.as_file().try_lock_exclusive() {
        Ok(locked) => locked && is_at(file.as_file(), file.path()),
        Err(_) => true,
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), path.metadata()) {
        (Ok(file), Ok(found)) => file.ino() == found.ino(),
        (_, Err(error)) if error.kind() == ErrorKind::NotFound => false,
        // What cannot be told is taken for what is usual.
        _ => true,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    false
}

/// Removes a temporary file, unless its writer is alive and holds its lock.
fn remove_leftover(path: &Path) -> std::io::Result<()> {
    let file = File::open(path)?;
    // Under that lock nobody else takes the name away.
    if file.try_lock_exclusive()? && is_at(&file, path) {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Makes a folder with everything above it.
///
/// # Errors
/// When the operating system refuses.
pub fn create_folder(path: &Path) -> Result<()> {
    create_all(path).map_err(|source| Error::file(path, source))
}

/// Makes a folder with everything above it; the names of those that are new are on disk then.
fn create_all(path: &Path) -> std::io::Result<()> {
    let missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let fresh: Vec<&Path> = path.ancestors().take_while(missing).collect();
    std::fs::create_dir_all(path)?;
    fresh
        .into_iter()
        .rev()
        .try_for_each(|folder| match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
            _ => sync_folder(Path::new(".")),
        })
}

/// Waits until the names in `folder` are on disk: only then is a renamed file there after a loss of
/// power.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    use ErrorKind::{InvalidInput, Unsupported};
    match File::open(folder)?.sync_all() {
        // Some file systems cannot, and need not.
        Err(error) if matches!(error.kind(), InvalidInput | Unsupported) => Ok(()),
        outcome => outcome,
    }
}

/// Elsewhere folders cannot be waited for.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_has_left_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        std::fs::write(folder.path().join(".nrae-x.npy"), "half").unwrap();
        write_atomically(&path, |file| file.write_all(b"whole")).unwrap();
        // While another process is writing, its file stays and ours has another name.
        let theirs = temporary_in(folder.path(), OsStr::new("x.npy")).unwrap();
        write_atomically(&path, |file| file.write_all(b"ours")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"ours");
        assert!(theirs.path().exists());
        drop(theirs);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn a_name_that_another_process_has_taken_is_left_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = tempfile::Builder::new().tempfile_in(&folder).unwrap();
        assert!(is_ours(&file));
        let file = tempfile::Builder::new().tempfile_in(&folder).unwrap();
        let path = file.path().to_owned();
        std::fs::remove_file(&path).unwrap();
        assert!(!is_ours(&file));
        std::fs::write(&path, "theirs").unwrap();
        assert!(!is_ours(&file));
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.txt");
        write_atomically(&path, |file| file.write_all(b"old")).unwrap();
        let failed = write_atomically(&path, |file| {
            file.write_all(b"ne")?;
            Err(std::io::Error::other("the disk is full"))
        });
        assert!(
            failed
                .unwrap_err()
                .to_string()
                .ends_with("metrics.txt: the disk is full")
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
