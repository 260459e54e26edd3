//! (network, objective, batch shape) -> recording: forward, backward, Adam. Plain data; see `gpu`
//! and `cpu` for who runs it.

mod arena;
mod codes;
pub mod jets;
mod layers;
mod maps;
pub mod ops;
pub mod pass;
mod recording;
mod sharing;
mod stack;
mod step;
mod terms;
mod update;

pub use maps::{Map, Part, jets_map, map};
pub use pass::{Describe, Grid, Pass, Word};
pub use recording::{Buffer, BufferId, Element, Recording, View};
pub use step::{
    Data, Optimiser, SCHEDULE_COLUMNS, STATE_WORDS, Step, gradient_step, training_step,
};
