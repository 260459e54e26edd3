//! Measurements of speed: a training step, passes on their own, and the graph of nearest
//! neighbours. `nrae bench` prints them, and `benches/` holds the passes against earlier times.

mod neighbours;
mod rate;
mod step;
mod suite;
mod times;
mod trace;
mod work;

pub use neighbours::{NeighbourTime, graph_products, measure_neighbours, normal_samples};
pub use rate::{Rate, measure_limit, measure_work};
pub use step::{Share, StepTime, Workload, measure_step};
pub use suite::Suite;
pub use times::Times;
pub use trace::trace;
pub use work::{Prepared, Unit, Work};
