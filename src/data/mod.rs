//! Formats and data sets: arrays on disk, synthetic curves, scaling and splits.

mod array;
mod catalogue;
mod claims;
mod columns;
mod content;
mod dataset;
mod download;
mod elements;
mod formats;
mod layout;
mod lock;
mod mapped;
mod number;
mod pixels;
mod published;
mod read;
mod reading;
mod sample_labels;
mod scaling;
mod survey;
mod synthetic;
mod transformed;
mod units;
mod write;

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;

pub(crate) use array::first_not_finite;
pub use array::{Array, Values};
pub use catalogue::{data_folders, find_data, open_dataset};
pub use claims::{Claim, Claims, Guard, PAUSE};
pub(crate) use content::{hexadecimal, named_content_sha256};
pub use dataset::Dataset;
pub use download::{check, download};
pub use elements::Elements;
pub use formats::{
    FORMATS, Format, SIZE, read_integers, split_part, write_npy, write_npy_bytes,
    write_npy_doubles, write_npy_integers, write_png,
};
pub use layout::Layout;
pub use lock::FolderLock;
pub use number::Element;
pub use pixels::Adjustments;
pub use published::{File, Origin, PUBLISHED, Part, Published, Sum};
pub use read::{read_array, read_dataset, read_labels};
pub(crate) use reading::COLUMN_NOTES;
pub use reading::{Missing, ReadOptions, Reading, TableOptions, TrainedColumns};
pub use sample_labels::SampleLabels;
pub use scaling::{Scaling, ScalingKind};
pub use survey::{Neighbourhood, Survey};
pub use synthetic::Synthetic;
pub use transformed::{noisy, rotated, shifted};
pub(crate) use write::sync_folder;
pub use write::{create_folder, write_atomically};
