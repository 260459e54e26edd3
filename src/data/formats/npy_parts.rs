//! A folder of `.npy` that are parts of one set.

use super::format::{Format, Reader};
use super::images::has_pictures;
use super::labels::Labels;
use super::npy::labels;
use super::npy_mapped::map_parts;
use super::source::{Source, read_bytes};
use crate::error::{Error, Result};
use std::path::PathBuf;

pub(super) const FORMAT: Format = Format {
    name: "a folder of .npy parts",
    files: "A folder of `.npy` in C order, or a pattern such as `'FOLDER/train-*.npy'`: parts of one set in the order of their names, `part-2` before `part-10`",
    labels: "`--labels` with a file, a folder or a pattern",
    parts: "",
    // Among pictures they are left out, as always.
    detect: |source| {
        let found = !parts(source)?.is_empty();
        Ok(found && !(source.is_folder() && has_pictures(source.file())?))
    },
    reader: Reader::Array(|source| Ok((map_parts(source, &parts(source)?)?, None))),
    read_labels: |source| {
        let of_part = |path: &PathBuf| {
            let sentence = |what| Error::input(format!("{} {what}", path.display()));
            labels(&read_bytes(path)?).map_err(sentence)
        };
        let parts = parts(source)?;
        let all = parts.iter().map(of_part).collect::<Result<_>>()?;
        Labels::joined(all).ok_or_else(|| {
            source.error("has numbers and text as labels: parts are all of one kind".into())
        })
    },
};

fn parts(source: &Source) -> Result<Vec<PathBuf>> {
    let parts = source.parts("npy")?;
    if !parts.is_empty() && !source.parts("tar")?.is_empty() {
        return Err(source.error(
            "holds both .npy and .tar: name one kind by a pattern, such as --data 'FOLDER/*.npy'"
                .into(),
        ));
    }
    Ok(parts)
}
