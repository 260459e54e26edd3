//! At which places the neighbours that samples have in one space stand in another.
//!
//! A rank is the number of samples that are nearer, so it takes the distances to all of them. As in
//! the search for neighbours, bounded f32 products settle almost every comparison, and distances in
//! f64 the rest: the ranks are exact and depend on neither blocks nor threads.

use super::centred::Centred;
use super::{BLOCK, Graph, blocks};
use rayon::prelude::*;

/// For each sample of `points` [samples, features] the ranks of its neighbours in `graph`, which
/// may come from another space: [samples, k], 1 for the nearest of all other samples in Euclidean
/// distance, samples - 1 for the farthest; ties by index.
///
/// # Panics
/// When the graph is not one of as many samples.
pub fn neighbour_ranks(points: &[f32], features: usize, graph: &Graph) -> Vec<u32> {
    let samples = points.len() / features;
    assert_eq!(
        graph.neighbours.len(),
        samples * graph.k,
        "the graph must be one of the same samples"
    );
    let centred = Centred::new(points, features);
    let mut ranks = vec![0; graph.neighbours.len()];
    let mut products = vec![0.0_f32; BLOCK * BLOCK.min(samples)];
    let (mut of_rows, mut of_columns) = (Vec::new(), Vec::new());
    let blocks = blocks(samples);
    let exact = |row, other| centred.squared_distance(row, other as usize);
    for rows in &blocks {
        centred.fill_block(rows, &mut of_rows);
        let mut ladders: Vec<Ladder> = rows
            .clone()
            .into_par_iter()
            .map(|row| {
                Ladder::new(
                    graph
                        .of(row)
                        .iter()
                        .map(|&neighbour| (exact(row, neighbour), neighbour)),
                )
            })
            .collect();
        for columns in &blocks {
            let products = &mut products[..rows.len() * columns.len()];
            centred.fill_block(columns, &mut of_columns);
            centred.multiply(&of_rows, &of_columns, products);
            let error = centred.error(rows, columns);
            ladders
                .par_iter_mut()
                .zip(products.par_chunks(columns.len()))
                .enumerate()
                .for_each(|(r, (ladder, products))| {
                    let row = rows.start + r;
                    let own = f64::from(centred.squares[row]);
                    for (other, (&square, &product)) in columns
                        .clone()
                        .zip(centred.squares[columns.clone()].iter().zip(products))
                    {
                        let approximate = own + f64::from(square) - 2.0 * f64::from(product);
                        // What is certainly beyond the farthest neighbour changes no rank.
                        if approximate - error <= ladder.farthest() && other != row {
                            ladder
                                .count(other as u32, approximate, error, |other| exact(row, other));
                        }
                    }
                });
        }
        let ranks = &mut ranks[rows.start * graph.k..rows.end * graph.k];
        ladders
            .iter()
            .zip(ranks.chunks_exact_mut(graph.k))
            .for_each(|(ladder, ranks)| ladder.write(ranks));
    }
    ranks
}

/// The neighbours of one sample in order of distance, and how many samples lie in between.
struct Ladder {
    /// (squared distance, sample), ascending.
    rungs: Vec<(f64, u32)>,
    /// The place of each rung in the graph.
    places: Vec<usize>,
    /// Samples that are nearer than each rung or are that rung, but are beyond the one before.
    counts: Vec<u32>,
}

impl Ladder {
    fn new(neighbours: impl Iterator<Item = (f64, u32)>) -> Self {
        let given: Vec<(f64, u32)> = neighbours.collect();
        let mut places: Vec<usize> = (0..given.len()).collect();
        places.sort_unstable_by(|&a, &b| order(&given[a], &given[b]));
        Self {
            rungs: places.iter().map(|&place| given[place]).collect(),
            counts: vec![0; given.len()],
            places,
        }
    }

    /// Squared distance of the last rung.
    fn farthest(&self) -> f64 {
        self.rungs[self.rungs.len() - 1].0
    }

