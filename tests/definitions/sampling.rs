//! Which samples and neighbours a step sees, and what their errors weigh.

use crate::glue::{assert_close, doubles, rows, singles};
use crate::plain::autoencoder::{binary_kernel, gaussian_kernel};
use crate::plain::graph::{euclidean, mutual, nearest, symmetric};
use crate::plain::random::Words;
use nrae::graph::{Edges, Neighbourhoods, nearest_neighbours};
use nrae::objective::{Kernel, Method, Sampling, Variants};
use nrae::random::Stream;
use nrae::train::{Block, Sampler, SamplingScheme};
use rand::RngExt;
use rand::seq::SliceRandom;

/// The batches of a run by their definition: [steps][centres][rows of a group], the centre first.
/// An epoch is a random order of all samples, cut into batches; neighbours are drawn with
/// replacement, each of N(x) without x as often as any other. `combined` rows of the graph come
/// last.
pub fn batches(
    seed: u64,
    samples: usize,
    batch: usize,
    drawn: usize,
    [neighbourhoods, graph]: [&[Vec<(usize, f64)>]; 2],
    combined: usize,
    steps: usize,
) -> Vec<Vec<Vec<usize>>> {
    let of_epoch = samples.div_ceil(batch);
    let mut all = Vec::new();
    for step in 0..steps {
        let mut order: Vec<u32> = (0..samples as u32).collect();
        let epoch = (step / of_epoch) as u64;
        order.shuffle(&mut Words::new(seed, Stream::Shuffle as u32, epoch));
        let centres: Vec<u32> = order
            .into_iter()
            .skip(step % of_epoch * batch)
            .take(batch)
            .collect();
        let mut words = Words::new(seed, Stream::Neighbour as u32, step as u64);
        let group = |centre: u32| {
            let mut rows = vec![centre as usize];
            for _ in 0..drawn {
                let list = &neighbourhoods[centre as usize];
                rows.push(list[words.random_range(0..list.len() as u32) as usize].0);
            }
            if combined > 0 {
                rows.extend(graph[centre as usize][..combined].iter().map(|(j, _)| *j));
            }
            rows
        };
        all.push(centres.into_iter().map(group).collect());
    }
    all
}

const SAMPLES: usize = 23;
const FEATURES: usize = 3;

struct Setting {
    points: Vec<Vec<f64>>,
    kernel: Kernel,
    sampling: Sampling,
    edges: Edges,
    batch: usize,
    method: &'static str,
}

fn settings() -> Vec<Setting> {
    let mut all = Vec::new();
    for (turn, edges) in [Edges::Directed, Edges::Mutual, Edges::Symmetric]
        .into_iter()
        .enumerate()
    {
        for (kernel, method) in [
            (Kernel::Binary { lambda: 0.75 }, "nrae-l"),
            (
                Kernel::Gaussian {
                    bandwidth: Some(0.5),
                },
                "nrae-q",
            ),
            (Kernel::Gaussian { bandwidth: None }, "nr-spae-l"),
            (Kernel::Binary { lambda: 20.0 }, "spae"),
        ] {
            let sampling = Sampling {
                neighbours: 1 + turn,
                centre: turn != 1,
            };
            all.push(Setting {
                points: rows(3, SAMPLES, FEATURES),
                kernel,
                sampling,
                edges,
                batch: [5, 23, 8][turn],
                method,
            });
        }
    }
    all
}

