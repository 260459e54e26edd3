//! The neighbourhood reconstruction loss against its definition (paper, equations 2 to 4), written
//! down without the engine.

mod plain;

use nrae::cpu::Cpu;
use nrae::data::{Dataset, Synthetic};
use nrae::eval::{Expansion, NeighbourhoodLoss};
use nrae::graph::{Edges, Graph, Neighbourhoods, nearest_neighbours};
use nrae::model::Model;
use nrae::net::Activation;
use nrae::objective::{Kernel, Objective};
use nrae::train::{
    Block, CentreWeight, Config, KernelKind, NumSampled, Sampler, SamplingScheme, Settings, Splits,
    Trainer,
};
use plain::{Plain, equation3, neighbours, point_loss, rows};
use std::collections::BTreeMap;
use std::process::Command;

/// The error that f32 may leave in a mean of squares.
const ROUNDING: f64 = 2e-5;

fn configuration(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config {
        seed: 3,
        ..Config::default()
    };
    config.data.synthetic = Some(Synthetic::SwissRollOfficial);
    config.net.latent = 2;
    config.net.hidden = vec![9];
    config.net.activation = Activation::Tanh;
    config.neighbours.k = Some(4);
    config.neighbours.lambda = 0.5;
    config.train.epochs = Some(1);
    config.train.batch = Some(30);
    config.train.warm_start = Some(nrae::train::WarmStart::None);
    change(&mut config);
    config
}

/// The loss of a first step, and the parameters and samples that it saw.
fn first_loss(config: &Config) -> (f64, Plain, Vec<Vec<f64>>) {
    let splits = Splits::load(config).unwrap();
    let points = rows(&splits.scaling.apply(&splits.train.values), 2);
    let mut trainer = Trainer::new(config.clone(), splits, &Cpu, &mut |_| ()).unwrap();
    let plain = Plain::of(&trainer.last_model().unwrap());
    let record = &trainer.advance().unwrap()[0];
    assert_eq!((record.epoch, record.step), (1, 1));
    (record.loss, plain, points)
}

#[track_caller]
fn close(got: f64, expected: f64) {
    assert!(
        (got - expected).abs() <= ROUNDING * expected,
        "{got} instead of {expected}"
    );
}

#[test]
fn training_with_all_neighbours_minimises_equation_3() {
    for (method, order) in [("nrae-l", 1), ("nrae-q", 2)] {
        for edges in [Edges::Directed, Edges::Symmetric] {
            let mut config = configuration(|config| {
                config.method = method.into();
                config.neighbours.num_sampled = NumSampled::All;
                config.neighbours.edges = edges;
                config.neighbours.lambda = 0.3;
            });
            let (loss, plain, points) = first_loss(&config);
            let around = neighbours(&points, 4, edges == Edges::Symmetric);
            let sizes: Vec<usize> = around.iter().map(Vec::len).collect();
            let uneven = sizes.iter().any(|size| *size != sizes[0]);
            assert_eq!(uneven, edges == Edges::Symmetric);
            close(loss, equation3(&plain, &points, &around, order, |_| 0.3));

            config.neighbours.kernel = KernelKind::Gaussian;
            config.neighbours.bandwidth = Some(0.7);
            let gaussian = |d: f64| (-d * d / (2.0 * 0.7 * 0.7)).exp();
            close(
                first_loss(&config).0,
                equation3(&plain, &points, &around, order, gaussian),
            );

            config.neighbours.kernel = KernelKind::Binary;
            config.neighbours.lambda = 0.0;
            if edges == Edges::Directed {
                close(first_loss(&config).0, point_loss(&plain, &points) / 5.0);
            }
        }
    }
}

