//! Exact k nearest neighbours of samples of few features, by a k-d tree (Bentley 1975; Friedman,
//! Bentley and Finkel 1977) whose nodes know the boxes that their samples lie in.
//!
//! A box is passed over only where no sample in it can be among the nearest. The bound is
//! [`squared_distance`](super::squared_distance) to the nearest place of the box: each of its terms
//! is at most that of any sample in the box, and so is their sum, since both are rounded in the same
//! way and rounding keeps order. Among samples at one distance indices decide, so a node also knows
//! its smallest index; without that, duplicates would be compared all with all. The result is that of
//! [`by_products`](super::nearest::by_products), on any number of threads.

use super::lists::{Lists, gather};
use super::nearest::Graph;
use crate::ranks::Ranks;
use rayon::prelude::*;

/// Samples of a leaf, at most.
const LEAF: usize = 12;
/// Samples up to which a subtree is built by one thread.
const ALONE: usize = 1 << 14;
/// Samples whose neighbours are looked for before progress is told.
const BATCH: usize = 1 << 14;
/// Features beyond which boxes rule out so little that the products of all pairs are quicker, even
/// of a million samples.
const MOST_FEATURES: usize = 7;
/// Samples below which it takes no time either way.
const FEWEST_SAMPLES: usize = 4096;

/// Whether the tree is quicker than the products of all pairs.
pub(super) fn pays(samples: usize, features: usize) -> bool {
    (1..=MOST_FEATURES).contains(&features) && samples >= FEWEST_SAMPLES
}

/// The graph of the `k` nearest neighbours of `points` [samples, features], which are finite and
/// more than k, with 1 to 7 features. `progress` is called with the share of the work that is done.
pub(super) fn graph(
    ranks: &dyn Ranks,
    points: &[f32],
    features: usize,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Graph {
    match features {
        1 => Tree::<1>::new(points).graph(ranks, k, progress),
        2 => Tree::<2>::new(points).graph(ranks, k, progress),
        3 => Tree::<3>::new(points).graph(ranks, k, progress),
        4 => Tree::<4>::new(points).graph(ranks, k, progress),
        5 => Tree::<5>::new(points).graph(ranks, k, progress),
        6 => Tree::<6>::new(points).graph(ranks, k, progress),
        MOST_FEATURES => Tree::<MOST_FEATURES>::new(points).graph(ranks, k, progress),
        _ => unreachable!("`pays` tells of how many features there are trees"),
    }
}

/// The samples in the order of the tree's leaves, of N features each.
struct Tree<const N: usize> {
    points: Vec<[f32; N]>,
    /// The index of each sample.
    indices: Vec<u32>,
    root: Node<N>,
}

/// Samples [start, end) of the tree's order, within a box.
struct Node<const N: usize> {
    start: usize,
    end: usize,
    /// The lower ends of the box.
    low: [f32; N],
    /// The upper ends.
    high: [f32; N],
    /// The smallest index of its samples.
    first: u32,
    /// None for a leaf.
    children: Option<Box<[Node<N>; 2]>>,
}

impl<const N: usize> Tree<N> {
    fn new(points: &[f32]) -> Self {
        let points = points.as_chunks().0;
        let mut indices: Vec<u32> = (0..points.len() as u32).collect();
        let root = Node::new(points, &mut indices, 0);
        let ordered = indices.iter().map(|&index| points[index as usize]);
        Self {
            points: ordered.collect(),
            indices,
            root,
        }
    }

    fn graph(&self, ranks: &dyn Ranks, k: usize, progress: &mut dyn FnMut(f64)) -> Graph {
        let samples = self.points.len();
        let part = ranks.own_part(samples);
        // In the order of leaves one search finds in the cache what the one before it looked at.
        let mut found = Lists::with_capacity(k, part.len());
        for start in part.clone().step_by(BATCH) {
            let batch = (start..(start + BATCH).min(part.end)).into_par_iter();
            let lists: Vec<_> = batch.map(|at| self.search(at, k).found).collect();
            lists.iter().for_each(|list| found.push(list));
            progress(found.len() as f64 / part.len() as f64);
        }
        Graph::of_lists(gather(ranks, found).in_order_of(&self.indices))
    }

    /// The `k` nearest of the sample at place `at`.
    fn search(&self, at: usize, k: usize) -> Search<'_, N> {
        let mut search = Search {
            tree: self,
            at,
            k,
            found: Vec::with_capacity(k),
            #[cfg(test)]
            looked_at: 0,
        };
        search.visit(&self.root, 0.0);
        search
    }
}

impl<const N: usize> Node<N> {
    /// The subtree of the samples `indices`, which stand from `start` on in the order of the tree and
    /// are brought into that order.
    fn new(points: &[[f32; N]], indices: &mut [u32], start: usize) -> Self {
        let (mut low, mut high) = ([f32::INFINITY; N], [f32::NEG_INFINITY; N]);
        for &index in &*indices {
            for (axis, value) in points[index as usize].into_iter().enumerate() {
                low[axis] = low[axis].min(value);
                high[axis] = high[axis].max(value);
            }
        }
        let width = |&axis: &usize| high[axis] - low[axis];
        let widest = (0..N).max_by(|a, b| width(a).total_cmp(&width(b)));
        let first = indices.iter().copied().min().unwrap_or(0);
        let end = start + indices.len();
        let children = widest.filter(|_| indices.len() > LEAF).map(|axis| {
            let middle = indices.len() / 2;
            let value = |index: u32| points[index as usize][axis];
            indices.select_nth_unstable_by(middle, |&a, &b| {
                value(a).total_cmp(&value(b)).then(a.cmp(&b))
            });
            let alone = indices.len() <= ALONE;
            let (before, after) = indices.split_at_mut(middle);
            let build = |indices, start| Self::new(points, indices, start);
            let (before, after) = match alone {
                true => (build(before, start), build(after, start + middle)),
                false => rayon::join(|| build(before, start), || build(after, start + middle)),
            };
            Box::new([before, after])
        });
        Self {
            start,
            end,
            low,
            high,
            first,
            children,
        }
    }