#[test]
fn blocks_hold_the_batches_and_weights_of_the_definition() {
    let (seed, k, steps) = (0xABCD_1234_5678, 4, 17);
    for setting in settings() {
        let Setting {
            points,
            kernel,
            sampling,
            edges,
            batch,
            method,
        } = setting;
        let directed = nearest(&points, k, euclidean);
        let lists = match edges {
            Edges::Directed => directed.clone(),
            Edges::Mutual => mutual(&directed),
            Edges::Symmetric => symmetric(&directed),
        };
        let graph =
            nearest_neighbours(&singles(&points.concat()), FEATURES, k, &mut |_| ()).unwrap();
        let neighbourhoods = Neighbourhoods::of_graph(&graph, edges);
        let combined = if method.contains("spae") { 3 } else { 0 };
        let objective = Method::find(method).unwrap().objective(
            sampling,
            Variants {
                k: 3,
                ..Variants::default()
            },
        );
        let sampling = if method == "spae" {
            Sampling {
                neighbours: 0,
                centre: true,
            }
        } else {
            sampling
        };
        let sampler = Sampler {
            samples: SAMPLES,
            features: FEATURES,
            batch,
            objective: &objective,
            kernel,
            graph: Some(&graph),
            neighbourhoods: Some(&neighbourhoods),
            scheme: SamplingScheme::Batch,
            shuffle_buffer: None,
            seed,
        };
        // In two blocks, of which the second begins anywhere.
        let (mut block, mut second) = (Block::default(), Block::default());
        sampler.fill(&mut block, 0, steps - 4);
        sampler.fill(&mut second, steps - 4, 4);
        block.indices.extend(second.indices);
        block.weights.extend(second.weights);
        block.counts.extend(second.counts);

        let mut median: Vec<f64> = directed
            .concat()
            .iter()
            .map(|(_, distance)| *distance)
            .collect();
        median.sort_by(f64::total_cmp);
        let median = median[median.len() / 2];
        let (mut indices, mut weights) = (Vec::new(), Vec::new());
        let all = batches(
            seed,
            SAMPLES,
            batch,
            sampling.neighbours,
            [&lists, &directed],
            combined,
            steps,
        );
        for (step, groups) in all.iter().enumerate() {
            assert_eq!(block.counts[step], groups.len());
            let compared = sampling.neighbours + usize::from(sampling.centre);
            let mean = 1.0 / (groups.len() * compared * FEATURES) as f64;
            for rows in groups {
                for (r, row) in rows.iter().enumerate() {
                    indices.push(*row as u32);
                    let k_of = match (r, kernel) {
                        (0, _) => f64::from(u8::from(sampling.centre)),
                        (r, _) if r > sampling.neighbours => 0.0,
                        (_, Kernel::Binary { lambda }) => binary_kernel(f64::from(lambda), false),
                        (_, Kernel::Gaussian { bandwidth }) => gaussian_kernel(
                            bandwidth.map_or(median, f64::from),
                            &points[rows[0]],
                            &points[*row],
                        ),
                    };
                    weights.push(mean * k_of);
                }
            }
            // What is left of the last batch of an epoch weighs nothing.
            let group = 1 + sampling.neighbours + combined;
            indices.resize((step + 1) * batch * group, 0);
            weights.resize((step + 1) * batch * group, 0.0);
        }
        assert_eq!(block.indices, indices, "{method}, {edges:?}");
        let found = doubles(&block.weights);
        for (found, expected) in found.iter().zip(&weights) {
            assert_close(
                &[found * 1e3],
                &[expected * 1e3],
                1e-5,
                &format!("{method}, {edges:?}, {kernel:?}"),
            );
        }
        assert_eq!(found.len(), weights.len());
    }
}

