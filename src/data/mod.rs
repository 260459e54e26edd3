//! Formats and data sets: arrays on disk, synthetic curves, scaling and splits.

mod array;
mod dataset;
mod idx;
mod labels;
mod npy;
mod scaling;
mod synthetic;
mod table;
mod write;

#[cfg(test)]
mod tests;

pub use array::{Array, Values, read_array};
pub use dataset::Dataset;
pub use labels::read_labels;
pub use npy::{write_npy, write_npy_integers};
pub use scaling::{Scaling, ScalingKind};
pub use synthetic::Synthetic;
pub use write::{create_folder, write_atomically};
