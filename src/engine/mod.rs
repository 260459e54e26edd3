//! (network, objective, batch shape) -> recording: forward, backward, Adam. Plain data; see `gpu`
//! and `cpu` for who runs it.

mod arena;
mod inference;
pub mod jets;
mod latents;
mod layers;
mod memory_planner;
pub mod ops;
pub mod pass;
mod recording;
mod sequential;
mod step;
mod terms;
mod update;

pub use inference::{Inference, Stack, inference, jets_inference, neighbourhood_inference};
pub use pass::{Describe, Grid, Pass, Uniform};
pub use recording::{Buffer, BufferId, DType, Recording, View};
pub use step::{
    Data, Optimiser, SCHEDULE_COLUMNS, STATE_WORDS, Step, gradient_step, training_step,
};
