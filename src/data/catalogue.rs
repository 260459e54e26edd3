//! Where to find data: files by their path, published sets by their name.

use super::formats::matching;
use super::published::{Origin, Part, Published};
use super::{ReadOptions, Reading, read_dataset, read_labels, split_part};
use crate::error::{Error, Result, nearest};
use std::path::{Path, PathBuf};

/// The folders to search for published sets; downloads go to the first. `folder` alone if it is
/// given, otherwise the one in the environment variable `NRAE_DATA`, then `data`.
pub fn data_folders(folder: Option<&Path>) -> Vec<PathBuf> {
    match folder {
        Some(folder) => vec![folder.to_owned()],
        None => std::env::var_os("NRAE_DATA")
            .map(PathBuf::from)
            .into_iter()
            .chain([PathBuf::from("data")])
            .collect(),
    }
}

/// Where a file is, or a part of one as FILE:PART, or the files of a pattern such as `FOLDER/*.npy`: as
/// given, or else in the folder that the environment variable `NRAE_DATA` names.
///
/// # Errors
/// When it is in neither place.
pub fn find_data(path: &Path) -> Result<PathBuf> {
    let exists = |path: &Path| split_part(path).0.exists() || matching(path).is_some();
    if exists(path) {
        return Ok(path.to_owned());
    }
    match std::env::var_os("NRAE_DATA").map(|folder| PathBuf::from(folder).join(path)) {
        Some(other) if exists(&other) => Ok(other),
        Some(other) => Err(Error::input(format!(
            "there is no file {} and no {}: {}check the path; `nrae data list` shows the data sets that have a name",
            path.display(),
            other.display(),
            alike(path)
        ))),
        None => Err(Error::input(format!(
            "there is no file {}: {}check the path, or set the environment variable NRAE_DATA to the folder of your data; `nrae data list` \
             shows the data sets that have a name",
            path.display(),
            alike(path)
        ))),
    }
}

/// A question after the file in the folder of `path` that it may mean, misspelt or cut short;
/// nothing where there is none.
fn alike(path: &Path) -> String {
    let Some(typed) = path.file_name().and_then(|name| name.to_str()) else {
        return String::new();
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new(".")));
    let names = entries.into_iter().flatten().flatten();
    let mut names: Vec<String> = names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let longer = names
        .iter()
        .find(|name| typed.len() > 3 && name.contains(typed));
    match longer.or_else(|| nearest(typed, &names, |name| name)) {
        Some(name) => format!(
            "did you mean {}? Else ",
            path.with_file_name(name).display()
        ),
        None => String::new(),
    }
}

/// Reads the samples of a published set, NAME, NAME:PART, or NAME:PART+PART for parts one after the
/// other, from one of `folders`; or of a file that [`find_data`] finds. A name comes first: a folder
/// of the same name is given as `./NAME`.
///
/// # Errors
/// Those of [`read_dataset`], and when the set is not there, or has no such part.
pub fn open_dataset(name: &Path, folders: &[PathBuf], options: &ReadOptions) -> Result<Reading> {
    match Published::named(name) {
        Some((set, Some(parts))) if parts.contains('+') => set.read_joined(parts, folders, options),
        Some((set, part)) => set.read(set.part(part)?, folders, options),
        None => read_dataset(&find_data(name)?, options),
    }
}

impl Published {
    /// The set that a bare NAME or NAME:PART names, and the part.
    pub(crate) fn named(name: &Path) -> Option<(&'static Self, Option<&str>)> {
        let text = name.to_str()?;
        let (name, part) = text
            .split_once(':')
            .map_or((text, None), |(name, part)| (name, Some(part)));
        Some((Self::find(name)?, part))
    }

