//! Over its widest gap a curve goes on as it did before.
//!
//! Where the widest gap of a curve is wider than its turns are apart, the minimum spanning tree
//! crosses to another turn there. Of the edges that could join the two sides of that gap, a dozen are
//! looked at that are short and go on in the direction in which either side ends. Where noise turns
//! the last samples of a side round, that direction says little, so that each of the dozen is judged
//! by the whole curve it would make: by how probable its samples are as a [smooth curve] along it.
//!
//! [smooth curve]: super::smooth_curve

use super::geodesic::{join, shortest_paths};
use super::scaling::classic;
use super::smooth_curve::SmoothCurve;
use crate::error::Result;
use rayon::prelude::*;

/// How far back the direction looks in which a side ends, in lengths of the gap.
const REACH: f64 = 0.3;
/// The longest edge that is looked at, in lengths of the gap.
const LONGEST: f64 = 2.0;
/// Edges that are judged by their curves.
const WAYS: usize = 12;
/// Samples that a curve is judged by, at most.
const JUDGED: usize = 64;
/// Log likelihood that weighs as much as a way of one length of the gap, straight on.
const DETOUR: f64 = 5.0;

/// Replaces the longest edge of `tree`, a spanning tree of `distances` [samples, samples], by the edge
/// between its two sides over which the curve is most probable, less [`DETOUR`] times length (1 + turn
/// at one end + turn at the other) over that of the gap, where a turn is 0 straight on, 1 at a right
/// angle or in the midst of samples, and 2 straight back. Where that is another edge than before, it is
/// the only one left between the sides, also of `edges`, the neighbours of every sample.
///
/// # Errors
/// When the lengths of a curve cannot be placed.
pub(super) fn bridge_gap(
    distances: &[f64],
    edges: &mut Vec<Vec<usize>>,
    tree: &mut [(usize, usize)],
    seed: u64,
) -> Result<()> {
    let samples = edges.len();
    let distance = |a: usize, b: usize| distances[a * samples + b];
    let length = |at: usize| distance(tree[at].0, tree[at].1);
    let Some(longest) = (0..tree.len()).max_by(|&a, &b| length(a).total_cmp(&length(b))) else {
        return Ok(());
    };
    let gap = length(longest);
    if gap == 0.0 {
        return Ok(());
    }
    let side = side_of(tree, longest, samples);
    let ways = ways(distances, &side, tree[longest], gap);
    let mut sides: Vec<Vec<usize>> = (0..samples)
        .map(|sample| {
            let own = edges[sample].iter();
            own.filter(|&&other| side[other] == side[sample])
                .copied()
                .collect()
        })
        .collect();
    join(&mut sides, all_but(tree, longest));
    let judge = Judge::new(distances, &side, &sides, seed);
    let scores = ways.par_iter().map(|way| {
        let likelihood = judge.log_likelihood(way.ends, distance(way.ends.0, way.ends.1))?;
        Ok(likelihood - DETOUR * way.cost / gap)
    });
    let scores = scores.collect::<Result<Vec<f64>>>()?;
    let best = (0..ways.len())
        .rev()
        .max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let best = best.map_or(tree[longest], |at| ways[at].ends);
    if best != tree[longest] {
        tree[longest] = best;
        *edges = sides;
    }
    Ok(())
}

/// An edge over the gap.
struct Way {
    /// The sample on the side of the first end of the tree's edge, and that on the other.
    ends: (usize, usize),
    /// Length (1 + both turns).
    cost: f64,
}