/// The batch of the paper's section 2.2, and its unbiased weights, with three neighbours.
#[test]
fn a_step_with_sampled_neighbours_is_the_weighted_mean_of_what_was_drawn() {
    for (centre_weight, centre, drawn) in [
        (CentreWeight::Batch, 1.0 / 4.0, 1.0 / 4.0),
        (CentreWeight::Unbiased, 1.0 / 5.0, 4.0 / 5.0 / 3.0),
    ] {
        let config = configuration(|config| {
            config.neighbours.num_sampled = NumSampled::Number(3);
            config.neighbours.centre_weight = centre_weight;
            config.neighbours.kernel = KernelKind::Gaussian;
            config.neighbours.bandwidth = Some(0.5);
        });
        let (loss, plain, points) = first_loss(&config);
        let around = neighbours(&points, 4, false);
        let values: Vec<f32> = points.iter().flatten().map(|v| *v as f32).collect();
        let graph = nearest_neighbours(&values, 2, 4, &mut |_| ()).unwrap();
        let hoods = Neighbourhoods::of_graph(&graph, Edges::Directed);
        let objective = config.objective().unwrap();
        let block = drawn_block(&config, &objective, &graph, &hoods, 1);
        let mut expected = 0.0;
        for row in block.indices.chunks(4) {
            let x = row[0] as usize;
            expected += centre * plain.error(&points[x], &points[x], 2);
            for other in &row[1..] {
                let (other, d) = *around[x]
                    .iter()
                    .find(|(to, _)| to == &(*other as usize))
                    .expect("a neighbour of x");
                let kernel = (-d * d / (2.0 * 0.5 * 0.5)).exp();
                expected += drawn * kernel * plain.error(&points[x], &points[other], 2);
            }
        }
        close(loss, expected / 30.0);
    }
}

/// Steps of `epochs` epochs as `config` draws them.
fn drawn_block(
    config: &Config,
    objective: &Objective,
    graph: &Graph,
    neighbourhoods: &Neighbourhoods,
    epochs: usize,
) -> Block {
    let sampler = Sampler {
        samples: neighbourhoods.samples(),
        features: 2,
        batch: config.train.batch.unwrap(),
        objective,
        scheme: config.neighbours.scheme(),
        kernel: config.neighbours.kernel(),
        graph: Some(graph),
        neighbourhoods: Some(neighbourhoods),
        shuffle_buffer: None,
        seed: config.seed,
    };
    let mut block = Block::default();
    sampler.fill(&mut block, 0, epochs * sampler.steps_per_epoch());
    block
}

/// The sum of the weights of each pair (x, x') over an epoch, times samples and features: in the
/// mean over `epochs`, what equation 3 has as K(x', x) / |N(x)|.
fn weights_of_pairs(
    config: &Config,
    graph: &Graph,
    neighbourhoods: &Neighbourhoods,
    epochs: usize,
) -> BTreeMap<(u32, u32), f64> {
    let mut objective = config.objective().unwrap();
    if config.neighbours.num_sampled == NumSampled::All {
        objective.sampling.neighbours = neighbourhoods.largest();
    }
    let block = drawn_block(config, &objective, graph, neighbourhoods, epochs);
    let (group, batch) = (objective.group(), config.train.batch.unwrap());
    let mut sums = BTreeMap::new();
    for (row, (indices, weights)) in block
        .indices
        .chunks(group)
        .zip(block.weights.chunks(group))
        .enumerate()
    {
        // Weights are a mean over the centres of their own batch.
        let scale = (2 * block.counts[row / batch]) as f64 / epochs as f64;
        for (other, weight) in indices.iter().zip(weights).filter(|(_, w)| **w != 0.0) {
            *sums.entry((indices[0], *other)).or_insert(0.0) += f64::from(*weight) * scale;
        }
    }
    sums
}

