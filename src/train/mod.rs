//! Training: configuration, batches, the loop, checkpoints and the run folder.

mod checkpoint;
mod config;
mod data_loader;
mod folder;
mod graph_file;
mod sampler;
mod schedule;
pub mod search;
mod settings;
mod splits;
mod trainer;

pub use crate::data::find_data;
pub use config::{Config, DataConfig, KernelKind, NeighbourConfig, NetConfig, TrainConfig};
pub use folder::RunFolder;
pub use sampler::{Block, Sampler};
pub use schedule::Schedule;
pub use settings::Settings;
pub use splits::{Splits, read_samples};
pub use trainer::{Progress, Record, State, Trainer, planned_step};
