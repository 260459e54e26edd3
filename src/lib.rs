//! Neighborhood Reconstructing Autoencoders.

pub mod bench;
pub mod cli;
pub mod cpu;
pub mod data;
pub mod engine;
pub mod error;
pub mod eval;
pub mod executor;
pub mod gpu;
pub mod gradcheck;
pub mod graph;
pub mod model;
pub mod net;
pub mod objective;
pub mod plot;
mod product;
pub mod random;
pub mod train;
