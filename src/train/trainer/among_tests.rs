//! Ranks that are threads train a run together.

use super::Trainer;
use crate::cpu::Cpu;
use crate::data::Synthetic;
use crate::engine::{Recording, Segment, View};
use crate::error::{Error, Result};
use crate::executor::{Executor, Session};
use crate::ranks::{Alone, Ranks, on_threads};
use crate::train::{Config, Schedule, Splits, State, WarmStart};
use std::sync::Arc;
use std::time::Duration;

/// Samples of a batch; the last batch of an epoch has 8, so that a rank may have none of it.
const BATCH: usize = 16;

fn config(method: &str, epochs: usize) -> Config {
    let mut config = Config {
        seed: 5,
        method: method.into(),
        ..Config::default()
    };
    config.data.synthetic = Some(Synthetic::SwissRollOfficial);
    config.data.samples = Some(50);
    config.data.validation_fraction = Some(0.2);
    config.net.hidden = vec![16, 16];
    config.net.latent = 1;
    config.neighbours.k = Some(3);
    config.train.batch = Some(BATCH);
    config.train.epochs = Some(epochs);
    config.train.evaluate_every = 2;
    config.train.schedule = Schedule::Constant;
    config.train.warm_start = Some(WarmStart::None);
    config
}

fn trainer(ranks: Arc<dyn Ranks>, config: &Config, device: &dyn Executor) -> Result<Trainer> {
    let splits = Splits::load(config)?;
    Trainer::among(ranks, config.clone(), splits, device, &mut |_| ())
}

/// What so many ranks train, each seen by itself: its losses, which rank 0 alone hears, and its state.
/// They go on from `state` where there is one.
fn train(
    size: usize,
    config: &Config,
    device: &dyn Executor,
    state: Option<&State>,
) -> Vec<(Vec<f64>, State)> {
    on_threads(size, |ranks| {
        let mut trainer = trainer(ranks.clone(), config, device).unwrap();
        let mut losses = Vec::new();
        if ranks.leads() {
            if let Some(state) = state {
                trainer.restore(state.clone()).unwrap();
            }
            while !trainer.is_done() {
                let records = trainer.advance().unwrap();
                losses.extend(records.iter().map(|record| record.loss));
            }
            trainer.dismiss();
        } else {
            trainer.follow().unwrap();
        }
        (losses, trainer.state().unwrap())
    })
}

/// Checks that two curves are the same to rounding.
fn assert_alike(a: &[f64], b: &[f64]) {
    assert!(!a.is_empty() && a.len() == b.len(), "{a:?} {b:?}");
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < 1e-4 * a.abs(), "{a} {b}");
    }
}

/// The CPU, which prepares recordings as this says.
struct Preparing<F>(F);

impl<F: Fn(&Recording) -> Result<Box<dyn Session>> + Send + Sync> Executor for Preparing<F> {
    fn name(&self) -> String {
        Cpu.name()
    }

    fn driver(&self) -> String {
        Cpu.driver()
    }

    fn data_limit(&self) -> usize {
        Cpu.data_limit()
    }

    fn prepare(&self, recording: &Recording) -> Result<Box<dyn Session>> {
        self.0(recording)
    }
}

/// The CPU, which takes batches of no more than so many rows.
fn small(rows: usize) -> impl Executor {
    Preparing(move |recording: &Recording| {
        let mut samples = recording.buffers.iter();
        match samples.find(|buffer| buffer.name == "samples") {
            // Of three features.
            Some(samples) if samples.len > 3 * rows => Err(Error::Device("too large".into())),
            _ => Cpu.prepare(recording),
        }
    })
}

#[test]
fn ranks_train_to_the_bit_what_one_process_does_that_computes_its_batch_in_parts() {
    for (method, group) in [("nrae-q", 2), ("ae", 1)] {
        for clip in [0.0, 0.5] {
            let mut config = config(method, 12);
            config.train.grad_clip_norm = clip;
            let whole = train(1, &config, &Cpu, None).remove(0);
            for size in [2, 4, 8] {
                let mut alone = train(1, &config, &small(group * BATCH / size), None);
                let (losses, mut state) = alone.remove(0);
                let ranks = train(size, &config, &Cpu, None);
                assert_eq!(ranks[0].0, losses, "{method} {size}");
                assert_alike(&whole.0, &losses);
                // Where a run stands has no other bytes either.
                state.origin.clone_from(&ranks[0].1.origin);
                for (_, of_rank) in &ranks {
                    assert!(*of_rank == state, "{method} {size}");
                }
            }
        }
    }
}

#[test]
fn a_part_that_is_too_large_for_its_device_is_cut_again() {
    let config = config("nrae-l", 6);
    let whole = train(1, &config, &Cpu, None).remove(0);
    let [first, again] = [(); 2].map(|()| train(2, &config, &small(2 * BATCH / 4), None));
    assert_alike(&whole.0, &first[0].0);
    assert!(first == again && first[0].1 == first[1].1);
}

#[test]
fn streamed_samples_give_ranks_the_same_bytes_as_resident_ones() {
    let resident = config("nrae-q", 6);
    let mut streamed = resident.clone();
    streamed.train.data_memory_mib = Some(0);
    let [resident, streamed] = [resident, streamed].map(|config| train(2, &config, &Cpu, None));
    for ((losses, state), (of_streamed, same)) in resident.iter().zip(&streamed) {
        assert_eq!(losses, of_streamed);
        assert!((&state.parameters, &state.moments) == (&same.parameters, &same.moments));
    }
}

