//! Training: configuration, batches, the loop, checkpoints, the run folder, and sweeps of runs.
//!
//! [`Trainer`] trains in memory; [`Run`] does it in a folder, with checkpoints, and ends with measures
//! and pictures; [`Sweep`](sweep::Sweep) makes many runs. An [`Observer`] hears how they get on.

mod checkpoint;
mod config;
mod data_loader;
mod folder;
mod graph_file;
mod observer;
mod run;
mod sampler;
mod schedule;
mod settings;
mod splits;
mod summary;
pub mod sweep;
mod trainer;
mod trial;

pub use crate::data::find_data;
pub use config::{Config, DataConfig, KernelKind, NeighbourConfig, NetConfig, TrainConfig};
pub use folder::RunFolder;
pub use observer::Observer;
pub use run::{Run, SavedRun};
pub use sampler::{Block, Sampler};
pub use schedule::Schedule;
pub use settings::Settings;
pub use splits::{Splits, read_samples};
pub use summary::Summary;
pub use trainer::{Progress, Record, State, Trainer, planned_step};
