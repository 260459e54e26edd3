//! Runs that train side by side, as replicas of one network, against each of them alone: the same
//! bytes, whatever the others do.

use nrae::cpu::Cpu;
use nrae::data::write_npy_bytes;
use nrae::engine::Optimiser;
use nrae::error::Error;
use nrae::executor::Executor;
use nrae::gpu::{GemmFamily, Gpu, GpuOptions, Tile};
use nrae::net::{Activation, Network};
use nrae::objective::{Data, Method, Sampling, Variants, training_step_in_segments};
use nrae::train::{Grouping, Record, RecordedRun, Settings, Splits, State, Trainer};
use std::path::Path;

fn gpu(family: Option<GemmFamily>) -> Gpu {
    gpu_with(family, None)
}

/// Products in tiles of one kind, where they can be.
fn gpu_with(family: Option<GemmFamily>, tile: Option<Tile>) -> Gpu {
    let options = GpuOptions {
        software: true,
        family,
        tile,
        ..Default::default()
    };
    Gpu::open(&options).expect("these tests need a Vulkan driver: `make test` installs one")
}

/// A run of `common` settings and its `own`, on `device`.
fn recorded(common: &str, own: &str, device: &dyn Executor) -> RecordedRun {
    let mut settings = Settings::default();
    for assignment in common.split_whitespace().chain(own.split_whitespace()) {
        settings.set_text(assignment).unwrap();
    }
    let config = settings.finish().unwrap();
    let splits = Splits::load(&config).unwrap();
    RecordedRun::new(config, splits, device, &mut |_| ()).unwrap()
}

/// All of a group of runs, which have to fit beside each other.
fn group(common: &str, owns: &[&str], device: &dyn Executor) -> Vec<RecordedRun> {
    let mut grouping = Grouping::new(device, Some(owns.len()));
    let mut groups: Vec<_> = owns
        .iter()
        .filter_map(|own| grouping.push(recorded(common, own, device), ()).unwrap())
        .collect();
    groups.extend(grouping.rest());
    assert_eq!(groups.len(), 1, "{common}");
    groups.remove(0).into_iter().map(|(run, ())| run).collect()
}

type Outcome = (Vec<Record>, Result<State, String>);

/// Trains all of `runs` side by side.
fn train(runs: Vec<RecordedRun>, device: &dyn Executor) -> Vec<Outcome> {
    let mut trainers = Trainer::of_group(runs, device).unwrap();
    let mut records = vec![Vec::new(); trainers.len()];
    let mut failed: Vec<Option<String>> = vec![None; trainers.len()];
    while (0..trainers.len()).any(|i| !trainers[i].is_done() && failed[i].is_none()) {
        let mut all: Vec<&mut Trainer> = trainers.iter_mut().collect();
        for (i, outcome) in Trainer::advance_together(&mut all)
            .unwrap()
            .into_iter()
            .enumerate()
        {
            match outcome {
                Ok(fresh) => records[i].extend(fresh),
                Err(error @ Error::Diverged(_)) => failed[i] = Some(error.to_string()),
                Err(error) => panic!("{error}"),
            }
        }
    }
    let state = |(trainer, failed): (&mut Trainer, Option<String>)| match failed {
        Some(error) => Err(error),
        None => Ok(trainer.state().unwrap()),
    };
    let states = trainers.iter_mut().zip(failed).map(state);
    records.into_iter().zip(states).collect()
}

/// Runs of `common` settings, each with its own, end side by side as alone.
fn same_as_alone(common: &str, owns: &[&str], device: &dyn Executor) -> Vec<Outcome> {
    let together = train(group(common, owns, device), device);
    for (own, together) in owns.iter().zip(&together) {
        let alone = train(vec![recorded(common, own, device)], device).remove(0);
        assert!(!alone.0.is_empty() || alone.1.is_err());
        assert_eq!(alone.0, together.0, "{common} {own}");
        assert!(
            alone.1 == together.1,
            "{common} {own}: {:?}",
            together.1.as_ref().err()
        );
    }
    for (i, one) in together.iter().enumerate() {
        for other in &together[..i] {
            assert!(one.1 != other.1, "{common}: replicas have to differ");
        }
    }
    together
}

const ROLL: &str = "data.synthetic=\"swiss-roll-official\" data.validation_samples=12 net.hidden=[16,16] \
                    net.latent=1 neighbours.k=3 train.batch=7 train.epochs=6";

/// Seeds, learning rates, lambdas, decays and patience of their own; and one whose loss is not
/// finite after some steps, which ends alone.
#[test]
fn neighbourhoods_of_replicas_give_the_bytes_of_each_alone() {
    let (flat, tiled) = (gpu(None), gpu(Some(GemmFamily::Tiled)));
    for device in [&flat as &dyn Executor, &tiled, &Cpu] {
        let outcomes = same_as_alone(
            &format!("{ROLL} method=nrae-q"),
            &[
                "seed=1",
                "seed=1 train.lr=1e30",
                "seed=2 train.lr=3e-3 neighbours.lambda=0.5 train.weight_decay=0.1",
                "seed=3 train.lr=1e-3 neighbours.lambda=2 neighbours.k=4 train.schedule=\"cosine\"",
                "seed=4 train.evaluate_every=1 train.patience=1 train.lr=0.3",
            ],
            device,
        );
        let message = outcomes[1].1.as_ref().unwrap_err();
        assert!(message.contains("stopped being finite"), "{message}");
        let ended = outcomes[4].1.as_ref().unwrap();
        assert!(
            ended.progress.stopped_early,
            "it has to end before the others"
        );
    }
}

