//! Training: configuration, batches, the loop, checkpoints and the run folder.

mod config;
mod sampler;
mod schedule;
mod settings;

pub use config::{Config, DataConfig, KernelKind, NeighbourConfig, NetConfig, TrainConfig};
pub use sampler::{Block, Sampler};
pub use schedule::Schedule;
pub use settings::Settings;
