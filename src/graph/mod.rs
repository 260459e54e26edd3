//! The graph of nearest neighbours, and the ranks of samples among all others: exact, but for graphs
//! of very many samples, the same on any number of threads, in memory O(N k).

mod approximate;
mod candidates;
mod cells;
mod centred;
mod lists;
mod locally_linear;
mod metric;
mod nearest;
mod neighbourhoods;
mod on_device;
mod ranks;
mod search;
mod tree;
mod workers;

pub use locally_linear::locally_linear_coefficients;
pub use metric::Metric;
pub use nearest::{Graph, distance_products, nearest_neighbours};
pub use neighbourhoods::{Edges, Neighbourhoods};
pub(crate) use on_device::search_recording;
pub use on_device::{device_finds, nearest_neighbours_on};
pub use ranks::neighbour_ranks;
pub use search::Search;
pub use workers::Workers;

/// Rows of a block of products.
const BLOCK: usize = 1024;

/// The rows of each block.
fn blocks(samples: usize) -> Vec<std::ops::Range<usize>> {
    (0..samples)
        .step_by(BLOCK)
        .map(|start| start..(start + BLOCK).min(samples))
        .collect()
}

/// Row `row` of `points` [samples, features].
fn sample(points: &[f32], features: usize, row: usize) -> &[f32] {
    &points[row * features..][..features]
}

/// [`squared_distance`] of two rows of `points` [samples, features].
#[cfg(test)]
fn squared_distance_of_rows(points: &[f32], features: usize, row: usize, other: u32) -> f64 {
    squared_distance(
        sample(points, features, row),
        sample(points, features, other as usize),
    )
}

/// Squared Euclidean distance in f64: the definition that neighbours are ordered by. The order of
/// the sum is fixed.
pub(crate) fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0_f64; LANES];
    let (blocks_a, blocks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail = blocks_a.remainder().iter().zip(blocks_b.remainder());
    let tail: f64 = tail
        .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
        .sum();
    for (a, b) in blocks_a.zip(blocks_b) {
        for lane in 0..LANES {
            sums[lane] += (f64::from(a[lane]) - f64::from(b[lane])).powi(2);
        }
    }
    sums.iter().sum::<f64>() + tail
}
