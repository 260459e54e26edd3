//! Images in tar archives as WebDataset has them: entries with one key are a sample.

use super::format::{Format, Reader};
use super::gather::{Images, unpack};
use super::images::{counted, has_pictures, note};
use super::picture::{ending, is_picture};
use super::picture_set::WORDS_OF_BYTE;
use super::source::{Source, large};
use crate::data::mapped::{Mapped, MappedFile, Pictures};
use crate::data::reading::{ReadOptions, Reading};
use crate::data::sample_labels::SampleLabels;
use crate::data::{Adjustments, Values};
use crate::error::{Error, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

pub(super) const FORMAT: Format = Format {
    name: "WebDataset's .tar",
    files: "WebDataset: `.tar` of images, a folder of them, or a pattern such as `'shards/*.tar'`",
    labels: "`.cls` beside an image",
    parts: "",
    detect: |source| {
        if source.first().is_some() {
            return Ok(is_tar(source) && !is_of_batches(source.file())?);
        }
        let found = !source.parts("tar")?.is_empty() && source.parts("npy")?.is_empty();
        Ok(found && !(source.is_folder() && has_pictures(source.file())?))
    },
    reader: Reader::Images(read),
    read_labels: |source| match Index::of(source)?.labels {
        Some(labels) => Ok(labels.into()),
        None => Err(source.error("has no labels".into())),
    },
};

/// Whether a file is a tar archive as it is, not gzipped.
fn is_tar(source: &Source) -> bool {
    let first = source.first().unwrap_or_default();
    let named = source.name().ends_with(".tar") && !first.starts_with(b"\x1f\x8b");
    first.get(257..262) == Some(b"ustar") || named
}

/// Whether the first file of a known kind in a tar archive is a batch of CIFAR's.
fn is_of_batches(path: &Path) -> Result<bool> {
    let file = MappedFile::open(path)?;
    let mut archive = tar::Archive::new(Cursor::new(&file[..]));
    let entries = archive.entries_with_seek().into_iter().flatten();
    // What is damaged is told when it is read.
    let mut endings = entries
        .map_while(Result::ok)
        .map(|entry| ending(&String::from_utf8_lossy(&entry.path_bytes())));
    let known = endings.find(|ending| ending == "bin" || is_picture(&format!(".{ending}")));
    Ok(known.is_some_and(|ending| ending == "bin"))
}

fn read(source: &Source, options: &ReadOptions) -> Result<Reading> {
    let Index {
        archives,
        mut entries,
        labels,
        mut notes,
    } = Index::of(source)?;
    let (whole, kept) = (entries.len(), options.range(entries.len()));
    entries.truncate(kept.end);
    entries.drain(..kept.start);
    let most = usize::try_from(large()?).unwrap_or(usize::MAX);
    let images = Images {
        source: source.file(),
        files: &entries,
        most,
    };
    let (set, adjustments) = images.gather(
        options,
        |entry| archives.name(*entry),
        |entry| Ok(Cow::Borrowed(archives.bytes(*entry))),
    )?;
    let mapped = set.too_large().map(|(shape, words)| {
        let size = [entries.len(), shape.iter().product()];
        let packed = Packed {
            archives: archives.clone(),
            entries,
            adjustments,
            shape,
            words,
        };
        Values::mapped(Mapped::of_pictures(Arc::new(packed), size))
    });
    let mut reading = set.finish(None, mapped);
    reading.notes.append(&mut notes);
    match labels {
        Some(labels) if reading.data.samples > 0 => {
            reading.labelled_by(labels, kept, whole, source.file())
        }
        _ => Ok(reading),
    }
}

/// Archives that are mapped into memory.
#[derive(Clone)]
struct Archives(Arc<[MappedFile]>);

/// Where the bytes of an image lie.
#[derive(Clone, Copy)]
struct Entry {
    archive: u32,
    length: u32,
    start: u64,
}

impl Archives {
    fn bytes(&self, entry: Entry) -> &[u8] {
        &self.0[entry.archive as usize][entry.start as usize..][..entry.length as usize]
    }

    /// The name of an image, cut short where it is long, and its archive.
    fn name(&self, entry: Entry) -> String {
        let file = &self.0[entry.archive as usize];
        let header = (entry.start as usize).checked_sub(512);
        let header = header.and_then(|at| file.get(at..at + 512));
        let name = header.map(|bytes| tar::Header::from_byte_slice(bytes).path_bytes());
        let name = String::from_utf8_lossy(&name.unwrap_or_default()).into_owned();
        match self.0.len() {
            1 => name,
            _ => format!("{name} of {}", file.path().display()),
        }
    }
}

/// What archives hold, by their headers: no image is looked at.
struct Index {
    archives: Archives,
    entries: Vec<Entry>,
    /// Where every image has one.
    labels: Option<SampleLabels>,
    notes: Vec<String>,
}

/// A sample whose entries are still being read.
#[derive(Default)]
struct Sample {
    key: String,
    image: Option<(String, Entry)>,
    label: Option<String>,
}

/// What archives are made of, in bytes.
const BLOCK: u64 = 512;
/// Bytes of a label, at most.
const LONGEST_LABEL: u64 = 1024;

impl Index {
    /// # Errors
    /// When an archive is damaged, has two images for a key or a label that is none, or there are no
    /// images.
    fn of(source: &Source) -> Result<Self> {
        let mut paths = source.parts("tar")?;
        if source.first().is_some() {
            paths.push(source.file().to_owned());
        }
        let archives = paths.iter().map(|path| MappedFile::open(path));
        let archives = Archives(archives.collect::<Result<_>>()?);
        let (mut entries, mut labels) = (Vec::new(), Vec::new());
        let mut others = BTreeMap::new();
        for (at, file) in archives.0.iter().enumerate() {
            let mut add = |sample: Sample| {
                if let Some((_, image)) = sample.image {
                    entries.push(image);
                    labels.extend(sample.label);
                }
            };
            scan(file, at as u32, &mut add, &mut others)
                .map_err(|what| Error::input(format!("{} {what}", file.path().display())))?;
        }
        let left_out = counted(others);
        if entries.is_empty() {
            return Err(source.error(format!(
                "holds no images that can be read: entries that end in .png, .jpg, .webp or .bmp are needed{}",
                left_out.map_or(String::new(), |what| format!(", and there are only {what}"))
            )));
        }
        if entries.len() > Mapped::MOST_ROWS {
            return Err(source.error(format!(
                "holds {} images, but at most {} can be numbered",
                entries.len(),
                Mapped::MOST_ROWS
            )));
        }
        let mut notes: Vec<String> = Vec::new();
        notes.extend(left_out.map(|what| note(source.file(), &what)));
        let labels = match labels.len() {
            0 => None,
            some if some < entries.len() => {
                notes.push(format!(
                    "Labels: only {some} of {} images have a .cls beside them, so they are left out: name others by --labels",
                    entries.len()
                ));
                None
            }
            _ => Some(of_texts(labels)),
        };
        Ok(Self {
            archives,
            entries,
            labels,
            notes,
        })
    }
}

/// Gives the samples of an archive to `add` and counts in `others`, by their endings, the files that
/// are neither images nor labels. An error is the end of a sentence that begins with its name.
fn scan(
    file: &[u8],
    archive: u32,
    add: &mut impl FnMut(Sample),
    others: &mut BTreeMap<String, usize>,
) -> Result<(), String> {
    let damaged = |error: std::io::Error| format!("is damaged or cut short: tar says {error}");
    let mut reader = tar::Archive::new(Cursor::new(file));
    let (mut sample, mut after) = (Sample::default(), 0);
    for entry in reader.entries_with_seek().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let base = name.rsplit('/').next().unwrap_or_default();
        let (start, size) = (entry.raw_file_position(), entry.size());
        after = start.saturating_add(size).saturating_add(BLOCK - 1) / BLOCK * BLOCK;
        let kind = entry.header().entry_type();
        if kind.is_dir() || base.starts_with('.') {
            continue;
        }
        // WebDataset's key: the name up to the first dot behind the last slash.
        let Some((stem, suffix)) = base.split_once('.') else {
            *others.entry(String::new()).or_default() += 1;
            continue;
        };
        let key = &name[..name.len() - base.len() + stem.len()];
        if sample.key != key {
            let next = Sample {
                key: key.to_owned(),
                ..Sample::default()
            };
            add(std::mem::replace(&mut sample, next));
        }
        let end = start.checked_add(size);
        if end.is_none_or(|end| end > file.len() as u64) {
            return Err(format!(
                "is damaged or cut short: {name} in it has {size} bytes from byte {start} on, but the archive has {}",
                file.len()
            ));
        }
        let plain = || match kind.is_file() || kind.is_contiguous() {
            true => Ok(()),
            false => Err(format!(
                "has {name}, which is a link or a sparse file: pack copies of plain files"
            )),
        };
        if is_picture(base) {
            plain()?;
            let length =
                u32::try_from(size).map_err(|_| format!("has {name}, which is too large"))?;
            let image = Entry {
                archive,
                length,
                start,
            };
            if let Some((first, _)) = &sample.image {
                return Err(format!(
                    "has two images for the key {key}, {first} and {name}: keep one of them"
                ));
            }
            sample.image = Some((name, image));
        } else if suffix.eq_ignore_ascii_case("cls") {
            plain()?;
            let bytes = &file[start as usize..][..size.min(LONGEST_LABEL) as usize];
            let text = std::str::from_utf8(bytes).ok().map(str::trim);
            let text = text.filter(|text| size <= LONGEST_LABEL && !text.is_empty());
            let text = text.ok_or_else(|| {
                format!("has {name}, which is no label: a number or the name of a class is needed")
            })?;
            sample.label = Some(text.to_owned());
        } else {
            *others.entry(ending(base)).or_default() += 1;
        }
    }
    add(sample);
    // Else a part of it that ends between two entries would pass for the whole.
    if after.saturating_add(BLOCK) > file.len() as u64 {
        return Err("is cut short: the zeros that end a tar archive are missing".into());
    }
    Ok(())
}

