//! The formats that data come in: one file and one row each. [`FORMATS`] is where reading, the
//! command line's help, its errors and the README take them from.

mod archive;
mod arrow;
#[cfg(feature = "parquet")]
mod caught;
mod cifar;
mod column;
mod csv;
mod delimiter;
mod exif;
mod foreign;
mod format;
mod gather;
mod hdf5;
mod idx;
mod images;
mod labels;
mod mat;
mod members;
mod natural;
mod npy;
mod npy_header;
mod npy_mapped;
mod npy_parts;
mod npz;
mod picture;
mod picture_set;
mod source;
mod sparse;
mod table;
mod webdataset;

pub use format::Format;
pub(super) use format::Reader;
pub use gather::SIZE;
pub(super) use images::files_in;
pub use npy::{read_integers, write_npy, write_npy_bytes, write_npy_doubles, write_npy_integers};
pub use picture::write_png;
pub use source::split_part;
pub(super) use source::{Source, matching};

use crate::error::Result;

/// Every format, in the order in which a file is asked for them: first those that the content tells
/// for sure, then those that the name or little content tells.
pub static FORMATS: [&Format; 12] = [
    &npy::FORMAT,
    &npz::FORMAT,
    &arrow::PARQUET,
    &arrow::ARROW,
    &hdf5::FORMAT,
    &mat::FORMAT,
    &webdataset::FORMAT,
    &cifar::FORMAT,
    &csv::FORMAT,
    &idx::FORMAT,
    &npy_parts::FORMAT,
    &images::FORMAT,
];

impl Format {
    /// The format of a source.
    ///
    /// # Errors
    /// When it is of none, or cannot be read.
    pub(super) fn of(source: &Source) -> Result<&'static Self> {
        // A spreadsheet is a zip archive, and so may be a file of PyTorch.
        if source.is_zip()
            && let Some(advice) = foreign::advice(source)?
        {
            return Err(source.error(advice));
        }
        for format in FORMATS {
            if (format.detect)(source)? {
                return Ok(format);
            }
        }
        Err(source.error(if source.is_pattern() {
            "names files that are no parts of one set: those end in .npy, .parquet or .tar".into()
        } else if picture::is_picture(source.name()) {
            "is a single image: give the folder that it is in".into()
        } else if let Some(advice) = foreign::advice(source)? {
            advice
        } else {
            format!("is no data file that nrae knows: give {}", Self::list())
        }))
    }

    /// Every format in half a sentence.
    pub fn list() -> String {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        let (last, others) = names.split_last().expect("there are formats");
        format!("{}, or {last}; each file also with .gz", others.join(", "))
    }

    /// The formats with their labels and parts, as the README's table.
    pub fn table() -> String {
        let mut text = "| format | labels | parts, as FILE:PART |\n|---|---|---|\n".to_owned();
        for Self {
            files,
            labels,
            parts,
            ..
        } in FORMATS
        {
            text += &format!("| {files} | {labels} | {parts} |\n").replace("|  |", "| |");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_every_format() {
        let readme = include_str!("../../../README.md");
        let table = Format::table();
        assert!(
            readme.contains(&format!("\n\n{table}\n")),
            "README.md must have this table:\n{table}"
        );
    }

    #[test]
    fn rows_are_whole() {
        for format in FORMATS {
            for text in [format.name, format.files, format.labels] {
                assert!(!text.is_empty() && !text.contains('\n'), "{format:?}");
            }
        }
        assert_eq!(
            Format::list(),
            ".npy, .npz, .parquet, Arrow (.arrow, .feather), HDF5 (.h5, .h5ad, .mat version 7.3), .mat (version 5), WebDataset's .tar, CIFAR's .bin or .tar.gz, .csv, IDX (as MNIST comes in), a folder of .npy parts, or a folder or zip archive of PNG, \
             JPEG, WebP or BMP images; each file also with .gz"
        );
    }
}
