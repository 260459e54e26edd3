//! Data sets as `.npy`, in the form that training keeps on a device.

use crate::data::{
    Dataset, Values, create_folder, write_atomically, write_npy, write_npy_bytes,
    write_npy_doubles, write_npy_integers,
};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// Where a data set goes.
#[derive(Debug)]
pub(super) struct Output {
    /// `--out`: FILE.npy, or a folder.
    out: PathBuf,
    /// `--labels-out`.
    labels: Option<PathBuf>,
}

impl Output {
    pub(super) fn new(out: PathBuf, labels: Option<PathBuf>) -> Self {
        Self { out, labels }
    }

    /// FILE.npy, or images.npy in a folder.
    fn images(&self) -> PathBuf {
        if self.is_file() {
            self.out.clone()
        } else {
            self.out.join("images.npy")
        }
    }

    /// FILE-`what`.`extension` beside FILE.npy, or `what`.`extension` in a folder.
    fn beside(&self, what: &str, extension: &str) -> PathBuf {
        if !self.is_file() {
            return self.out.join(format!("{what}.{extension}"));
        }
        let stem = self
            .out
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        self.out
            .with_file_name(format!("{stem}-{what}.{extension}"))
    }

    fn is_file(&self) -> bool {
        self.out
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("npy"))
    }

    /// Writes samples, labels and names of classes where there are some, and the parameter of each
    /// sample under the name `parameter`; returns the files.
    ///
    /// # Errors
    /// When a file cannot be written, or these images would be read otherwise than they
    /// are.
    pub(super) fn write(
        &self,
        data: &Dataset,
        classes: Option<&[String]>,
        parameter: &str,
    ) -> Result<Vec<PathBuf>> {
        let mut shape = vec![data.samples];
        match *data.shape.as_slice() {
            [1, height, width] => shape.extend([height, width]),
            ref other => shape.extend(other),
        }
        if let ([_, _, _, width @ (1 | 3 | 4)], Values::Bytes(_)) = (shape.as_slice(), &data.values)
        {
            return Err(Error::input(format!(
                "coloured images of bytes that are {width} pixels wide would be read as [N, H, W, C]: choose another --size"
            )));
        }
        if !self.is_file() {
            if self.out.is_file() {
                return Err(Error::input(format!(
                    "{} is a file: give FILE.npy, or a folder",
                    self.out.display()
                )));
            }
            create_folder(&self.out)?;
        }
        let mut files = vec![self.images()];
        match &data.values {
            Values::Bytes(values) => write_npy_bytes(&files[0], &shape, &values.whole())?,
            Values::Floats(values) => write_npy(&files[0], &shape, &values.whole())?,
            Values::Doubles(values) => write_npy_doubles(&files[0], &shape, &values.whole())?,
        }
        if let Some(labels) = &data.labels {
            files.push(
                self.labels
                    .clone()
                    .unwrap_or_else(|| self.beside("labels", "npy")),
            );
            write_npy_integers(last(&files), &[data.samples], labels)?;
        }
        if let Some(values) = &data.parameter {
            files.push(self.beside(parameter, "npy"));
            write_npy(last(&files), &[data.samples], values)?;
        }
        if let (Some(classes), Some(_)) = (classes, &data.labels) {
            files.push(self.beside("classes", "txt"));
            write_atomically(last(&files), |file| {
                classes
                    .iter()
                    .try_for_each(|class| writeln!(file, "{class}"))
            })?;
        }
        Ok(files)
    }
}

fn last(files: &[PathBuf]) -> &Path {
    files.last().expect("pushed before")
}
