//! Which neighbours a centre's are drawn from: those of the graph, or of its mutual or symmetric
//! part.

use super::Graph;
use serde::{Deserialize, Serialize};

/// How the edges of a directed graph become neighbourhoods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Edges {
    /// Each sample's k nearest, as in the paper
    #[default]
    Directed,
    /// Only where both are among each other's k nearest; a sample without such keeps its nearest
    /// neighbour
    Mutual,
    /// Where either is among the other's k nearest
    Symmetric,
}

/// Neighbours of each sample, of any number.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbourhoods {
    /// Where the neighbours of each sample begin, and where the last ones end.
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    distances: Vec<f32>,
}

impl Neighbourhoods {
    /// The neighbourhoods that `graph` has with `edges`, each nearest first, ties by index.
    pub fn of_graph(graph: &Graph, edges: Edges) -> Self {
        let samples = graph.neighbours.len() / graph.k;
        let own = |sample: usize| {
            let row = sample * graph.k..(sample + 1) * graph.k;
            graph.neighbours[row.clone()]
                .iter()
                .copied()
                .zip(graph.distances[row].iter().copied())
        };
        let mut lists: Vec<Vec<(u32, f32)>> =
            (0..samples).map(|sample| own(sample).collect()).collect();
        match edges {
            Edges::Directed => {}
            Edges::Mutual => {
                for (sample, list) in lists.iter_mut().enumerate() {
                    let nearest = list[0];
                    list.retain(|(other, _)| graph.of(*other as usize).contains(&(sample as u32)));
                    if list.is_empty() {
                        list.push(nearest);
                    }
                }
            }
            Edges::Symmetric => {
                for sample in 0..samples {
                    for (other, distance) in own(sample) {
                        if !graph.of(other as usize).contains(&(sample as u32)) {
                            lists[other as usize].push((sample as u32, distance));
                        }
                    }
                }
                for list in &mut lists {
                    list.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
                }
            }
        }
        let mut starts = vec![0];
        starts.extend(lists.iter().scan(0, |end, list| {
            *end += list.len();
            Some(*end)
        }));
        let (neighbours, distances) = lists.into_iter().flatten().unzip();
        Self {
            starts,
            neighbours,
            distances,
        }
    }

    /// Number of neighbours of `sample`, at least 1.
    pub fn count(&self, sample: usize) -> usize {
        self.starts[sample + 1] - self.starts[sample]
    }

    /// The `at`-th neighbour of `sample` with its distance.
    pub fn get(&self, sample: usize, at: usize) -> (u32, f32) {
        let at = self.starts[sample] + at;
        (self.neighbours[at], self.distances[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::nearest_neighbours;

    #[test]
    fn mutual_is_within_directed_within_symmetric() {
        // 3 is the nearest of nobody.
        let points = [0.0, 1.0, 2.5, 10.0];
        let graph = nearest_neighbours(&points, 1, 1, &mut |_| ()).unwrap();
        assert_eq!(graph.neighbours, [1, 0, 1, 2]);
        let lists = |edges| {
            let all = Neighbourhoods::of_graph(&graph, edges);
            (0..4)
                .map(|s| {
                    (0..all.count(s))
                        .map(|at| all.get(s, at).0)
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(lists(Edges::Directed), [vec![1], vec![0], vec![1], vec![2]]);
        assert_eq!(lists(Edges::Mutual), [vec![1], vec![0], vec![1], vec![2]]);
        assert_eq!(
            lists(Edges::Symmetric),
            [vec![1], vec![0, 2], vec![1, 3], vec![2]]
        );
        let graph = nearest_neighbours(&points, 1, 2, &mut |_| ()).unwrap();
        let mutual = Neighbourhoods::of_graph(&graph, Edges::Mutual);
        assert_eq!(
            (mutual.count(3), mutual.get(3, 0).0),
            (1, 2),
            "a sample without mutual neighbours keeps its nearest"
        );
    }
}
