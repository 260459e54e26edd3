//! Neighborhood Reconstructing Autoencoders.

pub mod cpu;
pub mod engine;
pub mod error;
pub mod executor;
pub mod gpu;
pub mod net;
pub mod objective;
pub mod random;