/// The edges of least cost between the two sides, and the `given` one.
fn ways(distances: &[f64], side: &[bool], given: (usize, usize), gap: f64) -> Vec<Way> {
    let samples = side.len();
    let distance = |a: usize, b: usize| distances[a * samples + b];
    // Of each sample, those behind it on its side, with their weights.
    let behind: Vec<Vec<(usize, f64)>> = (0..samples)
        .map(|sample| {
            let near = |other: usize| {
                let apart = distance(sample, other);
                let weight = (-(apart / (REACH * gap)).powi(2)).exp();
                let counts = apart > 0.0 && apart < gap && side[other] == side[sample];
                counts.then_some((other, weight))
            };
            (0..samples).filter_map(near).collect()
        })
        .collect();
    // The turn of a way that comes from behind `from` and goes on to `to`: of the differences from
    // the samples behind and of that to `to`, inner products are known by their lengths.
    let turn = |from: usize, to: usize| {
        let onward = distance(from, to);
        let (mut along, mut all) = (0.0, 0.0);
        for &(other, weight) in &behind[from] {
            let (back, across) = (distance(from, other), distance(other, to));
            along += weight * (across * across - back * back - onward * onward) / 2.0;
            all += weight * back * onward;
        }
        if all > 0.0 { 1.0 - along / all } else { 1.0 }
    };
    let way = |a: usize, b: usize| Way {
        ends: (a, b),
        cost: distance(a, b) * (1.0 + turn(a, b) + turn(b, a)),
    };
    let mut ways = Vec::new();
    for a in (0..samples).filter(|&a| side[a]) {
        let others = (0..samples).filter(|&b| !side[b] && distance(a, b) <= LONGEST * gap);
        ways.extend(others.map(|b| way(a, b)));
    }
    ways.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    ways.truncate(WAYS);
    if !ways.iter().any(|way| way.ends == given) {
        ways.push(way(given.0, given.1));
    }
    ways
}

/// What a curve is judged by.
struct Judge<'a> {
    side: &'a [bool],
    /// The samples that it is judged by.
    samples: Vec<usize>,
    /// The lengths of the shortest paths from each of them to all samples of its side.
    paths: Vec<Vec<f64>>,
    curve: SmoothCurve,
    seed: u64,
}

impl<'a> Judge<'a> {
    /// `sides` are the edges of the graph without those over the gap.
    fn new(distances: &[f64], side: &'a [bool], sides: &[Vec<usize>], seed: u64) -> Self {
        let all = side.len();
        let count = all.min(JUDGED);
        let samples: Vec<usize> = (0..count).map(|at| at * all / count).collect();
        let among = samples.iter().flat_map(|&a| {
            let row = &distances[a * all..][..all];
            samples.iter().map(|&b| row[b])
        });
        let curve = SmoothCurve::through(&among.collect::<Vec<_>>(), count);
        let from = |&sample: &usize| shortest_paths(distances, sides, sample);
        Self {
            side,
            paths: samples.par_iter().map(from).collect(),
            samples,
            curve,
            seed,
        }
    }

    /// How probable the samples are where an edge of some `length` between `ends` joins the sides.
    fn log_likelihood(&self, ends: (usize, usize), length: f64) -> Result<f64> {
        let count = self.samples.len();
        let of_side = |sample: usize| if self.side[sample] { ends.0 } else { ends.1 };
        let lengths = (0..count * count).map(|at| {
            let (from, to) = (at / count, self.samples[at % count]);
            let own = self.samples[from];
            if self.side[own] == self.side[to] {
                return self.paths[from][to];
            }
            self.paths[from][of_side(own)] + length + self.paths[at % count][of_side(to)]
        });
        let places = classic(&lengths.collect::<Vec<_>>(), count, 1, self.seed)?;
        Ok(self.curve.log_likelihood(&places))
    }
}

/// The edges of `tree` without that at `cut`.
fn all_but(tree: &[(usize, usize)], cut: usize) -> impl Iterator<Item = &(usize, usize)> {
    tree[..cut].iter().chain(&tree[cut + 1..])
}

/// Which samples lie on the same side of the edge `cut` of `tree` as its first end.
fn side_of(tree: &[(usize, usize)], cut: usize, samples: usize) -> Vec<bool> {
    let mut edges = vec![Vec::new(); samples];
    join(&mut edges, all_but(tree, cut));
    let mut side = vec![false; samples];
    let mut reached = vec![tree[cut].0];
    while let Some(sample) = reached.pop() {
        if !std::mem::replace(&mut side[sample], true) {
            reached.extend(&edges[sample]);
        }
    }
    side
}
