//! The paper's tables and figures, and some of our own, run again: an [`Experiment`] is data, a file of
//! `experiments/`; a [`Plan`] is its runs at a [`Scale`], each kept in a [`Cache`] as soon as it has
//! ended; a [report](write_report) puts what they gave beside the paper's figures.

mod cache;
mod cell;
mod claims;
mod curves;
mod entry;
mod experiment;
mod grid;
mod jobs;
mod make;
mod measures;
mod page;
mod pictures;
mod plan;
mod recipe;
mod report;
mod sources;
mod statistics;
mod tables;
mod verdicts;
mod words;

pub use cache::{Cache, Ended, Outcome};
pub use cell::RunSettings;
pub use experiment::{Experiment, Scale};
pub use make::{Event, Listener, Made, make};
pub use measures::{Measure, Sketch};
pub use plan::Plan;
pub use report::write_report;