#[test]
fn a_run_goes_on_with_another_number_of_ranks() {
    for buffer in [None, Some(9)] {
        let [short, long] = [5, 10].map(|epochs| {
            let mut config = config("nrae-q", epochs);
            config.train.shuffle_buffer = buffer;
            config
        });
        let whole = train(1, &long, &Cpu, None).remove(0);
        let (begun, state) = train(4, &short, &Cpu, None).remove(0);
        for size in [1, 2, 4] {
            let rest = train(size, &long, &Cpu, Some(&state)).remove(0).0;
            assert_alike(&whole.0, &[&begun[..], &rest[..]].concat());
            if size == 4 {
                let four = train(4, &long, &Cpu, None).remove(0).0;
                assert_eq!(four[5..], rest);
            }
        }
    }
}

#[test]
fn a_warm_start_is_found_once_for_all_ranks() {
    let mut config = config("nrae-q", 4);
    config.train.warm_start = Some(WarmStart::Geodesic);
    let whole = train(1, &config, &Cpu, None).remove(0);
    let ranks = train(2, &config, &Cpu, None);
    assert_alike(&whole.0, &ranks[0].0);
    assert!(ranks[0].1 == ranks[1].1);
}

#[test]
fn validation_ends_a_run_on_all_ranks() {
    let mut config = config("ae", 3000);
    config.train.lr = 0.02;
    config.train.patience = 3;
    config.train.evaluate_every = 1;
    let ranks = train(2, &config, &Cpu, None);
    assert!(ranks[0].1 == ranks[1].1);
    let progress = &ranks[0].1.progress;
    assert!(progress.stopped_early && progress.step < 3 * 3000);
}

/// The same error of all of `size` ranks.
fn refusal(size: usize, config: impl Fn(usize) -> Config + Sync) -> String {
    let messages = on_threads(size, |ranks| {
        let config = config(ranks.rank());
        trainer(ranks, &config, &Cpu).unwrap_err().to_string()
    });
    assert!(
        messages.iter().all(|message| *message == messages[0]),
        "{messages:?}"
    );
    messages[0].clone()
}

#[test]
fn what_cannot_be_dealt_out_is_refused_with_the_reason() {
    for (method, reason) in [
        ("wae", "its loss has the term `mmd`"),
        ("isometric", "its loss has the term `isometric`"),
        ("dae", "it draws noise"),
    ] {
        let message = refusal(2, |_| config(method, 2));
        let expected = format!("{method} cannot be trained by 2 processes");
        assert!(
            message.contains(&expected) && message.contains(reason),
            "{message}"
        );
        trainer(Arc::new(Alone), &config(method, 2), &Cpu).unwrap();
    }
    let message = refusal(3, |_| config("ae", 2));
    assert!(message.contains("--batch 18"), "{message}");
    let message = refusal(2, |rank| Config {
        seed: rank as u64,
        ..config("ae", 2)
    });
    assert!(
        message.starts_with("rank 1: its settings or data"),
        "{message}"
    );
}

/// The CPU, which fails in the third step where it is the one that `fails`.
fn failing(fails: bool) -> impl Executor {
    Preparing(move |recording: &Recording| {
        let steps = if fails { 2 } else { usize::MAX };
        Ok(Box::new(FailingSession(Cpu.prepare(recording)?, steps)) as Box<dyn Session>)
    })
}

struct FailingSession(Box<dyn Session>, usize);

impl Session for FailingSession {
    fn write(&mut self, view: View, values: &[f32]) -> Result<()> {
        self.0.write(view, values)
    }

    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()> {
        self.0.write_u32(view, values)
    }

    fn run(&mut self, steps: usize) -> Result<()> {
        self.0.run(steps)
    }

    fn run_segment(&mut self, segment: Segment) -> Result<()> {
        if segment == Segment::Gradient {
            let left = self.1.checked_sub(1);
            self.1 = left.ok_or_else(|| Error::Device("the device was lost".into()))?;
        }
        self.0.run_segment(segment)
    }

    fn read(&mut self, view: View) -> Result<Vec<f32>> {
        self.0.read(view)
    }

    fn read_u32(&mut self, view: View) -> Result<Vec<u32>> {
        self.0.read_u32(view)
    }

    fn profile(&mut self) -> Result<Option<Vec<Duration>>> {
        self.0.profile()
    }
}

#[test]
fn all_ranks_end_where_the_device_of_one_fails_or_the_loss_diverges() {
    let messages = on_threads(3, |ranks| {
        let mut config = config("ae", 20);
        config.train.batch = Some(15);
        let device = failing(ranks.rank() == 2);
        let mut trainer = trainer(ranks, &config, &device).unwrap();
        trainer.run().unwrap_err().to_string()
    });
    assert_eq!(messages, ["rank 2: the device was lost"; 3]);
    let messages = on_threads(2, |ranks| {
        let mut config = config("ae", 20);
        config.train.lr = 1e30;
        let mut trainer = trainer(ranks, &config, &Cpu).unwrap();
        trainer.run().unwrap_err().to_string()
    });
    assert!(
        messages[0].contains("stopped being finite in step"),
        "{messages:?}"
    );
}
