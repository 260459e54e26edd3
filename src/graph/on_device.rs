//! Exact k nearest neighbours on a device: it finds candidates in f32, of which distances in f64
//! here keep the nearest.
//!
//! Whoever is no candidate is at least as far as the last candidate, up to the rounding of f32,
//! which is bounded. Where the k-th nearest candidate is nearer than that, all others are ruled
//! out. Where a sample has too many at one distance, as among duplicates, the CPU decides.

use super::centred::Centred;
use super::nearest::{Graph, nearest_neighbours, refuse};
use super::{sample, squared_distance};
use crate::engine::ops::{BlockDistances, IncrementStep, MOST_NEAREST, Nearest};
use crate::engine::{Recording, STATE_WORDS};
use crate::error::{Error, Result};
use crate::executor::Executor;
use rayon::prelude::*;

/// Rows of a block of distances.
const ROWS: usize = 1024;
/// Columns of a block of distances.
const COLUMNS: usize = 4096;

/// Candidates of a sample: more than k, so that those that rounding swaps are among them.
fn candidates(k: usize) -> usize {
    2 * k + 32
}

/// Why the graph of `k` neighbours of `samples` samples cannot be found on `executor`, if so.
fn obstacle(executor: &dyn Executor, samples: usize, features: usize, k: usize) -> Option<String> {
    let (bytes, limit) = (
        4 * samples * features.max(candidates(k)),
        executor.data_limit(),
    );
    if candidates(k) > MOST_NEAREST {
        Some(format!(
            "{} neighbours are more than the {} that a device finds",
            k,
            (MOST_NEAREST - candidates(0)) / 2
        ))
    } else if bytes > limit {
        Some(format!(
            "{samples} samples of {features} features are more than the {} MiB that it binds",
            limit >> 20
        ))
    } else {
        None
    }
}

/// Whether [`nearest_neighbours_on`] can find such a graph.
pub fn device_finds(executor: &dyn Executor, samples: usize, features: usize, k: usize) -> bool {
    obstacle(executor, samples, features, k).is_none()
}

/// The graph that [`super::nearest_neighbours`] finds, with the distances of all pairs computed on
/// `executor`.
///
/// # Errors
/// Those of [`super::nearest_neighbours`]; when the device cannot hold the data or so many
/// neighbours, or fails.
pub fn nearest_neighbours_on(
    executor: &dyn Executor,
    points: &[f32],
    features: usize,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Result<Graph> {
    let samples = points.len() / features.max(1);
    refuse(samples, k)?;
    if let Some(why) = obstacle(executor, samples, features, k) {
        return Err(Error::input(format!(
            "{} cannot find the neighbours: {why}: find them on the CPU with --device cpu",
            executor.name()
        )));
    }
    let centred = Centred::checked(points, features)?;
    let (rows, columns, count) = (ROWS.min(samples), COLUMNS.min(samples), candidates(k));
    let mut r = Recording::default();
    let (values, squares) = (
        r.reals("points", samples * features),
        r.reals("squares", samples),
    );
    let (state, distances) = (
        r.words("state", STATE_WORDS),
        r.reals("distances", rows * columns),
    );
    let (nearest, neighbours) = (
        r.reals("nearest", samples * count),
        r.words("neighbours", samples * count),
    );
    r.push(
        "distances",
        BlockDistances {
            points: values,
            squares,
            state,
            distances,
            samples,
            features,
            rows,
            columns,
        },
    );
    r.push(
        "nearest",
        Nearest {
            distances,
            state,
            nearest,
            neighbours,
            samples,
            rows,
            columns,
            count,
        },
    );
    r.push("next block", IncrementStep { state });
    let mut session = executor.prepare(&r)?;
    session.write(values, centred.rows(&(0..samples)))?;
    session.write(squares, &centred.squares)?;
    let blocks = samples.div_ceil(rows);
    for done in 0..blocks {
        progress(done as f64 / blocks as f64);
        session.run(samples.div_ceil(columns))?;
    }
    let (nearest, neighbours) = (session.read(nearest)?, session.read_u32(neighbours)?);
    let largest = centred.largest_norm(&(0..samples));
    let found: Vec<Option<Vec<(f64, u32)>>> = (0..samples)
        .into_par_iter()
        .map(|row| {
            let own = f64::from(centred.squares[row]);
            let error = centred.rounding(own.sqrt(), largest);
            let exact = |other: u32| {
                (
                    squared_distance(
                        sample(points, features, row),
                        sample(points, features, other as usize),
                    ),
                    other,
                )
            };
            let (nearest, neighbours) = (
                &nearest[row * count..][..count],
                &neighbours[row * count..][..count],
            );
            // Farther than this by its rounded distance is farther than k others.
            let limit = f64::from(nearest[k - 1]) + 2.0 * error;
            let near = nearest.iter().zip(neighbours).take_while(|(value, other)| {
                f64::from(**value) <= limit && (**other as usize) < samples
            });
            let mut found: Vec<(f64, u32)> = near.map(|(_, other)| exact(*other)).collect();
            // Where all candidates are as near, so may others be.
            let sure = found.len() < count || count >= samples - 1;
            found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            found.truncate(k);
            sure.then_some(found)
        })
        .collect();
    let Some(found) = found.into_iter().collect::<Option<Vec<_>>>() else {
        return nearest_neighbours(points, features, k, progress);
    };
    progress(1.0);
    Ok(Graph {
        k,
        neighbours: found
            .iter()
            .flatten()
            .map(|&(_, neighbour)| neighbour)
            .collect(),
        distances: found
            .iter()
            .flatten()
            .map(|&(squared, _)| squared.sqrt() as f32)
            .collect(),
    })
}
