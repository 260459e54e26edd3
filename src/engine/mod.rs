//! Recordings: passes on buffers, layers forward and backward over jets, Adam's update. Plain data;
//! see `objective` for the step that is recorded from them, `gpu` and `cpu` for who runs it.

mod alike;
mod arena;
mod dataflow;
mod inference;
pub mod jets;
mod layers;
mod listing;
mod memory_planner;
pub mod ops;
pub mod pass;
mod recording;
mod sequential;
mod update;

pub(crate) use dataflow::levels;
pub use inference::{Inference, Stack, inference, jets_inference, neighbourhood_inference};
pub use listing::{BufferRow, Listing, PassRow};
pub use memory_planner::LiveRange;
pub use pass::{Access, Binding, Describe, Grid, Pass, Uniform};
pub use recording::{Buffer, BufferId, DType, Recording, Role, Segment, View};
pub use update::{Optimiser, SCHEDULE_COLUMNS, STATE_WORDS};

pub(crate) use arena::{AllGradients, Arena, Gradients};
pub(crate) use layers::Cotangents;
pub(crate) use sequential::{Sequential, Tape};
pub(crate) use update::Update;