    /// The squared distance of `point` to the nearest place of the box.
    fn bound(&self, point: &[f32; N]) -> f64 {
        let place = std::array::from_fn(|axis| point[axis].clamp(self.low[axis], self.high[axis]));
        squared_distance(point, &place)
    }
}

/// [`squared_distance`](super::squared_distance) of fewer than 8 features: their sum in order.
fn squared_distance<const N: usize>(a: &[f32; N], b: &[f32; N]) -> f64 {
    let terms = a.iter().zip(b);
    terms
        .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
        .sum()
}

/// The search for the neighbours of one sample.
struct Search<'a, const N: usize> {
    tree: &'a Tree<N>,
    /// Its place in the tree.
    at: usize,
    k: usize,
    /// The nearest so far with their squared distances, nearest first, ties by index.
    found: Vec<(u32, f64)>,
    /// Samples whose distance was computed.
    #[cfg(test)]
    looked_at: usize,
}

impl<const N: usize> Search<'_, N> {
    /// Looks at the samples of `node`, all of them at least at the squared distance `bound`.
    fn visit(&mut self, node: &Node<N>, bound: f64) {
        if !self.is_wanted(bound, node.first) {
            return;
        }
        let Some(children) = &node.children else {
            (node.start..node.end).for_each(|at| self.offer(at));
            return;
        };
        let point = &self.tree.points[self.at];
        let [mut near, mut far] = children.each_ref().map(|child| (child.bound(point), child));
        let key = |(bound, child): (f64, &Node<N>)| (bound, child.first);
        if key(far) < key(near) {
            (near, far) = (far, near);
        }
        self.visit(near.1, near.0);
        self.visit(far.1, far.0);
    }

    /// Whether a sample of this distance and index, or of greater ones, could be among the nearest.
    fn is_wanted(&self, distance: f64, index: u32) -> bool {
        match self.found.last() {
            Some(&(worst, limit)) if self.found.len() == self.k => {
                (distance, index) < (limit, worst)
            }
            _ => true,
        }
    }

    fn offer(&mut self, at: usize) {
        let (tree, index) = (self.tree, self.tree.indices[at]);
        #[cfg(test)]
        {
            self.looked_at += 1;
        }
        let distance = squared_distance(&tree.points[self.at], &tree.points[at]);
        if at == self.at || !self.is_wanted(distance, index) {
            return;
        }
        if self.found.len() == self.k {
            self.found.pop();
        }
        let before = |&(other, nearer): &(u32, f64)| (nearer, other) < (distance, index);
        let place = self.found.partition_point(before);
        self.found.insert(place, (index, distance));
    }
}

#[cfg(test)]
mod tests {
    use super::super::nearest::by_products;
    use super::*;
    use crate::random::{Generator, Stream};
    use crate::ranks::Alone;
    use rand::RngExt;

    #[test]
    fn the_tree_finds_what_products_find() {
        let mut generator = Generator::new(3, Stream::Test, 0);
        let mut draw = |samples: usize, features: usize, distinct: u32, offset: f32| -> Vec<f32> {
            (0..samples * features)
                .map(|_| match distinct {
                    0 => offset + generator.random::<f32>(),
                    _ => offset + generator.random_range(0..distinct) as f32,
                })
                .collect()
        };
        for (samples, features, k) in [
            (2, 1, 1),
            (13, 2, 12),
            (700, 1, 5),
            (3000, 2, 10),
            (2500, 3, 7),
            (900, 7, 4),
        ] {
            // Spread, with many ties and duplicates, all the same, and far from 0.
            for (distinct, offset) in [(0, 0.0), (3, 0.0), (1, 0.0), (0, 1e4)] {
                let points = draw(samples, features, distinct, offset);
                let expected = by_products(&Alone, &points, features, k, &mut |_| ()).unwrap();
                let found = graph(&Alone, &points, features, k, &mut |_| ());
                assert!(
                    found == expected,
                    "{samples} samples, {features} features, k {k}, {distinct}, {offset}"
                );
            }
        }
    }

    #[test]
    fn duplicates_are_not_compared_all_with_all() {
        let samples = 40_000;
        let points: Vec<f32> = (0..2 * samples).map(|at| ((at / 2) % 2) as f32).collect();
        let found = graph(&Alone, &points, 2, 3, &mut |_| ());
        assert_eq!(found.of(0), [2, 4, 6]);
        assert_eq!(found.of(samples - 1), [1, 3, 5]);
        let tree = Tree::<2>::new(&points);
        for at in (0..samples).step_by(97) {
            let looked_at = tree.search(at, 3).looked_at;
            assert!(looked_at < 20 * LEAF, "{looked_at} of {samples}");
        }
    }

    #[test]
    fn threads_do_not_matter() {
        let mut generator = Generator::new(4, Stream::Test, 0);
        let points: Vec<f32> = (0..3 * 40_000)
            .map(|_| generator.random_range(0..50) as f32)
            .collect();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new();
            let pool = pool.num_threads(threads).build().unwrap();
            pool.install(|| graph(&Alone, &points, 3, 6, &mut |_| ()))
        };
        assert_eq!(with(1), with(3));
    }
}
