//! |z - e|^2 with e the sample's place in an embedding (geometry regularized autoencoders, Duque et
//! al. 2020).

use super::term::{Needs, TableSource, TermContext, TermSettings};
use crate::data::{find_data, read_array};
use crate::embedding::{PhateOptions, geodesic, phate, standardise};
use crate::engine::View;
use crate::engine::ops::EmbeddingLoss;
use crate::error::{Error, Result};
use crate::objective::recorder::StepRecorder;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

pub(super) const NAME: &str = "grae";
pub(super) const NEEDS: Needs = Needs::LATENTS;

/// `[grae]`, of geometry regularized autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraeConfig {
    /// Weight.
    pub weight: f64,
    /// An embedding of the training samples, [N, m].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// What embeds the samples where there is no file.
    pub embedding: Embedding,
    /// Neighbours whose distance is the bandwidth of PHATE's kernel, or who are joined to paths.
    pub neighbours: usize,
    /// How fast PHATE's kernel decays.
    pub decay: f64,
    /// Above so many samples, PHATE embeds landmarks.
    pub landmarks: usize,
}

/// Embeddings that the latents are drawn to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Embedding {
    /// PHATE, as in the paper of GRAE.
    #[default]
    Phate,
    /// Lengths of paths over mutual neighbours: see [`geodesic`]. Memory grows with the square of
    /// the samples.
    Geodesic,
}

impl Default for GraeConfig {
    fn default() -> Self {
        let PhateOptions {
            neighbours,
            decay,
            landmarks,
            ..
        } = PhateOptions::default();
        Self {
            weight: 1e-2,
            file: None,
            embedding: Embedding::default(),
            neighbours,
            decay,
            landmarks,
        }
    }
}

impl TermSettings for GraeConfig {
    fn name(&self) -> &'static str {
        NAME
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn amounts(&self) -> Vec<(&'static str, f64)> {
        vec![("decay", self.decay)]
    }

    /// The embedding of the training samples: from the file that is named, or PHATE's. Each
    /// dimension has mean 0 and standard deviation 1.
    fn table(&self, source: &TableSource) -> Result<Vec<f32>> {
        let TableSource {
            features, latent, ..
        } = *source;
        let samples = source.samples.len() / features;
        let mut embedding = match &self.file {
            Some(path) => {
                let path = find_data(path)?;
                let array = read_array(&path)?;
                if array.shape != [samples, latent] {
                    return Err(Error::input(format!(
                        "{} has the shape {:?}, but an embedding of {samples} samples in {latent} latent dimensions \
                         has [{samples}, {latent}]",
                        path.display(),
                        array.shape
                    )));
                }
                array.values.to_floats()
            }
            None if self.embedding == Embedding::Geodesic => geodesic(
                source.samples,
                features,
                latent,
                self.neighbours,
                source.seed,
            )?,
            None => {
                let options = PhateOptions {
                    neighbours: self.neighbours,
                    decay: self.decay,
                    landmarks: self.landmarks,
                    seed: source.seed,
                    ..PhateOptions::default()
                };
                phate(source.samples, features, latent, &options, &mut |_| ())?
            }
        };
        standardise(&mut embedding, latent);
        Ok(embedding)
    }
}

/// Records the term: [batch, m] numbers whose sum is the term.
pub(super) fn record(r: &mut StepRecorder, term: TermContext) -> View {
    let (batch, group, features) = (r.step.batch, r.step.group, r.network.latent());
    let embedding = term.table(r, "embedding", features);
    let values = r.temporary("embedding loss", batch * features);
    let pass = EmbeddingLoss {
        codes: term.latents.codes(),
        embedding,
        indices: r.step.indices,
        loss_weights: r.step.loss_weights,
        state: r.step.state,
        values,
        d_codes: term.latents.gradient(),
        batch,
        group,
        features,
        columns: r.step.columns,
        column: term.column,
    };
    r.push("embedding loss", pass);
    values
}
