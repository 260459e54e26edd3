//! Which samples and neighbours each step sees: a pure function of (seed, epoch, step), whatever
//! was run before.

use super::shuffle;
use crate::graph::{Graph, Neighbourhoods};
use crate::objective::{Kernel, Objective, Sampling};
use crate::random::{Generator, Stream};
use rand::RngExt;

/// How the rows that a step compares stand for the neighbourhood N(x) of a centre x, which holds x
/// itself and n neighbours. Weights are those of equation 3 where it has K(x', x) / |N(x)|.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SamplingScheme {
    /// D neighbours drawn uniformly with replacement, and the mean over the rows compared: each has
    /// 1 / (D + 1). The paper's batch {x, x_n} with D = 1 (section 2.2). The centre counts more
    /// than in equation 3, as if every lambda were lambda D / n.
    #[default]
    Batch,
    /// The same draws, where x has 1 / (n + 1) and a neighbour n / ((n + 1) D): the expected weight
    /// of every point of N(x) is 1 / |N(x)|, so the loss of a step is an unbiased estimate of
    /// equation 3.
    Unbiased,
    /// Every neighbour once with 1 / (n + 1), as x: equation 3 itself. D is the size of the largest
    /// neighbourhood; rows beyond a centre's own repeat it with weight 0.
    All,
}

/// Draws batches of centres, their neighbours, and the weights of the squared errors.
#[derive(Debug)]
pub struct Sampler<'a> {
    /// Samples of the training set.
    pub samples: usize,
    /// Features of a sample: the loss is a mean over them.
    pub features: usize,
    /// Centres of a full batch.
    pub batch: usize,
    /// What is gathered for each centre.
    pub objective: &'a Objective,
    /// How rows stand for a neighbourhood.
    pub scheme: SamplingScheme,
    /// The weight of a neighbour.
    pub kernel: Kernel,
    /// The neighbourhood graph, where the objective needs one.
    pub graph: Option<&'a Graph>,
    /// What neighbours are drawn from: of that graph.
    pub neighbourhoods: Option<&'a Neighbourhoods>,
    /// Samples that are shuffled at a time; all of them where it is not given.
    pub shuffle_buffer: Option<usize>,
    /// The run's seed.
    pub seed: u64,
}

/// What the steps of a block read, in the layout of [`Step`](crate::objective::Step).
#[derive(Debug, Default)]
pub struct Block {
    /// [steps, batch, group].
    pub indices: Vec<u32>,
    /// [steps, batch, group].
    pub weights: Vec<f32>,
    /// `[steps]`: the number of centres that count.
    pub counts: Vec<usize>,
}

/// What the blocks of a run have in common.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The epoch of `order`.
    epoch: Option<usize>,
    /// Its samples in their order.
    order: Vec<u32>,
    /// The median distance of neighbours, where a kernel needs it.
    median: Option<f32>,
}

impl Block {
    /// Keeps of each of the `steps` batches the rows of one of several equal parts, given by its number
    /// and theirs.
    pub(super) fn keep_part(&mut self, (part, parts): (usize, usize), steps: usize) {
        if parts == 1 {
            return;
        }
        let rows = self.indices.len() / steps;
        let len = rows / parts;
        let kept = |row: &usize| row % rows / len == part;
        let rows = (0..self.indices.len()).filter(kept);
        (self.indices, self.weights) = rows
            .map(|row| (self.indices[row], self.weights[row]))
            .unzip();
    }
}

