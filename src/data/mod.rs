//! Formats and data sets: arrays on disk, synthetic curves, scaling and splits.

mod array;
mod cifar;
mod dataset;
mod idx;
mod images;
mod labels;
mod mat;
mod members;
mod npy;
mod npz;
mod picture;
mod pixels;
mod reading;
mod scaling;
mod synthetic;
mod table;
mod write;
mod zipped;

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;

pub use array::{Array, Values, read_array};
pub use dataset::Dataset;
pub use labels::read_labels;
pub use npy::{write_npy, write_npy_integers};
pub use pixels::Adjustments;
pub use reading::{ReadOptions, Reading, read_dataset, split_part};
pub use scaling::{Scaling, ScalingKind};
pub use synthetic::Synthetic;
pub use write::{create_folder, write_atomically};
