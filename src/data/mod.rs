//! Formats and data sets: arrays on disk, synthetic curves, scaling and splits.

mod write;

pub use write::{create_folder, write_atomically};