    /// Counts a sample whose squared distance is `approximate` up to `error`; `exact` computes it
    /// where that does not tell.
    fn count(&mut self, sample: u32, approximate: f64, error: f64, exact: impl Fn(u32) -> f64) {
        let (near, far) = (approximate - error, approximate + error);
        let mut rung = self.rungs.partition_point(|rung| rung.0 < near);
        if self.rungs.get(rung).is_some_and(|rung| rung.0 <= far) {
            let at = (exact(sample), sample);
            rung = self.rungs.partition_point(|rung| order(rung, &at).is_lt());
        }
        if let Some(count) = self.counts.get_mut(rung) {
            *count += 1;
        }
    }

    /// Writes the ranks in the order of the graph.
    fn write(&self, ranks: &mut [u32]) {
        let mut rank = 0;
        for (&place, &count) in self.places.iter().zip(&self.counts) {
            rank += count;
            ranks[place] = rank;
        }
    }
}

fn order(a: &(f64, u32), b: &(f64, u32)) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{nearest_neighbours, squared_distance_of_rows};
    use crate::random::{Generator, Stream};
    use rand::RngExt;
    use rand_distr::StandardNormal;

    /// By the definition.
    fn brute_force(points: &[f32], features: usize, graph: &Graph) -> Vec<u32> {
        let samples = points.len() / features;
        let at = |row, other: usize| {
            let other = other as u32;
            (
                squared_distance_of_rows(points, features, row, other),
                other,
            )
        };
        let rank = |row, neighbour: usize| {
            let own = at(row, neighbour);
            1 + (0..samples)
                .filter(|&other| other != row && order(&at(row, other), &own).is_lt())
                .count() as u32
        };
        (0..samples)
            .flat_map(|row| {
                graph
                    .of(row)
                    .iter()
                    .map(move |&n| rank(row, n as usize))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn ranks_are_those_of_the_definition_on_any_number_of_threads() {
        let normal = |generator: &mut Generator| generator.sample::<f32, _>(StandardNormal);
        // Few different values make many ties and duplicates; a large offset makes products cancel.
        let coarse = |generator: &mut Generator| generator.random_range(0..3) as f32;
        let far = |generator: &mut Generator| 1000.0 + generator.sample::<f32, _>(StandardNormal);
        let kinds: [fn(&mut Generator) -> f32; 3] = [normal, coarse, far];
        for (samples, features, k) in [(2, 1, 1), (9, 3, 8), (300, 1, 5), (1100, 9, 4)] {
            for value in kinds {
                let mut generator = Generator::new(samples as u64, Stream::Test, features as u64);
                let points: Vec<f32> = (0..samples * features)
                    .map(|_| value(&mut generator))
                    .collect();
                // Neighbours in another space: on a line.
                let line: Vec<f32> = (0..samples).map(|_| value(&mut generator)).collect();
                let graph = nearest_neighbours(&line, 1, k, &mut |_| ()).unwrap();
                let with = |threads| {
                    let pool = rayon::ThreadPoolBuilder::new()
                        .num_threads(threads)
                        .build()
                        .unwrap();
                    pool.install(|| neighbour_ranks(&points, features, &graph))
                };
                let ranks = with(3);
                assert!(
                    ranks == brute_force(&points, features, &graph),
                    "{samples} samples, {features} features, k {k}"
                );
                assert_eq!(ranks, with(1));
            }
        }
    }

    #[test]
    fn neighbours_in_their_own_space_have_the_ranks_1_to_k() {
        let mut generator = Generator::new(1, Stream::Test, 0);
        let points: Vec<f32> = (0..700 * 4)
            .map(|_| generator.random_range(0..5) as f32)
            .collect();
        let graph = nearest_neighbours(&points, 4, 6, &mut |_| ()).unwrap();
        assert!(
            neighbour_ranks(&points, 4, &graph)
                .chunks(6)
                .all(|ranks| ranks == [1, 2, 3, 4, 5, 6])
        );
    }
}
