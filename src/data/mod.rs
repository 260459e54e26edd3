//! Formats and data sets: arrays on disk, synthetic curves, scaling and splits.

mod array;
mod idx;
mod labels;
mod npy;
mod table;
mod write;

pub use array::{Array, Values, read_array};
pub use labels::read_labels;
pub use npy::{write_npy, write_npy_integers};
pub use write::{create_folder, write_atomically};
