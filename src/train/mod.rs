//! Training: configuration, batches, the loop, checkpoints and the run folder.

mod checkpoint;
mod config;
mod data_loader;
mod embedding;
mod folder;
mod graph;
mod neighbours;
mod sampler;
mod schedule;
pub mod search;
mod settings;
mod splits;
mod terms;
mod trainer;

pub use crate::data::find_data;
pub use config::{Config, DataConfig, NetConfig, TrainConfig};
pub use folder::RunFolder;
pub use graph::neighbourhood_graph;
pub use neighbours::{CentreWeight, KernelKind, NeighbourConfig, NumSampled};
pub use sampler::{Block, Sampler, SamplingScheme};
pub use schedule::Schedule;
pub use settings::Settings;
pub use splits::{Splits, read_samples};
pub use terms::{
    ContractiveConfig, CorruptionConfig, GraeConfig, IsometricConfig, KlConfig, LleConfig,
    MmdConfig,
};
pub use trainer::{Progress, Record, State, Trainer, planned_step};
