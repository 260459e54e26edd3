//! Exact k nearest neighbours on a device: it finds candidates in f32, of which distances in f64
//! here keep the nearest.
//!
//! Whoever is no candidate is at least as far as the last candidate, up to the rounding of f32,
//! which is bounded. Where the k-th nearest candidate is nearer than that, all others are ruled
//! out. Where a sample has too many at one distance, as among duplicates, the CPU decides.

use super::centred::Centred;
use super::lists::{List, Lists, gather, nearest_first};
use super::nearest::{Graph, nearest_lists, refuse};
use super::tree;
use crate::engine::ops::{BlockDistances, IncrementStep, MOST_NEAREST, Nearest};
use crate::engine::{Recording, STATE_WORDS, View};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::ranks::{Alone, Ranks};
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

/// Whether [`nearest_neighbours_on`] can find such a graph, and all pairs are the way to find it.
pub fn device_finds(executor: &dyn Executor, samples: usize, features: usize, k: usize) -> bool {
    !tree::pays(samples, features) && obstacle(executor, samples, features, k).is_none()
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
    nearest_neighbours_on_all(&Alone, executor, points, features, k, progress)
}

/// [`nearest_neighbours_on`] the device of each of `ranks`, which finds a part.
pub(super) fn nearest_neighbours_on_all(
    ranks: &dyn Ranks,
    executor: &dyn Executor,
    points: &[f32],
    features: usize,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Result<Graph> {
    let samples = points.len() / features.max(1);
    refuse(samples, k)?;
    let centred = Centred::checked(points, features)?;
    let found = nearest_lists_on(ranks, executor, &centred, k, progress)?;
    Ok(Graph::of_lists(found))
}

/// What [`nearest_lists`] finds, on the `executor` of each of `ranks`.
pub(super) fn nearest_lists_on(
    ranks: &dyn Ranks,
    executor: &dyn Executor,
    centred: &Centred,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Result<Lists> {
    let own = ranks.agree(own_lists(ranks, executor, centred, k, progress))?;
    // The CPU decides for all where a sample of any rank has too many at one distance.
    if ranks.least(usize::from(own.is_some())) == 0 {
        return Ok(nearest_lists(ranks, centred, k, progress));
    }
    progress(1.0);
    let own = own.expect("every rank has found its part");
    Ok(gather(ranks, Lists::of(k, own)))
}

/// The lists of this rank's part of the samples, found on `executor`; `None` where it cannot tell which are
/// the nearest.
fn own_lists(
    ranks: &dyn Ranks,
    executor: &dyn Executor,
    centred: &Centred,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Result<Option<Vec<List>>> {
    let (samples, features) = (centred.samples(), centred.features());
    if let Some(why) = obstacle(executor, samples, features, k) {
        return Err(Error::input(format!(
            "{} cannot find the neighbours: {why}: find them on the CPU with --device cpu",
            executor.name()
        )));
    }
    let search = Search::new(samples, features, candidates(k));
    let mut session = executor.prepare(&search.recording)?;
    let mut places = Vec::new();
    centred.fill_block(&(0..samples), &mut places);
    session.write(search.points, &places)?;
    drop(places);
    session.write(search.squares, &centred.squares)?;
    let part = ranks.own_part(samples.div_ceil(search.rows));
    let columns = samples.div_ceil(search.columns);
    session.write_u32(search.state, &[(part.start * columns) as u32])?;
    for done in 0..part.len() {
        progress(done as f64 / part.len() as f64);
        session.run(columns)?;
    }
    let rows = (part.start * search.rows).min(samples)..(part.end * search.rows).min(samples);
    let (values, others) = (
        session.read(search.nearest)?,
        session.read_u32(search.neighbours)?,
    );
    let largest = centred.largest_norm(&(0..samples));
    let found = values
        .par_chunks(search.count)
        .zip(others.par_chunks(search.count))
        .enumerate()
        .skip(rows.start)
        .take(rows.len())
        .map(|(row, candidates)| {
            let error = centred.rounding(f64::from(centred.squares[row]).sqrt(), largest);
            nearest_candidates(candidates, samples, k, error, |other| {
                centred.squared_distance(row, other as usize)
            })
        })
        .collect();
    Ok(found)
}

/// The recording that finds `k` neighbours of `samples` samples.
pub(crate) fn search_recording(samples: usize, features: usize, k: usize) -> Recording {
    Search::new(samples, features, candidates(k)).recording
}

/// A recording whose steps go through the blocks of distances, and keep the nearest so far.
struct Search {
    recording: Recording,
    points: View,
    squares: View,
    /// Word 0: the step, which counts blocks.
    state: View,
    /// [samples, count]: rounded squared distances of the candidates, nearest first.
    nearest: View,
    /// [samples, count]: who they are.
    neighbours: View,
    rows: usize,
    columns: usize,
    count: usize,
}

impl Search {
    fn new(samples: usize, features: usize, count: usize) -> Self {
        let (rows, columns) = (ROWS.min(samples), COLUMNS.min(samples));
        let mut r = Recording::default();
        let points = r.reals("points", samples * features);
        let squares = r.reals("squares", samples);
        let state = r.words("state", STATE_WORDS);
        let distances = r.reals("distances", rows * columns);
        let nearest = r.reals("nearest", samples * count);
        let neighbours = r.words("neighbours", samples * count);
        let pass = BlockDistances {
            points,
            squares,
            state,
            distances,
            samples,
            features,
            rows,
            columns,
        };
        r.push("distances", pass);
        let pass = Nearest {
            distances,
            state,
            nearest,
            neighbours,
            samples,
            rows,
            columns,
            count,
        };
        r.push("nearest", pass);
        r.push("next block", IncrementStep { state });
        Self {
            recording: r,
            points,
            squares,
            state,
            nearest,
            neighbours,
            rows,
            columns,
            count,
        }
    }
}

/// The `k` nearest of a sample's candidates, given as rounded squared distances, which may be off
/// by `error`, and as samples; `None` where others may be as near.
fn nearest_candidates(
    (values, others): (&[f32], &[u32]),
    samples: usize,
    k: usize,
    error: f64,
    exact: impl Fn(u32) -> f64,
) -> Option<Vec<(u32, f64)>> {
    // Farther than this by its rounded distance is farther than k others.
    let limit = f64::from(values[k - 1]) + 2.0 * error;
    let mut found: Vec<(u32, f64)> = values
        .iter()
        .zip(others)
        .take_while(|&(&value, &other)| f64::from(value) <= limit && (other as usize) < samples)
        .map(|(_, &other)| (other, exact(other)))
        .collect();
    // Where all candidates are as near, so may others be.
    let sure = found.len() < values.len() || values.len() >= samples - 1;
    found.sort_unstable_by(nearest_first);
    found.truncate(k);
    sure.then_some(found)
}
