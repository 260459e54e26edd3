//! Initial parameters that already know the order of the samples.
//!
//! In few dimensions the loss of an autoencoder has minima in which the latents run over samples in
//! a wrong order, and no neighbourhood term of a network that is there already leads out of them:
//! from random parameters NRAE-Q orders about half of all Swiss rolls. So the network first learns,
//! in a quarter of the run's steps but at most 500, to reconstruct the samples with latents that are
//! a [geodesic] embedding of them; from there on it is trained as ever.
//!
//! [geodesic]: crate::embedding::geodesic

use super::unrolling::{NEIGHBOURS, unrolls};
use super::{Config, Preparing, Schedule, Splits, Trainer};
use crate::error::Result;
use crate::executor::Executor;
use crate::objective::{Embedding, GraeConfig};
use serde::{Deserialize, Serialize};

/// Samples that are embedded, at most: others are left out.
const MOST_SAMPLES: usize = 1000;
/// Steps of the start, about, at most.
const STEPS: usize = 500;
/// Steps of the run for each of them, at least.
const SHARE: usize = 4;
/// Steps of the start for each one over which the rate rises after it.
const RISE: usize = 5;

/// Where the parameters start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum WarmStart {
    /// At random values
    None,
    /// Where the latents are lengths of paths over mutual neighbours
    Geodesic,
}

impl WarmStart {
    /// That of a run of `config` where none is given: geodesic for a method of neighbourhoods without further
    /// terms, where there is a single latent or the samples unroll into as many dimensions as there are
    /// latents. Where they do not, an embedding has no order to give, and errors end higher
    /// (`docs/defaults.md`). Latents of unit norm learn the directions of the embedding, so that they go
    /// around a closed curve once; in one dimension they have only two.
    ///
    /// # Errors
    /// When there is no such method, and those of [`unrolls`].
    pub(super) fn suited(config: &Config, splits: &Splits) -> Result<Self> {
        let method = config.method()?;
        let latent = config.net.latent;
        let plain = method.reconstruction.order() > 0
            && method.base.terms.is_empty()
            && !method.base.variational
            && splits.train.samples > latent;
        let knows_an_order = match latent {
            _ if !plain => false,
            1 => !config.net.unit_norm,
            _ => unrolls(splits, latent)?,
        };
        Ok(if knows_an_order {
            Self::Geodesic
        } else {
            Self::None
        })
    }
}

/// Steps over which the rate of a run of `steps`, with `per_epoch` an epoch, rises after a geodesic start:
/// a fifth of those of the start, in whole epochs as it takes them, 100 at most. The first step of Adam
/// moves every parameter by the whole rate, whatever its gradient, and would undo what was learned.
pub(super) fn rising_steps(steps: usize, per_epoch: usize) -> usize {
    let start = start_steps(steps).next_multiple_of(per_epoch);
    (start / RISE).min(STEPS / RISE)
}

/// Steps of the start of a run of `steps`.
fn start_steps(steps: usize) -> usize {
    steps.div_ceil(SHARE).min(STEPS)
}

/// The parameters of a run of `config` on `splits` after a geodesic start, of which `progress` hears.
///
/// # Errors
/// Those of [`Trainer::new`] and [`Trainer::advance`].
pub(super) fn geodesic_start(
    config: &Config,
    splits: &Splits,
    executor: &dyn Executor,
    progress: &mut dyn FnMut(Preparing),
) -> Result<Vec<f32>> {
    let mut start = config.clone();
    let mut splits = splits.clone();
    (splits.validation, splits.test) = (None, None);
    let batch = config.train.batch.unwrap_or(100);
    // Steps of an epoch of the run.
    let run = splits.train.samples.div_ceil(batch);
    splits.train = splits.train.draw(MOST_SAMPLES, config.seed);
    let samples = splits.train.samples;
    let batch = samples.min(batch);
    start.method = "grae".into();
    start.grae = GraeConfig {
        weight: 1.0,
        embedding: Embedding::Geodesic,
        neighbours: NEIGHBOURS,
        ..GraeConfig::default()
    };
    start.train.warm_start = Some(WarmStart::None);
    start.train.warm_up = 0;
    start.train.patience = 0;
    start.train.schedule = Schedule::Cosine;
    start.train.batch = Some(batch);
    let steps = start_steps(config.epochs() * run);
    start.train.epochs = Some(steps.div_ceil(samples.div_ceil(batch)));
    let mut trainer = Trainer::new(start, splits, executor, &mut |_| ())?;
    while !trainer.is_done() {
        trainer.advance()?;
        let done = trainer.progress().step as f64;
        progress(Preparing::Start(done / trainer.total_steps() as f64));
    }
    Ok(trainer.last_model()?.parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::{Dataset, ScalingKind, Values};
    use std::f32::consts::{PI, TAU};

    /// Points of a closed curve that comes near to itself, in an order that says nothing.
    fn closed_curve(samples: usize) -> (Dataset, Vec<f32>) {
        let angles: Vec<f32> = (0..samples)
            .map(|i| (i * 7 % samples) as f32 / samples as f32 * TAU)
            .collect();
        let place = |&t: &f32| {
            let radius = 1.0 + 0.9 * (2.0 * t).cos();
            [radius * t.cos(), radius * t.sin(), 0.2 * (3.0 * t).sin()]
        };
        let values: Vec<f32> = angles.iter().flat_map(place).collect();
        let data = Dataset {
            samples,
            shape: vec![3],
            values: Values::Floats(values.into()),
            labels: None,
            parameter: None,
        };
        (data, angles)
    }

    #[test]
    fn latents_on_a_circle_go_once_around_a_closed_curve() {
        let (data, angles) = closed_curve(60);
        let mut config = Config {
            method: "nrae-q".into(),
            ..Config::default()
        };
        config.net.hidden = vec![64];
        config.net.latent = 2;
        config.net.unit_norm = true;
        config.data.scaling = Some(ScalingKind::None);
        config.data.validation_fraction = Some(0.0);
        let splits = Splits::of(&config, data, None).unwrap();
        let mut trainer = Trainer::new(config, splits.clone(), &Cpu, &mut |_| ()).unwrap();
        assert_eq!(trainer.config().train.warm_start, Some(WarmStart::Geodesic));
        let model = trainer.last_model().unwrap();
        let codes = model.encode(&splits.train.values, &Cpu).unwrap();
        let mut turns: Vec<(f32, f32)> = angles
            .into_iter()
            .zip(codes.chunks_exact(2).map(|code| code[1].atan2(code[0])))
            .collect();
        turns.sort_by(|a, b| a.0.total_cmp(&b.0));
        let steps = turns.iter().zip(turns.iter().cycle().skip(1));
        let steps: Vec<f32> = steps
            .map(|(a, b)| (b.1 - a.1 + PI).rem_euclid(TAU) - PI)
            .collect();
        let once = steps.iter().sum::<f32>() / TAU;
        assert!((once.abs() - 1.0).abs() < 1e-3, "{once}");
        let same_way = steps.iter().filter(|step| **step * once > 0.0).count();
        assert!(same_way > 57, "{same_way}");
    }
}
