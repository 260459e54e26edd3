//! Measurements of speed: a training step, single passes, and the graph of nearest neighbours.
//! `nrae bench` prints them; `benches/` compares the passes with earlier runs.

mod neighbours;
mod rate;
mod replicas;
mod step;
mod suite;
mod times;
mod trace;
mod work;

pub use neighbours::{NeighbourTime, graph_products, measure_neighbours, normal_samples};
pub use rate::{Rate, measure_limit, measure_work};
pub use replicas::{ReplicaTime, measure_replicas};
pub use step::{Share, StepTime, Workload, measure_step};
pub use suite::Suite;
pub use times::Times;
pub use trace::trace;
pub use work::{Prepared, Unit, Work};
