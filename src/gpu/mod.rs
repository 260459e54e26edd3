//! The GPU executor: the only room that knows wgpu.

mod adapter;
mod cache;
#[cfg(test)]
mod cooperative_twin;
mod device;
mod executor;
mod family;
mod filtering;
mod fuse;
mod memory;
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
pub use device::{Gpu, GpuOptions, Kernels, Precision};
pub use family::{GemmFamily, Matrices};
pub use tile::Tile;
pub use tune::{Candidate, Timed};
