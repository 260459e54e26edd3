//! Sets of image files, in folders or in a zip archive: a class a folder.

use super::archive::Archive;
use super::format::{Format, Reader};
use super::gather::Images;
use super::labels::Labels;
use super::picture::{ENDINGS, ending, is_picture};
use super::source::{Source, refuse_a_pipe};
use crate::data::reading::{ReadOptions, Reading};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) const FORMAT: Format = Format {
    name: "a folder or zip archive of PNG, JPEG, WebP or BMP images",
    files: "PNG (8 or 16 bits), JPEG, WebP or BMP in a folder or zip archive",
    labels: "a class for each folder",
    parts: "a folder in the archive",
    detect: |source| Ok(source.is_folder() || source.is_zip()),
    reader: Reader::Images(read),
    read_labels: |source| Labels::of(read(source, &ReadOptions::default())?, source),
};

fn read(source: &Source, options: &ReadOptions) -> Result<Reading> {
    if source.is_folder() {
        return read_folder(source.file(), options);
    }
    read_archive(&mut Archive::open(source.file())?, source.part(), options)
}

/// Bytes of the file of an image in an archive, at most: more are unpacked from few bytes of zeros.
const LARGEST: u64 = 1 << 28;
/// Folders within folders, at most.
const DEPTH: usize = 16;

/// Images of a folder and of all folders in it, in the order of their paths. Each folder that holds
/// images is a class, numbered in the order of their paths; where there is only one, there are no
/// labels. Files of other kinds are left out with a word, hidden ones without.
///
/// # Errors
/// When there are no images, or some of them are damaged.
fn read_folder(path: &Path, options: &ReadOptions) -> Result<Reading> {
    collect(path, files_in(path)?, options, |file: &PathBuf| {
        refuse_a_pipe(file)?;
        std::fs::read(file).map_err(|source| Error::file(file, source))
    })
}

/// Whether a folder, or one in it, has images.
///
/// # Errors
/// When it cannot be read.
pub(super) fn has_pictures(path: &Path) -> Result<bool> {
    Ok(files_in(path)?.iter().any(|(name, _)| is_picture(name)))
}

/// As [`read_folder`], of an archive or of the folder in it that `part` names.
///
/// # Errors
/// Those of [`read_folder`], and when the archive is damaged.
fn read_archive(
    archive: &mut Archive,
    part: Option<&str>,
    options: &ReadOptions,
) -> Result<Reading> {
    let within = part.map(|part| format!("{}/", part.trim_matches('/')));
    let wanted = |name: &str| {
        let hidden = name
            .split('/')
            .any(|part| part.starts_with('.') || part == "__MACOSX");
        !hidden
            && within
                .as_ref()
                .is_none_or(|within| name.starts_with(within))
    };
    let files: Vec<_> = archive
        .files()
        .into_iter()
        .filter(|(name, _)| wanted(name))
        .collect();
    let path = archive.path().to_owned();
    collect(&path, files, options, |&entry: &usize| {
        archive.bytes_at_most(entry, LARGEST)
    })
}

/// By the parts of a path, so that a folder stays together: `a/b` before `a-b`.
fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    a.split('/').cmp(b.split('/'))
}

/// The files of a folder and of all folders in it that are not hidden, with their paths in it.
pub(in crate::data) fn files_in(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    walk(folder, "", &mut Vec::new(), &mut files)?;
    Ok(files)
}

/// Adds the files in `folder`, which is called `name` and lies in the folders `above`.
fn walk(
    folder: &Path,
    name: &str,
    above: &mut Vec<PathBuf>,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<()> {
    let cannot = |source| Error::file(folder, source);
    let place = folder.canonicalize().map_err(cannot)?;
    if above.contains(&place) {
        return Err(Error::input(format!(
            "{} is a link to a folder that it lies in: remove it, or give a folder without it",
            folder.display()
        )));
    }
    if above.len() > DEPTH {
        return Err(Error::input(format!(
            "{} lies more than {DEPTH} folders deep",
            folder.display()
        )));
    }
    above.push(place);
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let file = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if file.starts_with('.') {
            continue;
        }
        let inner = if name.is_empty() {
            file
        } else {
            format!("{name}/{file}")
        };
        if path.is_dir() {
            walk(&path, &inner, above, files)?;
        } else {
            files.push((inner, path));
        }
    }
    above.pop();
    Ok(())
}

/// Endings of other data, which are given one by one.
const TABLES: [&str; 8] = ["csv", "tsv", "npy", "npz", "parquet", "h5", "h5ad", "mat"];