/// The definition itself, by what it is for: every centre once an epoch, in another order each
/// time; neighbours equally often, never the centre.
#[test]
fn an_epoch_visits_every_centre_once_and_draws_neighbours_evenly() {
    let points = rows(3, SAMPLES, FEATURES);
    let k = 5;
    let lists = nearest(&points, k, euclidean);
    let graph = nearest_neighbours(&singles(&points.concat()), FEATURES, k, &mut |_| ()).unwrap();
    let neighbourhoods = Neighbourhoods::of_graph(&graph, Edges::Directed);
    let sampling = Sampling {
        neighbours: 2,
        centre: true,
    };
    let objective = Method::find("nrae-l")
        .unwrap()
        .objective(sampling, Variants::default());
    let sampler = Sampler {
        samples: SAMPLES,
        features: FEATURES,
        batch: 6,
        objective: &objective,
        kernel: Kernel::Binary { lambda: 1.0 },
        graph: Some(&graph),
        neighbourhoods: Some(&neighbourhoods),
        scheme: SamplingScheme::Batch,
        shuffle_buffer: None,
        seed: 1,
    };
    let (epochs, mut block) = (2000, Block::default());
    sampler.fill(&mut block, 0, 4 * epochs);
    let mut orders = std::collections::HashSet::new();
    let mut counts = vec![vec![0_u32; SAMPLES]; SAMPLES];
    let mut both = 0;
    for epoch in block.indices.chunks(4 * 6 * 3) {
        let centres: Vec<u32> = epoch.chunks(3).take(SAMPLES).map(|rows| rows[0]).collect();
        let mut sorted = centres.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..SAMPLES as u32).collect::<Vec<_>>());
        orders.insert(centres);
        for rows in epoch.chunks(3).take(SAMPLES) {
            counts[rows[0] as usize][rows[1] as usize] += 1;
            counts[rows[0] as usize][rows[2] as usize] += 1;
            both += u32::from(rows[1] == rows[2]);
        }
    }
    assert_eq!(orders.len(), epochs);
    for (centre, counts) in counts.iter().enumerate() {
        for (other, count) in counts.iter().enumerate() {
            if lists[centre].iter().any(|(j, _)| *j == other) {
                // 4000 draws from 5, deviation 25.
                assert!(
                    (675..925).contains(count),
                    "{other} is drawn {count} times for {centre}"
                );
            } else {
                assert_eq!(*count, 0, "{other} is no neighbour of {centre}");
            }
        }
    }
    // With replacement: the second is the first again in a fifth of all draws.
    let share = f64::from(both) / (epochs * SAMPLES) as f64;
    assert!((share - 0.2).abs() < 0.01, "{share}");
}

/// An epoch with a buffer by its definition: runs of consecutive samples, 256 for a buffer, in a random
/// order, cut into lanes, of which each is in a random order within its share of the buffer. Lane after
/// lane gives its share of a batch.
fn buffered(seed: u64, samples: usize, batch: usize, buffer: usize, epoch: u64) -> Vec<u32> {
    let mut words = Words::new(seed, Stream::Shuffle as u32, epoch);
    let length = (buffer / 256).max(1);
    let mut runs: Vec<Vec<u32>> = Vec::new();
    for sample in 0..samples {
        if sample % length == 0 {
            runs.push(Vec::new());
        }
        runs.last_mut().unwrap().push(sample as u32);
    }
    runs.shuffle(&mut words);
    let mut rest = runs.concat();
    let lanes = (1..=16)
        .filter(|lanes| batch.is_multiple_of(*lanes))
        .max()
        .unwrap();
    // The lane that each place of the order belongs to.
    let lane_of = |place: usize| place % batch / (batch / lanes);
    let mut order = vec![0; samples];
    for lane in 0..lanes {
        let places: Vec<usize> = (0..samples)
            .filter(|&place| lane_of(place) == lane)
            .collect();
        let mut own: Vec<u32> = rest.drain(..places.len()).collect();
        for window in own.chunks_mut((buffer / lanes).max(1)) {
            window.shuffle(&mut words);
        }
        for (place, sample) in places.into_iter().zip(own) {
            order[place] = sample;
        }
    }
    order
}

#[test]
fn an_epoch_with_a_buffer_has_the_order_of_its_definition() {
    let objective = Method::find("ae").unwrap().objective(
        Sampling {
            neighbours: 0,
            centre: true,
        },
        Variants::default(),
    );
    for (samples, batch, buffer) in [(50, 6, 20), (1000, 32, 700), (777, 17, 600), (900, 100, 8)] {
        let sampler = Sampler {
            samples,
            features: FEATURES,
            batch,
            objective: &objective,
            kernel: Kernel::Binary { lambda: 1.0 },
            graph: None,
            neighbourhoods: None,
            scheme: SamplingScheme::Batch,
            shuffle_buffer: Some(buffer),
            seed: 9,
        };
        let steps = sampler.steps_per_epoch();
        for epoch in 0..3 {
            let mut block = Block::default();
            sampler.fill(&mut block, epoch * steps, steps);
            let expected = buffered(9, samples, batch, buffer, epoch as u64);
            assert_eq!(
                block.indices[..samples],
                expected,
                "{samples} {batch} {buffer}"
            );
        }
    }
}
