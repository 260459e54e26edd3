//! Whole runs: settings to batches, losses, weights over epochs, rates and updates, against a run
//! put together from definitions.

use crate::case::{Batch, Case};
use crate::glue::{self, Twin, assert_close, doubles};
use crate::plain::adam::{Adam, schedule, warmth};
use crate::plain::autoencoder::{binary_kernel, gaussian_kernel};
use crate::plain::graph::{euclidean, locally_linear_coefficients, mutual, nearest, symmetric};
use crate::sampling::batches;
use nrae::data::{Dataset, Scaling, ScalingKind, Values, write_npy};
use nrae::graph::Edges;
use nrae::net::Network;
use nrae::objective::{Data, gradient_step};
use nrae::train::{Config, KernelKind, NumSampled, Record, Schedule, Splits, Trainer};

const SAMPLES: usize = 11;
const FEATURES: usize = 4;

fn config(method: &str) -> Config {
    let mut config = Config {
        method: method.into(),
        seed: 0x1_0000_0007,
        ..Config::default()
    };
    config.net.hidden = vec![6];
    config.net.activation = nrae::net::Activation::Tanh;
    config.net.output = Some(nrae::net::Activation::Linear);
    config.neighbours.k = Some(3);
    config.neighbours.lambda = 0.75;
    config.train.epochs = Some(4);
    config.train.batch = Some(4);
    config.train.lr = 0.02;
    config.train.schedule = Schedule::Constant;
    // Large, so that rounding of small gradients does not decide which way they go.
    config.train.epsilon = 1e-2;
    config.train.warm_start = Some(nrae::train::WarmStart::None);
    config
}

/// Bytes or floats with the scaling that `kind` gives them by its definition: one for all bytes,
/// one for each feature of floats.
fn data(bytes: bool, kind: ScalingKind) -> (Dataset, Vec<Vec<f64>>) {
    let raw: Vec<Vec<f64>> = glue::rows(21, SAMPLES, FEATURES)
        .into_iter()
        .map(|row| {
            row.iter()
                .map(|x| {
                    if bytes {
                        (128.0 + 127.0 * x).floor()
                    } else {
                        f64::from((3.0 * x + 1.0) as f32)
                    }
                })
                .collect()
        })
        .collect();
    let column = |c: usize| -> Vec<f64> { raw.iter().map(|row| row[c]).collect() };
    let scaled = |row: &Vec<f64>| -> Vec<f64> {
        let one = |c: usize| match (kind, bytes) {
            (ScalingKind::None, _) => row[c],
            (ScalingKind::Unit, true) => row[c] / 255.0,
            (ScalingKind::Auto, _) => unreachable!("these tests name what they scale by"),
            (ScalingKind::UnitGlobal, true) => row[c] / 255.0,
            (ScalingKind::Unit | ScalingKind::UnitGlobal, false) => {
                let of_feature = kind == ScalingKind::Unit;
                let all = if of_feature { column(c) } else { raw.concat() };
                let (low, high) = all.iter().fold((f64::MAX, f64::MIN), |(low, high), x| {
                    (low.min(*x), high.max(*x))
                });
                (row[c] - low) / (high - low)
            }
            (ScalingKind::Standardise, _) => {
                let all = if bytes { raw.concat() } else { column(c) };
                let mean = all.iter().sum::<f64>() / all.len() as f64;
                let variance =
                    all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64;
                (row[c] - mean) / variance.sqrt()
            }
        };
        (0..FEATURES).map(one).collect()
    };
    let values = if bytes {
        Values::Bytes(
            raw.concat()
                .iter()
                .map(|x| *x as u8)
                .collect::<Vec<_>>()
                .into(),
        )
    } else {
        Values::Floats(glue::singles(&raw.concat()).into())
    };
    let dataset = Dataset {
        samples: SAMPLES,
        shape: vec![FEATURES],
        values,
        labels: None,
        parameter: None,
    };
    let scaled = raw.iter().map(scaled).collect();
    (dataset, scaled)
}

/// mean 0 and deviation 1 of each dimension
fn standardised(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = rows.len() as f64;
    let mean = |c: usize| rows.iter().map(|row| row[c]).sum::<f64>() / n;
    let deviation = |c: usize| {
        (rows
            .iter()
            .map(|row| (row[c] - mean(c)).powi(2))
            .sum::<f64>()
            / n)
            .sqrt()
    };
    rows.iter()
        .map(|row| {
            (0..row.len())
                .map(|c| (row[c] - mean(c)) / deviation(c))
                .collect()
        })
        .collect()
}

/// A run put together from definitions.
struct Defined<'a> {
    config: &'a Config,
    /// [steps][centres][rows of a group]
    drawn: Vec<Vec<Vec<usize>>>,
    bandwidth: f64,
    case: Case,
    adam: Adam,
}

