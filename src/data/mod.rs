//! Formats and data sets: arrays on disk, synthetic curves, scaling and splits.

mod array;
mod bytes;
mod catalogue;
mod cifar;
mod dataset;
#[cfg(feature = "download")]
mod download;
mod idx;
mod images;
mod labels;
mod mat;
mod members;
mod npy;
mod npz;
mod picture;
mod pixels;
mod published;
mod reading;
mod scaling;
mod synthetic;
mod table;
mod transformed;
mod write;
mod zipped;

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;

pub use array::{Array, Values, read_array};
pub use bytes::Bytes;
pub use catalogue::{data_folders, find_data, open_dataset};
pub use dataset::Dataset;
#[cfg(feature = "download")]
pub use download::{check, download};
pub use labels::{read_integers, read_labels};
pub use npy::{write_npy, write_npy_bytes, write_npy_integers};
pub use pixels::Adjustments;
pub use published::{File, Origin, PUBLISHED, Part, Published, Sum};
pub use reading::{ReadOptions, Reading, read_dataset, split_part};
pub use scaling::{Scaling, ScalingKind};
pub use synthetic::Synthetic;
pub use transformed::{noisy, rotated, shifted};
pub use write::{create_folder, write_atomically};