/// Numbers from 0 on, or names of classes.
fn of_texts(texts: Vec<String>) -> SampleLabels {
    match texts.iter().map(|text| text.parse().ok()).collect() {
        Some(classes) => SampleLabels::Classes(classes),
        None => SampleLabels::Names(texts),
    }
}

/// Images that are decoded when they are asked for.
struct Packed {
    archives: Archives,
    entries: Vec<Entry>,
    adjustments: Adjustments,
    /// Of each of them.
    shape: [usize; 3],
    /// Whether they have 16 bits a value.
    words: bool,
}

impl Pictures for Packed {
    fn are_bytes(&self) -> bool {
        !self.words
    }

    fn expect_any_order(&self) {
        let files = self.archives.0.iter();
        files.for_each(MappedFile::expect_any_order);
    }

    fn unchanged(&self) -> Result<()> {
        self.archives.0.iter().try_for_each(MappedFile::unchanged)
    }

    fn expect(&self, at: usize) {
        let entry = self.entries[at];
        let start = entry.start as usize;
        self.archives.0[entry.archive as usize].expect(start..start + entry.length as usize);
    }

    fn unpack(&self, at: usize, row: &mut [f32]) {
        let entry = self.entries[at];
        let image = unpack(self.archives.bytes(entry), &self.adjustments);
        // All of them were decoded when they were counted.
        let image = match image {
            Ok((image, _)) if image.shape[1..] == self.shape[1..] => image,
            _ => Error::changed(self.archives.name(entry)).unwind(),
        };
        let scale = match (&image.pixels, self.words) {
            (Values::Bytes(_), true) => WORDS_OF_BYTE,
            _ => 1.0,
        };
        for plane in row.chunks_exact_mut(image.pixels.len()) {
            image.pixels.copy_floats(0, plane);
            plane.iter_mut().for_each(|value| *value *= scale);
        }
    }
}
