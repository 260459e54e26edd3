//! Neighborhood Reconstructing Autoencoders (Lee, Kwon and Park, NeurIPS 2021): autoencoders whose
//! decoded manifold follows the data, in Rust and hand-written WGSL compute shaders.
//!
//! A training step is compiled into a [`Recording`](engine::Recording), plain data that an
//! [`Executor`](executor::Executor) runs: the [`Gpu`](gpu::Gpu) with the shaders in `shaders/`, or
//! the [`Cpu`](cpu::Cpu) with its CPU kernels.
//!
//! ```
//! use nrae::{cpu::Cpu, data::Synthetic, train::{Config, Splits, Trainer}};
//!
//! let mut config = Config::default();
//! config.data.synthetic = Some(Synthetic::SwissRollOfficial);
//! config.net.latent = 1;
//! config.net.hidden = vec![16];
//! config.train.epochs = Some(20);
//! let splits = Splits::load(&config)?;
//! let mut trainer = Trainer::new(config, splits, &Cpu, &mut |_| ())?;
//! let model = trainer.run()?;
//! let codes = model.encode(&trainer.splits().train.values, &Cpu)?;
//! assert_eq!(codes.len(), 30);
//! # Ok::<(), nrae::error::Error>(())
//! ```
//!
//! A run ends with a page that tells what became of it ([`train::write_report`], `nrae report RUN`), and
//! [`explore`] writes a trained model as a page that decodes in a browser (`nrae explore RUN`):
//!
#![doc = include_str!("../docs/front.md")]

pub mod bench;
pub mod cli;
pub mod cpu;
pub mod data;
pub mod embedding;
pub mod engine;
pub mod error;
pub mod eval;
pub mod executor;
pub mod explore;
mod gemm;
pub mod gpu;
pub mod gradcheck;
pub mod graph;
mod linalg;
pub mod model;
pub mod net;
pub mod objective;
pub mod onnx;
pub mod page;
pub mod plot;
pub mod protobuf;
pub mod pytorch;
pub mod random;
pub mod ranks;
pub mod reproduce;
pub mod scratch;
pub mod tolerance;
pub mod train;
pub mod tuned;