/// Reads, decodes and adjusts the images among `files`; `source` is what they are in.
fn collect<F: Sync>(
    source: &Path,
    files: Vec<(String, F)>,
    options: &ReadOptions,
    mut read: impl FnMut(&F) -> Result<Vec<u8>>,
) -> Result<Reading> {
    let (mut files, others): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(name, _)| is_picture(name));
    let left_out = left_out(&others);
    if files.is_empty() {
        return Err(Error::input(format!(
            "{} holds no images that can be read: .png, .jpg, .webp or .bmp files are needed{}{}",
            source.display(),
            left_out.map_or(String::new(), |what| format!(", and there are only {what}")),
            match others
                .iter()
                .find(|(name, _)| TABLES.contains(&&*ending(name)))
            {
                Some((name, _)) if source.is_dir() => format!(
                    ": give one of them, such as --data {}",
                    source.join(name).display()
                ),
                Some((name, _)) =>
                    format!(": unpack it, and give a file in it, such as --data {name}"),
                None => String::new(),
            }
        )));
    }
    files.sort_by(|(a, _), (b, _)| compare(a, b));
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let (labels, classes) = classify(&names).unzip();
    let kept = options.range(files.len());
    let name = |(name, _): &(String, F)| name.clone();
    let read = |(_, file): &(String, F)| Ok(read(file)?.into());
    let images = Images {
        source,
        files: &files[kept.clone()],
        most: usize::MAX,
    };
    let (set, _) = images.gather(options, name, read)?;
    let mut reading = set.finish(labels.map(|labels: Vec<u32>| labels[kept].to_vec()), None);
    reading
        .notes
        .extend(left_out.map(|what| note(source, &what)));
    Ok(Reading { classes, ..reading })
}

/// What is said of files that are no images.
pub(super) fn note(source: &Path, what: &str) -> String {
    let read = ENDINGS.map(|ending| format!(".{ending}")).join(", ");
    format!(
        "Left out of {}: {what}; images are {read}",
        source.display()
    )
}

/// The numbers of files that are no images, by their endings: `2 .tif, 1 .txt`.
fn left_out<F>(others: &[(String, F)]) -> Option<String> {
    let mut counts = BTreeMap::<String, usize>::new();
    for (name, _) in others {
        *counts.entry(ending(name)).or_default() += 1;
    }
    counted(counts)
}

/// The same of numbers that have been counted.
pub(super) fn counted(counts: BTreeMap<String, usize>) -> Option<String> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown = counts.iter().map(|(ending, count)| match ending.as_str() {
        "" => format!("{count} without an ending"),
        ending => format!("{count} .{ending}"),
    });
    let shown: Vec<String> = shown.collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// The class of each file and the names of the classes, without the folders that all have in
/// common; `None` where there is one class only.
fn classify(names: &[&str]) -> Option<(Vec<u32>, Vec<String>)> {
    let folder = |name: &str| {
        name.rsplit_once('/')
            .map_or(String::new(), |(folder, _)| folder.to_owned())
    };
    let mut classes: Vec<String> = names.iter().map(|name| folder(name)).collect();
    classes.sort_by(|a, b| compare(a, b));
    classes.dedup();
    if classes.len() < 2 {
        return None;
    }
    let class = |name: &str| {
        classes
            .binary_search_by(|class| compare(class, &folder(name)))
            .expect("one of these folders")
    };
    let labels = names.iter().map(|name| class(name) as u32).collect();
    let parts: Vec<Vec<&str>> = classes
        .iter()
        .map(|class| class.split('/').collect())
        .collect();
    let common = (0..)
        .take_while(|&at| {
            parts
                .iter()
                .all(|part| part.len() > at + 1 && part[at] == parts[0][at])
        })
        .count();
    Some((
        labels,
        parts.iter().map(|part| part[common..].join("/")).collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_folders_in_the_order_of_their_paths() {
        let (labels, classes) = classify(&[
            "set/a/one/1.png",
            "set/a/one/2.png",
            "set/a/two/1.png",
            "set/a-b/1.png",
        ])
        .unwrap();
        assert_eq!(labels, [0, 0, 1, 2]);
        assert_eq!(classes, ["a/one", "a/two", "a-b"]);
        assert!(classify(&["1.png", "2.png"]).is_none());
        let (labels, classes) = classify(&["1.png", "cat/2.png"]).unwrap();
        assert_eq!(
            (labels, classes),
            (vec![0, 1], vec![String::new(), "cat".to_owned()])
        );
    }
}
