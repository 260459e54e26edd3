//! A run's state on disk, to the last bit.

use super::{Origin, Progress, State};
use crate::data::write_atomically;
use crate::error::{Error, Result};
use crate::model::serialise;
use crate::tuned::Tuned;
use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

const KEY: &str = "nrae-checkpoint";

/// [`Progress`] with floats as their bits, because text may round them.
#[derive(Serialize, Deserialize)]
struct Counters {
    step: usize,
    epoch_sums_bits: Vec<u64>,
    best_bits: Option<u64>,
    best_epoch: usize,
    since_best: usize,
    stopped_early: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kernels: Option<Tuned>,
}

impl State {
    /// Writes a checkpoint, atomically.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_atomically(path, |file| file.write_all(&self.to_bytes()))
    }

    /// A checkpoint, as a safetensors file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let progress = &self.progress;
        let counters = Counters {
            step: progress.step,
            epoch_sums_bits: progress
                .epoch_sums
                .iter()
                .map(|sum| sum.to_bits())
                .collect(),
            best_bits: progress.best.map(|(error, _)| error.to_bits()),
            best_epoch: progress.best.map_or(0, |(_, epoch)| epoch),
            since_best: progress.since_best,
            stopped_early: progress.stopped_early,
            origin: self.origin.clone(),
            kernels: self.kernels.clone(),
        };
        let shape = [self.parameters.len()];
        let mut tensors: Vec<(&str, &[usize], &[f32])> = vec![
            ("parameters", &shape, &self.parameters),
            ("first_moments", &shape, &self.moments[0]),
            ("second_moments", &shape, &self.moments[1]),
        ];
        if let Some(best) = &self.best_parameters {
            tensors.push(("best_parameters", &shape, best));
        }
        let json = serde_json::to_string(&counters).expect("plain data");
        serialise(&tensors, HashMap::from([(KEY.to_owned(), json)]))
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// When the file is missing, cut short, or no checkpoint.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| Error::file(path, source))?;
        Self::from_bytes(&bytes, path)
    }

    /// The state that [`State::to_bytes`] has given; `source` begins the sentence of an error.
    ///
    /// # Errors
    /// When the bytes are cut short, or no checkpoint.
    pub fn from_bytes(bytes: &[u8], source: &Path) -> Result<Self> {
        let bad = |what: &dyn std::fmt::Display| {
            Error::input(format!(
                "{} is damaged, cut short, or no checkpoint: {what}",
                source.display()
            ))
        };
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| bad(&error))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| bad(&error))?;
        let json = metadata
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(KEY))
            .ok_or_else(|| bad(&"it has no counters"))?;
        let counters: Counters = serde_json::from_str(json).map_err(|error| bad(&error))?;
        let arena = |name: &str| -> Result<Vec<f32>> {
            let tensor = tensors.tensor(name).map_err(|error| bad(&error))?;
            if tensor.dtype() != Dtype::F32 {
                return Err(bad(&"its tensors are not F32"));
            }
            Ok(tensor
                .data()
                .chunks_exact(4)
                .map(|field| f32::from_le_bytes(field.try_into().expect("four bytes")))
                .collect())
        };
        Ok(Self {
            progress: Progress {
                step: counters.step,
                epoch_sums: counters
                    .epoch_sums_bits
                    .into_iter()
                    .map(f64::from_bits)
                    .collect(),
                best: counters
                    .best_bits
                    .map(|bits| (f64::from_bits(bits), counters.best_epoch)),
                since_best: counters.since_best,
                stopped_early: counters.stopped_early,
            },
            parameters: arena("parameters")?,
            moments: [arena("first_moments")?, arena("second_moments")?],
            best_parameters: if counters.best_bits.is_some() {
                Some(arena("best_parameters")?)
            } else {
                None
            },
            origin: counters.origin,
            kernels: counters.kernels,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        let progress = Progress {
            step: 41,
            epoch_sums: vec![0.1 + 0.2, 1e-300],
            best: Some((1.0 / 3.0, 7)),
            since_best: 2,
            stopped_early: true,
        };
        let moments = [vec![f32::MIN_POSITIVE / 2.0, -0.0], vec![1e-30, 3.0]];
        let state = State {
            progress,
            parameters: vec![0.1, -2.0],
            moments,
            best_parameters: Some(vec![5.0, 6.0]),
            origin: Some(Origin {
                settings: [("seed".into(), "3".into())].into(),
                ..Origin::default()
            }),
            kernels: Some(Tuned {
                adapter: "a card".into(),
                ..Tuned::default()
            }),
        };
        state.save(&path).unwrap();
        assert_eq!(State::load(&path).unwrap(), state);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        assert!(
            State::load(&path)
                .unwrap_err()
                .to_string()
                .contains("cut short")
        );
    }
}