/// Draws within a step are those of each replica's seed.
#[test]
fn draws_of_replicas_are_those_of_their_seeds() {
    for device in [&gpu(Some(GemmFamily::Tiled)) as &dyn Executor, &Cpu] {
        same_as_alone(
            &format!("{ROLL} method=vae"),
            &["seed=5", "seed=6 kl.weight=0.1", "seed=5 train.lr=3e-3"],
            device,
        );
        // All of the same data.
        same_as_alone(
            &format!("{ROLL} method=dae"),
            &[
                "seed=5 corruption.amount=0.1",
                "seed=5 corruption.amount=0.2",
                "seed=5 train.lr=3e-3",
            ],
            device,
        );
    }
}

/// Images as bytes, of which a fraction is held out by each seed.
fn images(folder: &Path, [count, side]: [usize; 2]) -> String {
    let pixels = (0..count * side * side).map(|i| (i * i / 7 % 251) as u8);
    let path = folder.join("images.npy");
    write_npy_bytes(&path, &[count, side, side], &pixels.collect::<Vec<_>>()).unwrap();
    path.display().to_string()
}

#[test]
fn convolutions_of_replicas_give_the_bytes_of_each_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = images(folder.path(), [40, 8]);
    let common = format!(
        "data.train=\"{data}\" net.preset=\"conv\" net.latent=2 neighbours.k=3 train.batch=9 train.epochs=2 method=nrae-l \
         data.validation_fraction=0.2"
    );
    // By minimal filtering; what is beside it is chosen by shape.
    let gpu = gpu_with(Some(GemmFamily::Tiled), Some(Tile::filtered()[1]));
    for device in [&gpu as &dyn Executor, &Cpu] {
        same_as_alone(
            &common,
            &[
                "seed=1",
                "seed=2 neighbours.lambda=3",
                "seed=3 train.lr=1e-2",
            ],
            device,
        );
    }
}

/// Workgroups share the terms of the first layer, and of the last one on the way back.
#[test]
fn products_in_parts_of_replicas_give_the_bytes_of_each_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = images(folder.path(), [12, 50]);
    let common = format!(
        "data.train=\"{data}\" net.hidden=[12] net.latent=2 train.batch=4 train.epochs=2 method=ae \
         data.validation_fraction=0.2"
    );
    let gpu = gpu(Some(GemmFamily::Tiled));
    same_as_alone(&common, &["seed=1", "seed=2 train.weight_decay=0.1"], &gpu);
}

/// More replicas take more work, but no more dispatches.
#[test]
fn a_step_of_replicas_has_the_dispatches_of_one() {
    let gpu = gpu(Some(GemmFamily::Tiled));
    let network = Network::mlp(&[4], &[8], 1, Activation::Elu, Activation::Linear).unwrap();
    let method = Method::find("nrae-q").unwrap();
    let sampling = Sampling {
        neighbours: 1,
        centre: true,
    };
    let objective = method.objective(sampling, Variants::default());
    let data = Data::floats(9);
    let optimiser = Optimiser::default();
    let step = training_step_in_segments(&network, &objective, data, 3, 1, 1, &optimiser);
    let counts = |replicas: usize| {
        let recordings = vec![&step.recording; replicas];
        let sessions = gpu.prepare_replicas(&recordings, &[step.data]).unwrap();
        sessions[0].counts().unwrap()
    };
    assert!(counts(1).dispatches > 10);
    assert_eq!(counts(1), counts(40));
    // As many as are wanted, or as fit: parts of a sum and replicas share the workgroups along z.
    let fit = |wanted| {
        gpu.replicas(&step.recording, &[step.data], Some(wanted))
            .unwrap()
    };
    assert_eq!(fit(40), 40);
    assert!((1000..=65_535).contains(&fit(1 << 20)), "{}", fit(1 << 20));
}

/// What differs in structure is another group.
#[test]
fn runs_of_other_structure_train_elsewhere() {
    let gpu = gpu(None);
    let mut grouping = Grouping::new(&gpu, Some(2));
    let mut push = |own: &str, tag: usize| {
        let group = grouping
            .push(recorded(&format!("{ROLL} method=ae"), own, &gpu), tag)
            .unwrap();
        group.map(|runs| runs.into_iter().map(|(_, tag)| tag).collect::<Vec<_>>())
    };
    assert_eq!(push("seed=1", 1), None);
    assert_eq!(push("seed=1 net.hidden=[8]", 2), None);
    assert_eq!(push("seed=1 train.batch=5", 3), None);
    assert_eq!(push("seed=2", 4), Some(vec![1, 4]));
    assert_eq!(push("seed=2 net.hidden=[8]", 5), Some(vec![2, 5]));
    let rest: Vec<Vec<usize>> = grouping
        .rest()
        .map(|runs| runs.into_iter().map(|(_, tag)| tag).collect())
        .collect();
    assert_eq!(rest, [[3]]);
    // A software driver gains nothing, and a thread of the CPU takes one.
    let is_alone = |device: &dyn Executor| {
        let run = recorded(&format!("{ROLL} method=ae"), "seed=1", device);
        Grouping::new(device, None).push(run, ()).unwrap().is_some()
    };
    assert!(is_alone(&gpu));
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let alone = pool.build().unwrap().install(|| is_alone(&Cpu));
        assert_eq!(alone, threads == 1);
    }
}
