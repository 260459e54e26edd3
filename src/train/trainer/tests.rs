//! Whole runs of a trainer: what they repeat, where they go on, and why they end.

use super::*;
use crate::cpu::Cpu;
use crate::data::{ScalingKind, Synthetic};
use std::sync::atomic::Ordering;

fn trainer(change: impl FnOnce(&mut Config)) -> Trainer {
    let mut config = Config {
        seed: 5,
        ..Config::default()
    };
    config.data.synthetic = Some(Synthetic::SwissRollOfficial);
    config.data.validation_fraction = Some(0.2);
    config.net.hidden = vec![16, 16];
    config.net.latent = 1;
    config.neighbours.k = Some(3);
    config.train.batch = Some(7);
    config.train.epochs = Some(30);
    change(&mut config);
    let splits = Splits::load(&config).unwrap();
    Trainer::new(config, splits, &Cpu, &mut |_| ()).unwrap()
}

#[test]
fn training_lowers_the_loss_and_repeats_itself_to_the_bit() {
    let run = || {
        let mut trainer = trainer(|_| ());
        let mut records = Vec::new();
        while !trainer.is_done() {
            records.extend(trainer.advance().unwrap());
        }
        (records, trainer.state().unwrap())
    };
    let (records, state) = run();
    assert_eq!(records.len(), 30);
    assert!(
        records[29].loss < 0.5 * records[0].loss,
        "{} to {}",
        records[0].loss,
        records[29].loss
    );
    assert!(records.iter().all(|record| record.validation_mse.is_some()));
    // Of 24 training samples, as many as there are to validate with.
    let (first, last) = (
        records[0].train_mse.unwrap(),
        records[29].train_mse.unwrap(),
    );
    assert!(last < 0.7 * first, "{first} to {last}");
    assert_eq!((records, state), run());
}

#[test]
fn a_run_that_a_flag_may_stop_has_short_blocks_and_gives_up_evaluations() {
    let stop = Arc::new(AtomicBool::new(false));
    let mut trainer = trainer(|config| config.train.evaluate_every = 1);
    let long = (
        trainer.set_block_length(Duration::from_secs(1), 100),
        trainer.steps_per_block,
    )
        .1;
    trainer.stop_by(stop.clone()).unwrap();
    trainer.set_block_length(Duration::from_secs(1), 100);
    assert_eq!((long, trainer.steps_per_block), (20, 5));
    let evaluated = |trainer: &mut Trainer| loop {
        if let Some(record) = trainer.advance().unwrap().pop() {
            return record.validation_mse.is_some();
        }
    };
    assert!(evaluated(&mut trainer));
    stop.store(true, Ordering::Relaxed);
    assert!(!evaluated(&mut trainer));
    assert_eq!(trainer.state().unwrap().progress.best.unwrap().1, 1);
    stop.store(false, Ordering::Relaxed);
    assert!(evaluated(&mut trainer));
}

#[test]
fn a_restored_run_equals_an_uninterrupted_one() {
    let mut whole = trainer(|_| ());
    whole.run().unwrap();
    let mut first = trainer(|_| ());
    while first.progress().step < 40 {
        first.advance().unwrap();
    }
    let mut second = trainer(|_| ());
    second.restore(first.state().unwrap()).unwrap();
    second.run().unwrap();
    assert!(whole.state().unwrap() == second.state().unwrap());
}

#[test]
fn a_run_is_trained_on_with_the_same_data_or_with_others() {
    let state = |trainer: &mut Trainer| {
        while trainer.progress().step < 40 {
            trainer.advance().unwrap();
        }
        trainer.state().unwrap()
    };
    let mut whole = trainer(|_| ());
    whole.run().unwrap();
    let mut same = trainer(|_| ());
    same.resume(state(&mut trainer(|_| ())), 10).unwrap();
    same.run().unwrap();
    assert!(whole.state().unwrap() == same.state().unwrap());

    let mut other = trainer(|config| config.data.samples = Some(60));
    let before = state(&mut trainer(|_| ()));
    other.resume(before.clone(), 9).unwrap();
    let per_epoch = other.steps_per_epoch();
    assert_eq!(other.progress().step, 9 * per_epoch);
    assert_eq!(other.progress().best, None);
    assert_eq!(other.last_model().unwrap().parameters, before.parameters);
    other.run().unwrap();
    assert_eq!(other.progress().step, 30 * per_epoch);
}

#[test]
fn validation_stops_a_run_that_no_longer_improves() {
    let mut trainer = trainer(|config| {
        config.train.epochs = Some(3000);
        config.train.lr = 0.02;
        config.train.patience = 3;
        config.train.evaluate_every = 1;
    });
    let mut errors = Vec::new();
    while !trainer.is_done() {
        errors.extend(trainer.advance().unwrap().into_iter().map(|record| {
            let error = record.validation_mse.expect("every epoch is evaluated");
            (error, record.epoch)
        }));
    }
    let best = trainer.best_model().unwrap();
    let progress = trainer.progress();
    let least = errors.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(progress.best, least);
    let validation = trainer.splits().validation.as_ref().unwrap();
    let error = best.mean_squared_error(&validation.values, &Cpu).unwrap();
    assert_eq!(error, least.unwrap().0);
    assert!(progress.stopped_early && progress.step < trainer.total_steps());
    assert_eq!(progress.since_best, 3);
    assert_ne!(best, trainer.last_model().unwrap());
}

#[test]
fn of_equal_validation_errors_the_first_is_the_best() {
    let mut trainer = trainer(|config| {
        config.train.epochs = Some(3);
        config.train.lr = 0.0;
        config.train.evaluate_every = 1;
    });
    trainer.run().unwrap();
    assert_eq!(trainer.progress().best.unwrap().1, 1);
}

#[test]
fn a_run_that_diverges_says_where_and_what_to_do() {
    let mut trainer = trainer(|config| config.train.lr = 1e30);
    let message = trainer.run().unwrap_err().to_string();
    assert!(
        message.contains("stopped being finite in step") && message.contains("train.lr"),
        "{message}"
    );
}

#[test]
fn streamed_samples_give_the_same_bytes_as_resident_ones() {
    for (scaling, method) in [
        (ScalingKind::None, "nrae-q"),
        (ScalingKind::Unit, "nr-spae-l"),
    ] {
        let run = |memory| {
            let mut trainer = trainer(|config| {
                config.method = method.into();
                config.data.scaling = Some(scaling);
                config.train.data_memory_mib = memory;
            });
            trainer.run().unwrap();
            (trainer.feed.streamed, trainer.state().unwrap())
        };
        let (resident, streamed) = (run(None), run(Some(0)));
        assert!(!resident.0 && streamed.0);
        assert!(resident.1 == streamed.1, "{method}");
    }
}