impl<'a> Defined<'a> {
    /// A run from the parameters `start` of a network.
    fn new(
        config: &'a Config,
        network: Network,
        samples: Vec<Vec<f64>>,
        embedding: &[Vec<f64>],
        start: Vec<f64>,
    ) -> Self {
        let (neighbours, train) = (&config.neighbours, &config.train);
        let (objective, batch) = (config.objective().unwrap(), train.batch.unwrap());
        let directed = nearest(&samples, neighbours.k(), euclidean);
        let lists = match neighbours.edges {
            Edges::Directed => directed.clone(),
            Edges::Mutual => mutual(&directed),
            Edges::Symmetric => symmetric(&directed),
        };
        let distances = directed.concat().into_iter().map(|(_, distance)| distance);
        let mut distances: Vec<f64> = distances.collect();
        distances.sort_by(f64::total_cmp);
        let median = distances[distances.len() / 2];
        let coefficients = (0..SAMPLES).map(|i| {
            let others = directed[i].iter().map(|(j, _)| samples[*j].clone());
            let others: Vec<Vec<f64>> = others.collect();
            locally_linear_coefficients(&samples[i], &others, config.lle.regularisation)
        });
        Self {
            config,
            drawn: batches(
                config.seed,
                SAMPLES,
                batch,
                objective.sampling.neighbours,
                [&lists, &directed],
                objective.k,
                SAMPLES.div_ceil(batch) * config.epochs(),
            ),
            bandwidth: neighbours.bandwidth.unwrap_or(median),
            adam: Adam {
                beta1: train.beta1,
                beta2: train.beta2,
                epsilon: train.epsilon,
                weight_decay: train.weight_decay,
                clip: train.grad_clip_norm,
                first: vec![0.0; start.len()],
                second: vec![0.0; start.len()],
                steps: 0,
            },
            case: Case {
                step: gradient_step(
                    &network,
                    &objective,
                    Data::floats(SAMPLES),
                    batch,
                    1,
                    config.seed,
                ),
                network,
                objective,
                seed: config.seed,
                first: 0,
                coefficients: coefficients.collect(),
                samples,
                batches: Vec::new(),
                arena: start,
                embedding: embedding.to_vec(),
                h: glue::SMOOTH,
            },
        }
    }

    /// K(x', x) of row `r` of a group of `rows`.
    fn kernel(&self, rows: &[usize], r: usize) -> f64 {
        let (samples, neighbours) = (&self.case.samples, &self.config.neighbours);
        match neighbours.kernel {
            _ if r == 0 => 1.0,
            KernelKind::Binary => binary_kernel(neighbours.lambda, false),
            KernelKind::Gaussian => {
                gaussian_kernel(self.bandwidth, &samples[rows[0]], &samples[rows[r]])
            }
        }
    }

    /// The learning rate in `epoch`.
    fn rate(&self, epoch: usize) -> f64 {
        let train = &self.config.train;
        let name = match train.schedule {
            Schedule::Constant => "constant",
            Schedule::Step => "step",
            Schedule::Cosine => "cosine",
        };
        train.lr * schedule(name, epoch, self.config.epochs())
    }

    /// Takes the steps of `epoch`. Gives the means over its centres of the loss, in which terms
    /// have `weights` once they are warm, and of its parts.
    fn epoch(&mut self, epoch: usize, weights: &[f64]) -> Vec<f64> {
        let warmth = warmth(epoch, self.config.train.warm_up);
        let weights: Vec<f64> = weights.iter().map(|weight| weight * warmth).collect();
        let of_epoch = self.drawn.len() / self.config.epochs();
        let mut means = vec![0.0; 2 + weights.len()];
        for step in epoch * of_epoch..(epoch + 1) * of_epoch {
            let indices = self.drawn[step].clone();
            let kernels = indices
                .iter()
                .map(|rows| (0..rows.len()).map(|r| self.kernel(rows, r)).collect())
                .collect();
            let share = indices.len() as f64 / SAMPLES as f64;
            self.case.first = step;
            self.case.batches = vec![Batch {
                indices,
                kernels,
                weights: weights.clone(),
            }];
            let parts = self.case.columns(0, &self.case.arena);
            let terms = weights.iter().zip(&parts[1..]);
            let loss = parts[0] + terms.map(|(weight, part)| weight * part).sum::<f64>();
            for (mean, value) in means.iter_mut().zip([loss].iter().chain(&parts)) {
                *mean += value * share;
            }
            let gradient = self.case.run_alone();
            let rate = self.rate(epoch);
            self.adam.step(&mut self.case.arena, &gradient, rate);
        }
        means
    }
}