    /// The part of this name, or the first.
    ///
    /// # Errors
    /// When there is no such part.
    pub fn part(&self, name: Option<&str>) -> Result<&'static Part> {
        let Some(name) = name else {
            return Ok(&self.parts[0]);
        };
        self.parts
            .iter()
            .find(|part| part.name == name)
            .ok_or_else(|| {
                let names: Vec<_> = self.parts.iter().map(|part| part.name).collect();
                Error::input(format!(
                    "{} has no part `{name}`: it has {}",
                    self.name,
                    names.join(", ")
                ))
            })
    }

    /// The first of `folders` that a file of the set is in, packed or not, by itself or in a folder
    /// of the set's name.
    pub fn locate(&self, file: &str, folders: &[PathBuf]) -> Option<PathBuf> {
        let (file, part) = file
            .split_once(':')
            .map_or((file, None), |(file, part)| (file, Some(part)));
        let plain = file.strip_suffix(".gz").unwrap_or(file);
        let places = folders
            .iter()
            .flat_map(|folder| [folder.join(self.name), folder.clone()]);
        let mut paths = places.flat_map(|place| [place.join(file), place.join(plain)]);
        let path = paths.find(|path| path.is_file())?;
        Some(match part {
            Some(part) => PathBuf::from(format!("{}:{part}", path.display())),
            None => path,
        })
    }

    /// Whether every file of every part is in `folders`.
    pub fn is_present(&self, folders: &[PathBuf]) -> bool {
        let files = self
            .parts
            .iter()
            .flat_map(|part| std::iter::once(part.images).chain(part.labels));
        files
            .into_iter()
            .all(|file| !file.is_empty() && self.locate(file, folders).is_some())
    }

    /// Reads `parts`, whose names have a `+` in between, one after the other.
    fn read_joined(
        &self,
        parts: &str,
        folders: &[PathBuf],
        options: &ReadOptions,
    ) -> Result<Reading> {
        // What is left out, and how many are taken, counts in all of them.
        let each = ReadOptions {
            skip: 0,
            limit: None,
            ..options.clone()
        };
        let read = |name| self.read(self.part(Some(name))?, folders, &each);
        let mut readings = parts.split('+').map(read);
        let first = readings.next().expect("a text has a first part")?;
        let mut joined = readings.try_fold(first, |mut joined, next| {
            joined.data = joined.data.followed_by(next?.data, self.name)?;
            Ok::<_, Error>(joined)
        })?;
        let kept = options.range(joined.data.samples);
        joined.data = joined.data.subset(&kept.collect::<Vec<_>>());
        Ok(joined)
    }

    fn read(&self, part: &Part, folders: &[PathBuf], options: &ReadOptions) -> Result<Reading> {
        let locate = |file: &str| {
            self.locate(file, folders).ok_or_else(|| {
                let places: Vec<_> = folders
                    .iter()
                    .map(|folder| folder.display().to_string())
                    .collect();
                let advice = match self.origin {
                    Origin::Web { .. } => format!("get it with `nrae data fetch {}`", self.name),
                    Origin::Shipped => {
                        "it comes with nrae's source code; set the environment variable NRAE_DATA to the folder data there".into()
                    }
                    Origin::ByHand(_) => format!(
                        "`nrae data fetch {}` says how to get and prepare it",
                        self.name
                    ),
                };
                Error::input(format!(
                    "the data set {} is not in {}: {advice}",
                    self.name,
                    places.join(" or ")
                ))
            })
        };
        let path = locate(part.images)?;
        let labels = part.labels.map(locate).transpose()?;
        let mut reading = read_dataset(&path, options)?;
        if let Some(labels) = &labels {
            let all = read_labels(labels)?;
            let kept = options.range(all.len());
            reading.data = reading.data.with_labels(all[kept].to_vec(), labels)?;
        }
        if !self.classes.is_empty() {
            reading.classes = Some(self.classes.iter().map(|&class| class.to_owned()).collect());
        }
        Ok(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::super::PUBLISHED;
    use super::*;

    #[test]
    fn shipped_sets_are_read_by_name_with_their_labels() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        for set in PUBLISHED
            .iter()
            .filter(|set| matches!(set.origin, Origin::Shipped))
        {
            assert!(
                set.is_present(std::slice::from_ref(&folder)),
                "{}",
                set.name
            );
            let reading = open_dataset(
                Path::new(set.name),
                std::slice::from_ref(&folder),
                &ReadOptions::default(),
            )
            .unwrap();
            assert_eq!(
                (reading.data.samples, reading.data.shape.as_slice()),
                (set.parts[0].samples, &set.shape[..])
            );
            assert_eq!(
                reading
                    .data
                    .labels
                    .unwrap()
                    .iter()
                    .collect::<std::collections::BTreeSet<_>>()
                    .len(),
                10
            );
            let options = ReadOptions {
                skip: 5,
                limit: Some(3),
                ..Default::default()
            };
            let part =
                open_dataset(Path::new(set.name), std::slice::from_ref(&folder), &options).unwrap();
            assert_eq!((part.data.samples, part.data.labels.unwrap().len()), (3, 3));
        }
    }

    #[test]
    fn parts_are_joined_in_their_order_with_their_labels() {
        let folder = tempfile::tempdir().unwrap();
        let idx = |shape: &[u32], bytes: &[u8]| {
            let mut file = vec![0, 0, 8, shape.len() as u8];
            shape
                .iter()
                .for_each(|side| file.extend(side.to_be_bytes()));
            [&file, bytes].concat()
        };
        for (name, first, count) in [("train", 10, 3), ("t10k", 50, 2)] {
            let pixels: Vec<u8> = (0..count).flat_map(|i| vec![first + i; 784]).collect();
            let labels: Vec<u8> = (0..count).collect();
            let images = idx(&[count.into(), 28, 28], &pixels);
            let write = |kind: &str, bytes: &[u8]| {
                std::fs::write(folder.path().join(format!("{name}-{kind}-ubyte")), bytes).unwrap();
            };
            write("images-idx3", &images);
            write("labels-idx1", &idx(&[count.into()], &labels));
        }
        let folders = [folder.path().to_owned()];
        let read = |name: &str, options: &ReadOptions| {
            let data = open_dataset(Path::new(name), &folders, options)
                .unwrap()
                .data;
            let firsts: Vec<f32> = (0..data.samples)
                .map(|i| data.values.get(784 * i))
                .collect();
            (firsts, data.labels.unwrap())
        };
        let all = ReadOptions::default();
        let (firsts, labels) = read("mnist:train+test", &all);
        assert_eq!(
            (firsts, labels),
            (vec![10.0, 11.0, 12.0, 50.0, 51.0], vec![0, 1, 2, 0, 1])
        );
        assert_eq!(
            read("mnist:test+train", &all).0,
            [50.0, 51.0, 10.0, 11.0, 12.0]
        );
        let some = ReadOptions {
            skip: 2,
            limit: Some(2),
            ..ReadOptions::default()
        };
        assert_eq!(read("mnist:train+test", &some).0, [12.0, 50.0]);
    }

    #[test]
    fn what_is_not_there_is_said_with_what_to_do() {
        let nowhere = [PathBuf::from("nowhere")];
        let message = |name: &str| {
            open_dataset(Path::new(name), &nowhere, &ReadOptions::default())
                .unwrap_err()
                .to_string()
        };
        assert!(message("mnist").contains("not in nowhere: get it with `nrae data fetch mnist`"));
        assert!(message("mnist:train+rest").contains("not in nowhere"));
        assert!(message("mnist:rest").contains("mnist has no part `rest`: it has train, test"));
        assert!(message("celeba").contains("`nrae data fetch celeba` says how"));
        assert!(message("digits").contains("source code"));
        assert!(message("./none").contains("there is no file ./none"));
    }

    #[test]
    fn the_parts_of_an_archive_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let set = Published::find("cifar10").unwrap();
        let folders = [folder.path().to_owned()];
        assert!(!set.is_present(&folders));
        std::fs::create_dir(folder.path().join("cifar10")).unwrap();
        let path = folder.path().join("cifar10/cifar-10-binary.tar.gz");
        std::fs::write(&path, b"").unwrap();
        assert!(set.is_present(&folders));
        let test = set.part(Some("test")).unwrap();
        assert_eq!(
            set.locate(test.images, &folders),
            Some(PathBuf::from(format!("{}:test", path.display())))
        );
    }
}
