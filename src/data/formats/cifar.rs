//! CIFAR-10 and CIFAR-100 in their binary versions: label bytes, then 3072 bytes of an image [3,
//! 32, 32], again and again.

use super::format::{Format, Reader};
use super::labels::Labels;
use super::source::Source;
use crate::data::Dataset;
use crate::data::array::Values;
use crate::data::reading::Reading;
use crate::error::Result;
use std::io::Read;
use std::path::Path;

pub(super) const FORMAT: Format = Format {
    name: "CIFAR's .bin or .tar.gz",
    files: "CIFAR-10 and -100 binary: `.bin`, the `.tar.gz` or its folder",
    labels: "fine ones",
    parts: "`train`, `test`",
    detect: |source| {
        Ok(if source.is_folder() {
            is_folder(source.file())
        } else {
            is_tar(source.bytes()?) || (source.is_plain() && is_batch(source.name()))
        })
    },
    reader: Reader::Images(|source, options| options.apply(read(source)?, source.file())),
    read_labels: |source| Labels::of(read(source)?, source),
};

fn read(source: &Source) -> Result<Reading> {
    let reading = if source.is_folder() {
        read_folder(source.file(), source.part())
    } else if is_tar(source.bytes()?) {
        parse_tar(source.bytes()?, source.part())
    } else {
        read_batches(&[source.bytes()?])
    };
    reading.map_err(|what| source.error(what))
}

const PIXELS: usize = 3 * 32 * 32;

/// Whether a file of this name may be a batch.
fn is_batch(name: &str) -> bool {
    name.ends_with(".bin")
}

/// Whether the bytes begin as a tar archive does.
fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

/// The training set, or the test set where `part` is `test`, of the published archive.
fn parse_tar(bytes: &[u8], part: Option<&str>) -> Result<Reading, String> {
    let damaged = |error: std::io::Error| format!("is damaged or cut short: tar says {error}");
    let mut files = Vec::new();
    for entry in tar::Archive::new(bytes).entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let name = entry
            .path()
            .ok()
            .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let Some(name) = name.filter(|name| is_batch(name) || name.ends_with(".txt")) else {
            continue;
        };
        // A sparse file may claim any length: only plain ones are read.
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let mut content = Vec::new();
        entry
            .take(bytes.len() as u64)
            .read_to_end(&mut content)
            .map_err(damaged)?;
        files.push((name, content));
    }
    assemble(files, part)
}

/// Whether a folder holds an unpacked archive.
fn is_folder(path: &Path) -> bool {
    [
        "data_batch_1.bin",
        "test_batch.bin",
        "train.bin",
        "test.bin",
    ]
    .iter()
    .any(|name| path.join(name).exists())
}

/// As [`parse_tar`], of an unpacked archive.
fn read_folder(path: &Path, part: Option<&str>) -> Result<Reading, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_batch(&name) || name.ends_with(".txt") {
            files.push((name, std::fs::read(entry.path()).map_err(cannot)?));
        }
    }
    assemble(files, part)
}

fn assemble(mut files: Vec<(String, Vec<u8>)>, part: Option<&str>) -> Result<Reading, String> {
    let begins: [&str; 2] = match part {
        None | Some("train") => ["data_batch", "train."],
        Some("test") => ["test_batch", "test."],
        Some(other) => return Err(format!("has no part `{other}`: choose train or test")),
    };
    files.sort();
    let named = |name: &str| {
        files
            .iter()
            .find(|(file, _)| file == name)
            .map(|(_, content)| content.as_slice())
    };
    let batches: Vec<&[u8]> = files
        .iter()
        .filter(|(name, _)| is_batch(name) && begins.iter().any(|start| name.starts_with(start)))
        .map(|(_, content)| content.as_slice())
        .collect();
    if batches.is_empty() {
        return Err(format!(
            "holds no {}*.bin and no {}bin: take the binary version of CIFAR, unpack a .tar.gz of images to a .tar, or give .npy, .npz, images in a folder or zip",
            begins[0], begins[1]
        ));
    }
    let mut reading = read_batches(&batches)?;
    let names = named("batches.meta.txt")
        .or_else(|| named("fine_label_names.txt"))
        .map(String::from_utf8_lossy);
    reading.classes = names.map(|names| {
        names
            .lines()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    });
    Ok(reading)
}

/// Images and labels of batches, which are CIFAR-100's where their records have a coarse label before
/// the fine one; the fine one is kept. An error is the end of a sentence that begins with the file's
/// name.
fn read_batches(batches: &[&[u8]]) -> Result<Reading, String> {
    let fits = |labels: usize, classes: u8| {
        batches.iter().all(|batch| {
            let record = labels + PIXELS;
            batch.len().is_multiple_of(record)
                && batch
                    .chunks_exact(record)
                    .all(|record| record[labels - 1] < classes)
        })
    };
    let length: usize = batches.iter().map(|batch| batch.len()).sum();
    let labels = match () {
        () if length == 0 => return Err("is empty".into()),
        () if fits(1, 10) => 1,
        () if fits(2, 100) => 2,
        () => {
            return Err(format!(
                "is cut short or no CIFAR file: its {length} bytes are no whole number of images of 3073 bytes with a label of 0 to 9 \
                 (CIFAR-10), or of 3074 bytes with labels of 0 to 19 and 0 to 99 (CIFAR-100)"
            ));
        }
    };
    let records = || {
        batches
            .iter()
            .flat_map(|batch| batch.chunks_exact(labels + PIXELS))
    };
    let mut pixels = Vec::with_capacity(records().count() * PIXELS);
    records().for_each(|record| pixels.extend_from_slice(&record[labels..]));
    let data = Dataset {
        samples: pixels.len() / PIXELS,
        shape: vec![3, 32, 32],
        values: Values::Bytes(pixels.into()),
        labels: Some(
            records()
                .map(|record| u32::from(record[labels - 1]))
                .collect(),
        ),
        parameter: None,
    };
    Ok(Reading {
        data,
        classes: None,
        columns: Vec::new(),
        means: Vec::new(),
        notes: Vec::new(),
    })
}