/// Trains by `config` twice, by the program and by definitions, and holds each epoch's record and
/// the last parameters and moments against each other.
fn check(config: &Config, bytes: bool, kind: ScalingKind, embedding: &[Vec<f64>], weights: &[f64]) {
    let (dataset, samples) = data(bytes, kind);
    let scaling = Scaling::fit(kind, &dataset);
    let splits = Splits {
        train: dataset,
        validation: None,
        test: None,
        scaling,
        classes: Vec::new(),
        columns: Vec::new(),
        means: Vec::new(),
    };
    let mut trainer = Trainer::new(config.clone(), splits, &Twin, &mut |_| ()).unwrap();
    let network = trainer.splits().network(config).unwrap();
    let start = doubles(&trainer.state().unwrap().parameters);
    let mut records: Vec<Record> = Vec::new();
    while !trainer.is_done() {
        records.extend(trainer.advance().unwrap());
    }

    let mut defined = Defined::new(config, network, samples, embedding, start);
    for epoch in 0..config.epochs() {
        let record = &records[epoch];
        let means = defined.epoch(epoch, weights);
        let mut found = vec![record.loss, record.lr];
        let mut expected = vec![means[0], defined.rate(epoch)];
        if !weights.is_empty() {
            found.push(record.parts["reconstruction"]);
            found.push(record.parts[defined.case.objective.terms[0].name()]);
            expected.extend(&means[1..]);
        }
        for (found, expected) in found.iter().zip(&expected) {
            let what = format!("{} in epoch {epoch}", config.method);
            assert_close(&[*found], &[*expected], 2e-6, &what);
        }
        let steps = defined.drawn.len() / config.epochs();
        assert_eq!(
            (record.epoch, record.step),
            (epoch + 1, (epoch + 1) * steps)
        );
    }
    let state = trainer.state().unwrap();
    let [first, second] = &state.moments;
    for (what, found, expected, tolerance) in [
        ("parameters", &state.parameters, &defined.case.arena, 2e-6),
        ("first moments", first, &defined.adam.first, 2e-5),
        ("second moments", second, &defined.adam.second, 2e-5),
    ] {
        let what = format!("{what} of {}", config.method);
        assert_close(&doubles(found), expected, tolerance, &what);
    }
}

#[test]
fn a_run_of_neighbourhoods_is_that_of_the_paper() {
    let mut binary = config("nrae-q");
    binary.neighbours.num_sampled = NumSampled::Number(2);
    binary.neighbours.edges = Edges::Mutual;
    binary.train.schedule = Schedule::Cosine;
    binary.train.weight_decay = 0.2;
    binary.train.grad_clip_norm = 0.05;
    check(&binary, false, ScalingKind::Standardise, &[], &[]);
    let mut gaussian = config("nrae-l");
    gaussian.neighbours.kernel = KernelKind::Gaussian;
    gaussian.neighbours.edges = Edges::Symmetric;
    gaussian.neighbours.centre = false;
    gaussian.train.beta1 = 0.7;
    check(&gaussian, false, ScalingKind::Unit, &[], &[]);
    check(&gaussian, false, ScalingKind::UnitGlobal, &[], &[]);
    gaussian.neighbours.bandwidth = Some(0.7);
    gaussian.method = "e-nrae-q".into();
    check(&gaussian, false, ScalingKind::None, &[], &[]);
}

#[test]
fn bytes_are_scaled_on_the_device_and_streamed_to_it() {
    let mut config = config("nr-dae-l");
    config.corruption.amount = 0.25;
    config.train.schedule = Schedule::Step;
    config.train.epochs = Some(13);
    check(&config, true, ScalingKind::Unit, &[], &[]);
    config.train.data_memory_mib = Some(0);
    config.corruption.kind = nrae::objective::CorruptionKind::Mask;
    check(&config, true, ScalingKind::Unit, &[], &[]);
    config.method = "nrae-q".into();
    check(&config, false, ScalingKind::Standardise, &[], &[]);
}

/// The weight of a term is its own, and rises over the first epochs.
#[test]
fn terms_have_their_weights_from_settings_and_warm_up() {
    let mut config = config("nr-vae-l");
    config.train.warm_up = 3;
    config.kl.weight = 0.3;
    check(&config, false, ScalingKind::Standardise, &[], &[0.3]);
    config.method = "wae".into();
    config.mmd.weight = 0.4;
    check(&config, false, ScalingKind::Standardise, &[], &[0.4]);
    config.method = "nr-cae-l".into();
    config.contractive.weight = 0.05;
    check(&config, false, ScalingKind::Standardise, &[], &[0.05]);
    config.method = "isometric".into();
    config.isometric.weight = 0.02;
    check(&config, false, ScalingKind::Standardise, &[], &[0.02]);
    config.method = "nr-spae-q".into();
    config.lle.weight = 0.6;
    config.lle.regularisation = 0.05;
    check(&config, false, ScalingKind::Standardise, &[], &[0.6]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("embedding.npy");
    let embedding: Vec<Vec<f64>> = glue::rows(4, SAMPLES, 2)
        .into_iter()
        .map(|e| vec![5.0 * e[0], e[1] - 3.0])
        .collect();
    write_npy(&path, &[SAMPLES, 2], &glue::singles(&embedding.concat())).unwrap();
    config.method = "nr-grae-l".into();
    config.grae.weight = 0.7;
    config.grae.file = Some(path);
    check(
        &config,
        false,
        ScalingKind::Standardise,
        &standardised(&embedding),
        &[0.7],
    );
}
