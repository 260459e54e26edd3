//! (network, objective, batch shape) -> recording: forward, backward, Adam. Plain data; see `gpu`
//! and `cpu` for who runs it.

mod arena;
mod dataflow;
mod inference;
pub mod jets;
mod latents;
mod layers;
mod listing;
mod memory_planner;
pub mod ops;
pub mod pass;
mod recording;
mod sequential;
mod step;
mod terms;
mod update;

pub use inference::{Inference, Stack, inference, jets_inference};
pub use listing::{BufferRow, Listing, PassRow};
pub use memory_planner::LiveRange;
pub use pass::{Access, Binding, Describe, Grid, Pass, Uniform};
pub use recording::{Buffer, BufferId, DType, Recording, Role, Segment, View};
pub use step::{
    Data, Optimiser, SCHEDULE_COLUMNS, STATE_WORDS, Step, gradient_step, training_step,
};