#[test]
fn unbiased_draws_have_the_expected_weights_of_equation_3() {
    const EPOCHS: usize = 4000;
    let mut config = configuration(|config| {
        config.neighbours.num_sampled = NumSampled::All;
        config.neighbours.edges = Edges::Symmetric;
        config.neighbours.kernel = KernelKind::Gaussian;
        config.neighbours.bandwidth = Some(0.5);
        // The last batch is a partial one.
        config.train.batch = Some(12);
    });
    let splits = Splits::load(&config).unwrap();
    let values = splits.scaling.apply(&splits.train.values);
    let points = rows(&values, 2);
    let graph = nearest_neighbours(&values, 2, 4, &mut |_| ()).unwrap();
    let hoods = Neighbourhoods::of_graph(&graph, Edges::Symmetric);
    let mut exact = BTreeMap::new();
    for (x, others) in neighbours(&points, 4, true).iter().enumerate() {
        let share = 1.0 / (1 + others.len()) as f64;
        exact.insert((x as u32, x as u32), share);
        for (other, d) in others {
            let kernel = (-d * d / (2.0 * 0.5 * 0.5)).exp();
            exact.insert((x as u32, *other as u32), share * kernel);
        }
    }
    let all = weights_of_pairs(&config, &graph, &hoods, 1);
    assert!(all.keys().eq(exact.keys()));
    for (pair, weight) in &all {
        close(*weight, exact[pair]);
    }

    config.neighbours.centre_weight = CentreWeight::Unbiased;
    for drawn in [1, 3] {
        config.neighbours.num_sampled = NumSampled::Number(drawn);
        let sampled = weights_of_pairs(&config, &graph, &hoods, EPOCHS);
        assert!(sampled.keys().eq(exact.keys()));
        for ((x, other), weight) in &sampled {
            let expected = exact[&(*x, *other)];
            if x == other {
                close(*weight, expected);
                continue;
            }
            // Of EPOCHS * drawn trials a binomial number, each with probability 1 / n, hits the
            // pair; 5 standard deviations, for 2 * 30 * 5 pairs.
            let n = hoods.count(*x as usize) as f64;
            let deviation = expected * ((n - 1.0) / (EPOCHS * drawn) as f64).sqrt();
            let error = (weight - expected).abs();
            assert!(
                error <= 5.0 * deviation,
                "({x}, {other}): {weight} instead of {expected} +- {deviation}"
            );
        }
    }

    // The batch of the paper weighs the centre 1/2.
    config.neighbours.num_sampled = NumSampled::Number(1);
    config.neighbours.centre_weight = CentreWeight::Batch;
    let batch = weights_of_pairs(&config, &graph, &hoods, 1);
    (0..30).for_each(|x| close(batch[&(x, x)], 0.5));
}

fn measured(
    model: &Model,
    data: &Dataset,
    neighbourhoods: &Neighbourhoods,
    kernel: Kernel,
    order: usize,
) -> NeighbourhoodLoss {
    let (values, expansion) = (
        &data.values,
        Expansion {
            order,
            extended: false,
        },
    );
    NeighbourhoodLoss::measure(model, values, neighbourhoods, kernel, 0.7, expansion, &Cpu).unwrap()
}

#[test]
fn the_measure_is_equation_3_and_has_the_limits_of_the_paper() {
    let config = configuration(|config| config.data.samples = Some(60));
    let splits = Splits::load(&config).unwrap();
    let model = Model::new(splits.network(&config).unwrap(), splits.scaling.clone(), 1);
    let (plain, data) = (Plain::of(&model), &splits.train);
    let values = splits.scaling.apply(&data.values);
    let points = rows(&values, 2);
    let point = point_loss(&plain, &points);
    let binary = |lambda| Kernel::Binary { lambda };
    // The second neighbourhoods are larger than what is reconstructed at once.
    for (k, symmetric, edges) in [(4, true, Edges::Symmetric), (45, false, Edges::Directed)] {
        let graph = nearest_neighbours(&values, 2, k, &mut |_| ()).unwrap();
        let hoods = Neighbourhoods::of_graph(&graph, edges);
        let around = neighbours(&points, k, symmetric);
        for order in [1, 2] {
            let found = measured(&model, data, &hoods, binary(0.3), order);
            close(
                found.loss,
                equation3(&plain, &points, &around, order, |_| 0.3),
            );
            close(found.point_loss, point);
            let kernel = Kernel::Gaussian { bandwidth: None };
            let gaussian = |d: f64| (-d * d / (2.0 * 0.7 * 0.7)).exp();
            close(
                measured(&model, data, &hoods, kernel, order).loss,
                equation3(&plain, &points, &around, order, gaussian),
            );
            if !symmetric {
                let centres_alone = measured(&model, data, &hoods, binary(0.0), order);
                close(centres_alone.loss, point / (k + 1) as f64);
            }
            let alone = Neighbourhoods::without_neighbours(60);
            let found = measured(&model, data, &alone, binary(0.3), order);
            assert_eq!(found.loss, found.point_loss);
            close(found.loss, point);
        }
    }
}

