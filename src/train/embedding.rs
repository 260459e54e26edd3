//! Where the codes of training samples should lie.

use super::{Config, find_data};
use crate::data::read_array;
use crate::embedding::{PhateOptions, phate, standardise};
use crate::error::{Error, Result};

/// The embedding of the training samples `scaled` [samples, features] in `latent` dimensions: from
/// the file that the configuration names, or PHATE's. Each dimension has mean 0 and standard
/// deviation 1.
///
/// # Errors
/// When the file cannot be used, or PHATE refuses the samples.
pub(super) fn target_embedding(
    config: &Config,
    scaled: &[f32],
    features: usize,
    latent: usize,
) -> Result<Vec<f32>> {
    let samples = scaled.len() / features;
    let mut embedding = match &config.grae.file {
        Some(path) => {
            let path = find_data(path)?;
            let array = read_array(&path)?;
            if array.shape != [samples, latent] {
                return Err(Error::input(format!(
                    "{} has the shape {:?}, but an embedding of {samples} samples in {latent} latent dimensions has \
                     [{samples}, {latent}]",
                    path.display(),
                    array.shape
                )));
            }
            array.values.to_floats()
        }
        None => {
            let settings = &config.grae;
            let options = PhateOptions {
                neighbours: settings.neighbours,
                decay: settings.decay,
                landmarks: settings.landmarks,
                seed: config.seed,
                ..PhateOptions::default()
            };
            phate(scaled, features, latent, &options, &mut |_| ())?
        }
    };
    standardise(&mut embedding, latent);
    Ok(embedding)
}
