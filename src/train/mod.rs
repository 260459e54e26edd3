//! Training: configuration, batches, the loop, checkpoints, the run folder, and sweeps of runs.
//!
//! [`Trainer`] trains in memory; [`Run`] does it in a folder, with checkpoints, and ends with measures
//! and pictures; [`Sweep`](sweep::Sweep) makes many runs. An [`Observer`] hears how they get on.

mod checkpoint;
mod config;
mod cut;
mod data_config;
mod data_loader;
mod defaults;
mod folder;
mod graph;
mod metrics;
mod neighbours;
mod net_config;
mod observer;
mod origin;
mod output_bias;
mod planned;
mod provenance;
mod report;
mod run;
mod sampler;
mod schedule;
mod settings;
mod shuffle;
mod side_by_side;
mod splits;
mod state;
mod summary;
mod summed;
pub mod sweep;
mod trainer;
mod trial;
pub mod tune;
mod unrolling;
pub(crate) mod verdict;
mod warm_start;

pub use crate::data::find_data;
pub use config::{Config, TrainConfig};
pub use data_config::DataConfig;
pub use folder::RunFolder;
pub use graph::neighbourhood_graph;
pub use metrics::write_events;
pub use neighbours::{CentreWeight, KernelKind, NeighbourConfig, NumSampled};
pub use net_config::NetConfig;
pub use observer::Observer;
pub use origin::Origin;
pub(crate) use origin::{flatten, named_data};
pub use output_bias::OutputBias;
pub use planned::planned_step;
pub use provenance::Provenance;
pub use report::{write_card, write_report};
pub use run::{Run, SavedRun};
pub use sampler::{Block, Sampler, SamplingScheme};
pub use schedule::Schedule;
pub use settings::{Settings, key_of};
pub use side_by_side::draw_side_by_side;
pub use splits::{Splits, read_samples};
pub use state::{Progress, Record, State};
pub use summary::{SplitErrors, Summary};
pub use trainer::{Grouping, Preparing, RecordedRun, Trainer};
pub use warm_start::WarmStart;