#[test]
fn eval_tells_the_neighbourhood_loss_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let nrae = |arguments: &str, good: bool| {
        let output = Command::new(env!("CARGO_BIN_EXE_nrae"))
            .args(arguments.split(' '))
            .current_dir(folder.path())
            .output()
            .unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|b| String::from_utf8(b).unwrap());
        assert_eq!(output.status.success(), good, "{arguments}: {err}");
        if good { out } else { err }
    };
    nrae(
        "train --synthetic swiss-roll-official --method nrae-l --latent 2 --hidden 9 --activation tanh --k 3 --epochs 4 \
         --set neighbours.num_sampled=all --set neighbours.edges=symmetric --lambda 0.2 --out run --device cpu",
        true,
    );
    let config = Settings::from_file(&folder.path().join("run/config.toml"))
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(config.neighbours.num_sampled, NumSampled::All);
    assert_eq!(config.neighbours.scheme(), SamplingScheme::All);
    let model = Model::load(&folder.path().join("run")).unwrap();
    let (plain, splits) = (Plain::of(&model), Splits::load(&config).unwrap());
    let test = splits.test.as_ref().expect("curves have a test set");
    let measure =
        "eval run --neighbourhood-loss --neighbourhood-samples 0 --geometry-samples 0 --device cpu";
    for (arguments, k, symmetric, order, lambda) in [
        ("", 3, true, 1, 0.2),
        (" --k 5 --order 2 --lambda 0.4", 5, true, 2, 0.4),
    ] {
        let told = nrae(&format!("{measure}{arguments} --json"), true);
        let lines: Vec<serde_json::Value> = told
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for (line, data) in lines.iter().zip([&splits.train, test]) {
            let points = rows(&splits.scaling.apply(&data.values), 2);
            let around = neighbours(&points, k, symmetric);
            let expected = equation3(&plain, &points, &around, order, |_| lambda);
            let found = &line["neighbourhood_loss"];
            close(found["loss"].as_f64().unwrap(), expected);
            close(
                found["point_loss"].as_f64().unwrap(),
                point_loss(&plain, &points),
            );
            close(
                found["point_loss"].as_f64().unwrap(),
                line["mse"].as_f64().unwrap(),
            );
            assert_eq!(
                (&found["order"], &found["k"], &found["edges"]),
                (&order.into(), &k.into(), &"symmetric".into())
            );
        }
        assert_eq!(lines.len(), 2);
    }
    let told = nrae(measure, true);
    assert!(
        told.contains("  neighbourhood loss 0.")
            && told.contains("(order 1, k 3, symmetric edges, lambda 0.2), point loss"),
        "{told}"
    );
    assert!(nrae(&format!("{measure} --k 30"), false).contains("training: "));
    assert!(nrae("eval run --order 2", false).contains("--neighbourhood-loss"));
}

#[test]
fn settings_that_cannot_be_are_sentences() {
    for (settings, part) in [
        (
            vec!["neighbours.num_sampled=some"],
            "a number of neighbours or \"all\"",
        ),
        (
            vec!["neighbours.num_sampled=-1"],
            "a number of neighbours or \"all\"",
        ),
        (vec!["neighbours.num_sampled=0"], "at least one neighbour"),
        (
            vec![
                "neighbours.centre_weight=unbiased",
                "neighbours.centre=false",
            ],
            "equation 3 compares the centre",
        ),
        (vec!["neighbours.centre_weight=half"], "unknown variant"),
    ] {
        let mut all = Settings::default();
        settings.iter().for_each(|text| all.set_text(text).unwrap());
        let message = all.finish().unwrap_err().to_string();
        assert!(message.contains(part), "{settings:?}: {message}");
    }
    let config = configuration(|config| {
        config.neighbours.num_sampled = NumSampled::All;
        config.neighbours.k = Some(1999);
        config.net.hidden = vec![64];
        config.data.samples = Some(2000);
        config.train.batch = Some(2000);
    });
    let splits = Splits::load(&config).unwrap();
    let error = Trainer::new(config, splits, &Cpu, &mut |_| ()).unwrap_err();
    assert!(
        error.to_string().contains("largest neighbourhood has 1999"),
        "{error}"
    );
}
