//! Latents that a command line names: of samples by their numbers, or written out.

use super::apply::samples_for;
use crate::cpu::Cpu;
use crate::data::{Dataset, Values};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::train::{Config, Settings, Splits};
use std::path::{Path, PathBuf};

/// The two ends of a path.
#[derive(clap::Args, Debug)]
pub(super) struct EndArguments {
    /// Where it begins: the number of a sample (from 0), or latents as z1,z2,... (`z=0.5` for one)
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub(super) from: String,
    /// Where it ends, likewise
    #[arg(long, value_name = "B", allow_hyphen_values = true)]
    pub(super) to: String,
    /// Samples that numbers count, instead of the run's training data
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
}

impl EndArguments {
    /// The latents `[m]` of both ends.
    ///
    /// # Errors
    /// When there is no such sample, or a latent is no number.
    pub(super) fn latents(&self, model: &Model, path: &Path) -> Result<[Vec<f64>; 2]> {
        let (m, mut data) = (model.network.latent(), None);
        let mut of = |flag: &str, text: &str| {
            if let Some(latents) = written(flag, text, m)? {
                return Ok(latents);
            }
            let index: usize = text.trim().parse().map_err(|_| {
                Error::input(format!(
                    "{flag} is `{text}`: give the number of a sample, such as 12, or {m} latents as {}",
                    example(m)
                ))
            })?;
            if data.is_none() {
                data = Some(match &self.data {
                    Some(file) => samples_for(model, path, file)?,
                    None => training_data(path)?,
                });
            }
            encoded(flag, index, data.as_ref().expect("just read"), model)
        };
        Ok([of("--from", &self.from)?, of("--to", &self.to)?])
    }
}

/// Latents that are written out; `None` where `text` is a single number.
fn written(flag: &str, text: &str, m: usize) -> Result<Option<Vec<f64>>> {
    let list = match text.trim().strip_prefix("z=") {
        Some(list) => list,
        None if text.contains(',') => text.trim(),
        None => return Ok(None),
    };
    let numbers: Option<Vec<f64>> = list
        .split(',')
        .map(|number| {
            number
                .trim()
                .parse()
                .ok()
                .filter(|value: &f64| value.is_finite())
        })
        .collect();
    match numbers {
        Some(latents) if latents.len() == m => Ok(Some(latents)),
        Some(latents) => Err(Error::input(format!(
            "{flag} has {} latents, but the model has {m}: give them as {}",
            latents.len(),
            example(m)
        ))),
        None => Err(Error::input(format!(
            "{flag} is `{text}`, of which something is no number: give latents as {}",
            example(m)
        ))),
    }
}

fn example(m: usize) -> String {
    match m {
        1 => "z=0.5".into(),
        2 => "0.5,-1".into(),
        m => format!("0.5,-1,... ({m} numbers)"),
    }
}

/// The latents of sample `index` of `data`.
fn encoded(flag: &str, index: usize, data: &Dataset, model: &Model) -> Result<Vec<f64>> {
    if index >= data.samples {
        return Err(Error::input(format!(
            "{flag} is {index}, but there are {} samples, counted from 0",
            data.samples
        )));
    }
    let latents = model.encode(&data.subset(&[index]).values, &Cpu)?;
    Ok(latents.into_iter().map(f64::from).collect())
}

/// The configuration of the run at `path`.
///
/// # Errors
/// When `path` is no run folder.
pub(super) fn configuration(path: &Path) -> Result<Config> {
    let file = path.join("config.toml");
    if !file.exists() {
        return Err(Error::input(format!(
            "{} is no run folder, so its training data are not known: give --data FILE",
            path.display()
        )));
    }
    Settings::from_file(&file)?.finish()
}

/// What the run at `path` was trained on.
///
/// # Errors
/// When it is no run folder, or the data are gone.
pub(super) fn training_data(path: &Path) -> Result<Dataset> {
    Ok(Splits::load(&configuration(path)?)?.train)
}

/// Decoded `latents` [count, m], in the units of the data.
///
/// # Errors
/// When one is not finite.
pub(super) fn decoded(model: &Model, latents: &[f64]) -> Result<Values> {
    model.decode(&rounded(latents), &Cpu)
}

/// `values` as f32.
pub(super) fn rounded(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}
