//! The GPU executor: the only room that knows wgpu.

mod adapter;
mod device;
mod kernel;
mod session;
pub mod shader;

pub use adapter::{AdapterReport, adapters};
pub use device::{Gpu, GpuOptions};
pub use shader::Family;
