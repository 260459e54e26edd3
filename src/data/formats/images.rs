//! Sets of PNG and JPEG files, in folders or in a zip archive: a class a folder.

use super::archive::Archive;
use super::format::{Format, Reader};
use super::labels::Labels;
use super::picture::{Image, decode, is_picture};
use super::source::Source;
use crate::data::Dataset;
use crate::data::array::Values;
use crate::data::reading::{ReadOptions, Reading};
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

pub(super) const FORMAT: Format = Format {
    name: "a folder or zip archive of PNG or JPEG images",
    files: "PNG or JPEG in a folder or zip archive",
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

/// Files that are read before they are decoded on all threads.
const BLOCK: usize = 512;
/// Folders within folders, at most: a link to a folder above itself would have no end.
const DEPTH: usize = 16;

/// Images of a folder and of all folders in it, in the order of their paths. Each folder that holds
/// images is a class, numbered in the order of their paths; where there is only one, there are no
/// labels. Files of other kinds and hidden ones are passed over.
///
/// # Errors When there are no images, one of them is damaged, or their sizes differ.
fn read_folder(path: &Path, options: &ReadOptions) -> Result<Reading> {
    let mut files = Vec::new();
    walk(path, "", 0, &mut files)?;
    files.sort_by(|(a, _), (b, _)| compare(a, b));
    collect(path, files, options, |file: &PathBuf| {
        std::fs::read(file).map_err(|source| Error::file(file, source))
    })
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
            && is_picture(name)
            && within
                .as_ref()
                .is_none_or(|within| name.starts_with(within))
    };
    let mut files: Vec<_> = archive
        .files()
        .into_iter()
        .filter(|(name, _)| wanted(name))
        .collect();
    files.sort_by(|(a, _), (b, _)| compare(a, b));
    let path = archive.path().to_owned();
    collect(&path, files, options, |&entry: &usize| archive.bytes(entry))
}

/// By the parts of a path, so that a folder stays together: `a/b` before `a-b`.
fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    a.split('/').cmp(b.split('/'))
}

fn walk(folder: &Path, name: &str, depth: usize, files: &mut Vec<(String, PathBuf)>) -> Result<()> {
    if depth > DEPTH {
        return Err(Error::input(format!(
            "{} lies more than {DEPTH} folders deep: is there a link to a folder above it?",
            folder.display()
        )));
    }
    let cannot = |source| Error::file(folder, source);
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
            walk(&path, &inner, depth + 1, files)?;
        } else if is_picture(&inner) {
            files.push((inner, path));
        }
    }
    Ok(())
}

/// Reads, decodes and adjusts `files`, which are sorted; `source` is what they are in.
fn collect<F: Sync>(
    source: &Path,
    files: Vec<(String, F)>,
    options: &ReadOptions,
    mut read: impl FnMut(&F) -> Result<Vec<u8>>,
) -> Result<Reading> {
    if files.is_empty() {
        return Err(Error::input(format!(
            "{} holds no images: .png, .jpg or .jpeg files are needed",
            source.display()
        )));
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let (labels, classes) = classify(&names).unzip();
    let mut set = Set::default();
    let kept = options.range(files.len());
    for block in files[kept.clone()].chunks(BLOCK) {
        let mut packed = Vec::with_capacity(block.len());
        for (name, file) in block {
            packed.push((name, read(file)?));
        }
        let images: Vec<Result<Image>> = packed
            .into_par_iter()
            .map(|(name, bytes)| {
                let image = decode(&bytes).and_then(|image| {
                    let (pixels, shape) = options.adjustments.image(image.pixels, image.shape)?;
                    Ok(Image { pixels, shape })
                });
                image.map_err(|what| {
                    Error::input(format!("{}: {name} in it {what}", source.display()))
                })
            })
            .collect();
        for ((name, _), image) in block.iter().zip(images) {
            set.push(image?, name, source)?;
        }
    }
    let data = Dataset {
        samples: kept.len(),
        shape: set.shape.to_vec(),
        values: Values::Bytes(set.pixels.into()),
        labels: labels.map(|labels: Vec<u32>| labels[kept].to_vec()),
        parameter: None,
    };
    Ok(Reading { data, classes })
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

/// Images so far, all of one shape.
#[derive(Default)]
struct Set {
    shape: [usize; 3],
    pixels: Vec<u8>,
}

impl Set {
    fn push(&mut self, image: Image, name: &str, source: &Path) -> Result<()> {
        let Image { mut pixels, shape } = image;
        if self.pixels.is_empty() {
            self.shape = shape;
        }
        if shape[1..] != self.shape[1..] {
            return Err(Error::input(format!(
                "{}: {name} in it has {} x {} pixels, the images before it {} x {}: bring all to one size with \
                 `nrae data prepare {0} --size N --out FILE.npy`",
                source.display(),
                shape[1],
                shape[2],
                self.shape[1],
                self.shape[2]
            )));
        }
        // Grey images among coloured ones become coloured.
        let area = shape[1] * shape[2];
        if shape[0] > self.shape[0] {
            self.pixels = self
                .pixels
                .chunks_exact(area)
                .flat_map(|plane| [plane; 3].concat())
                .collect();
            self.shape = shape;
        } else if shape[0] < self.shape[0] {
            pixels = [pixels.as_slice(); 3].concat();
        }
        self.pixels.extend(pixels);
        Ok(())
    }
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
