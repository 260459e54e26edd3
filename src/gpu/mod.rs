//! The GPU executor: the only room that knows wgpu.

mod adapter;
mod cache;
mod choice;
#[cfg(test)]
mod cooperative_twin;
mod device;
mod dispatch;
mod executor;
mod family;
mod filtering;
mod fuse;
mod memory;
mod options;
mod pipeline;
mod plan;
mod replicas;
mod replicated;
mod schedule;
mod session;
pub mod shader;
mod tile;
mod tune;

pub(crate) use fuse::shaders_of;

pub use adapter::{AdapterReport, adapters};
pub use device::Gpu;
pub use family::{GemmFamily, Matrices};
pub use options::{GpuOptions, Kernels, Precision};
pub use tile::Tile;
pub use tune::{Candidate, Timed};