impl Sampler<'_> {
    /// Batches of an epoch; the last may be partial.
    pub fn steps_per_epoch(&self) -> usize {
        self.samples.div_ceil(self.batch)
    }

    /// Fills `block` for steps `first..first + steps` of the run.
    ///
    /// The rows of a partial batch that have no centre repeat sample 0 with weight 0. Weights hold
    /// the means over batch, compared rows (as [`SamplingScheme`] says) and features, so the loss
    /// is a mean squared error per element, comparable between methods.
    ///
    /// # Panics
    /// When all neighbours are compared, but there are fewer rows than a centre has neighbours.
    pub fn fill(&self, block: &mut Block, first: usize, steps: usize) {
        self.fill_after(&mut Kept::default(), block, first, steps);
    }

    /// [`Sampler::fill`], with what an earlier call on the same samples has kept: of a large set, that
    /// takes longer than the block.
    pub(super) fn fill_after(
        &self,
        kept: &mut Kept,
        block: &mut Block,
        first: usize,
        steps: usize,
    ) {
        block.indices.clear();
        block.weights.clear();
        block.counts.clear();
        let group = self.objective.group();
        let median = match (self.kernel, self.graph) {
            (Kernel::Gaussian { bandwidth: None }, Some(graph)) => {
                *kept.median.get_or_insert_with(|| graph.median_distance())
            }
            _ => 0.0,
        };
        for step in first..first + steps {
            let (epoch, batch) = (step / self.steps_per_epoch(), step % self.steps_per_epoch());
            if kept.epoch != Some(epoch) {
                kept.order = shuffle::order(
                    self.samples,
                    self.batch,
                    self.shuffle_buffer,
                    self.seed,
                    epoch,
                );
                kept.epoch = Some(epoch);
            }
            let centres =
                &kept.order[batch * self.batch..self.samples.min((batch + 1) * self.batch)];
            let mut generator = Generator::new(self.seed, Stream::Neighbour, step as u64);
            block.counts.push(centres.len());
            for &centre in centres {
                self.compare(block, centre, centres.len(), median, &mut generator);
                // Neighbours that are combined are encoded, but not compared.
                if let Some(graph) = self.graph {
                    let combined = graph.of(centre as usize).iter().take(self.objective.k);
                    block.indices.extend(combined);
                }
                block.weights.resize(block.indices.len(), 0.0);
            }
            let rows_of_block = (step - first + 1) * self.batch * group;
            block.indices.resize(rows_of_block, 0);
            block.weights.resize(rows_of_block, 0.0);
        }
    }

    /// Adds `centre`, one of `centres`, and the neighbours that are compared with it.
    fn compare(
        &self,
        block: &mut Block,
        centre: u32,
        centres: usize,
        median: f32,
        generator: &mut Generator,
    ) {
        let Sampling {
            neighbours: rows,
            centre: with_centre,
        } = self.objective.sampling;
        let neighbourhoods = self.neighbourhoods.filter(|_| rows > 0);
        let count = neighbourhoods.map_or(0, |all| all.count(centre as usize));
        // Over how many points the mean goes, and how many of them a neighbour's row stands for.
        let (points, stands_for) = match self.scheme {
            // Without neighbours only the centre is compared.
            _ if neighbourhoods.is_none() => (1, 1.0),
            SamplingScheme::Batch => (rows + usize::from(with_centre), 1.0),
            SamplingScheme::Unbiased => (count + 1, count as f32 / rows as f32),
            SamplingScheme::All => (count + usize::from(with_centre), 1.0),
        };
        let mean = 1.0 / (centres * points * self.features) as f32;
        block.indices.push(centre);
        block.weights.push(if with_centre { mean } else { 0.0 });
        let Some(neighbourhoods) = neighbourhoods else {
            return;
        };
        let mut push = |(neighbour, distance): (u32, f32)| {
            block.indices.push(neighbour);
            let weight = stands_for * self.kernel.weight(distance, median);
            block.weights.push(mean * weight);
        };
        if self.scheme == SamplingScheme::All {
            assert!(count <= rows, "{count} neighbours in {rows} rows");
            neighbourhoods.of(centre as usize).for_each(push);
            let padded = block.indices.len() + rows - count;
            block.indices.resize(padded, centre);
            block.weights.resize(padded, 0.0);
        } else {
            for _ in 0..rows {
                let at = generator.random_range(0..count as u32);
                push(neighbourhoods.get(centre as usize, at as usize));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edges;
    use crate::objective::{Method, Variants};

    fn objective() -> Objective {
        Method::find("nrae-l").unwrap().objective(
            Sampling {
                neighbours: 2,
                centre: true,
            },
            Variants::default(),
        )
    }

    fn sampler<'a>(
        (graph, neighbourhoods): &'a (Graph, Neighbourhoods),
        objective: &'a Objective,
    ) -> Sampler<'a> {
        Sampler {
            samples: 5,
            features: 2,
            batch: 3,
            objective,
            scheme: SamplingScheme::Batch,
            kernel: Kernel::Binary { lambda: 0.5 },
            graph: Some(graph),
            neighbourhoods: Some(neighbourhoods),
            shuffle_buffer: None,
            seed: 7,
        }
    }

    fn ring() -> (Graph, Neighbourhoods) {
        let neighbours = (0..5_u32)
            .flat_map(|i| [(i + 1) % 5, (i + 4) % 5])
            .collect();
        let graph = Graph {
            recall: None,
            k: 2,
            neighbours,
            distances: vec![1.0; 10],
        };
        let neighbourhoods = Neighbourhoods::of_graph(&graph, Edges::Directed);
        (graph, neighbourhoods)
    }

    #[test]
    fn what_is_kept_changes_no_block() {
        let (graph, objective) = (ring(), objective());
        let mut sampler = sampler(&graph, &objective);
        sampler.kernel = Kernel::Gaussian { bandwidth: None };
        let mut kept = Kept::default();
        // Within an epoch, over its end, the same again, and back.
        for (first, steps) in [(0, 1), (1, 2), (1, 2), (7, 3), (2, 1)] {
            let [mut block, mut fresh] = [Block::default(), Block::default()];
            sampler.fill_after(&mut kept, &mut block, first, steps);
            sampler.fill(&mut fresh, first, steps);
            assert_eq!(block.indices, fresh.indices);
            assert_eq!(block.weights, fresh.weights);
        }
    }

    #[test]
    fn an_epoch_sees_every_centre_once_with_neighbours_of_its_own() {
        let graph = ring();
        let mut block = Block::default();
        sampler(&graph, &objective()).fill(&mut block, 0, 4);
        assert_eq!((block.indices.len(), block.weights.len()), (4 * 9, 4 * 9));
        for epoch in 0..2 {
            let mut centres = Vec::new();
            for row in 6 * epoch..6 * epoch + 5 {
                let row = &block.indices[3 * row..][..3];
                centres.push(row[0]);
                assert!(
                    row[1..]
                        .iter()
                        .all(|neighbour| graph.0.of(row[0] as usize).contains(neighbour))
                );
            }
            centres.sort_unstable();
            assert_eq!(centres, [0, 1, 2, 3, 4]);
        }
        let full: Vec<f32> = [1.0, 0.5, 0.5].map(|k| k / 18.0).into();
        assert_eq!(&block.weights[..3], full);
        assert_eq!(
            &block.weights[15..18],
            [0.0; 3],
            "the third row of a batch of two is padding"
        );
        assert_eq!(block.weights[9], 1.0 / 12.0);
        assert_eq!(block.counts, [3, 2, 3, 2]);
    }

    #[test]
    fn neighbours_to_combine_come_last_and_weigh_nothing() {
        let graph = ring();
        let objective = Method::find("nr-spae-q").unwrap().objective(
            Sampling {
                neighbours: 1,
                centre: true,
            },
            Variants {
                k: 2,
                ..Default::default()
            },
        );
        let mut block = Block::default();
        sampler(&graph, &objective).fill(&mut block, 0, 1);
        for (rows, weights) in block.indices.chunks(4).zip(block.weights.chunks(4)) {
            assert_eq!(&rows[2..], graph.0.of(rows[0] as usize));
            assert!(weights[0] > 0.0 && weights[1] > 0.0 && weights[2..] == [0.0, 0.0]);
        }
    }

    #[test]
    fn blocks_do_not_matter() {
        let graph = ring();
        let (mut whole, mut part) = (Block::default(), Block::default());
        sampler(&graph, &objective()).fill(&mut whole, 0, 7);
        sampler(&graph, &objective()).fill(&mut part, 3, 4);
        assert_eq!(whole.indices[3 * 9..], part.indices);
        assert_eq!(whole.weights[3 * 9..], part.weights);
    }
}
