//! Samples that are corrupted before they are encoded (denoising autoencoders, Vincent et al. 2010).

use super::recorder::StepRecorder;
use crate::engine::jets::Tensor;
use crate::engine::ops::Corrupt;
use crate::random::Stream;
use serde::{Deserialize, Serialize};

/// How samples are corrupted before they are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corruption {
    /// What is done.
    pub kind: CorruptionKind,
    /// Standard deviation of the noise, or share of the pixels that are set to 0.
    pub amount: f32,
}

/// Kinds of [`Corruption`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CorruptionKind {
    /// Normal noise is added
    #[default]
    Gaussian,
    /// Pixels are set to 0, the same ones in all channels
    Mask,
}

/// `[corruption]`, of denoising autoencoders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorruptionConfig {
    /// What is done to samples.
    pub kind: CorruptionKind,
    /// Standard deviation of the noise in scaled units, or share of the pixels that are set to 0.
    pub amount: f64,
}

impl Default for CorruptionConfig {
    fn default() -> Self {
        Self {
            kind: CorruptionKind::default(),
            amount: 0.1,
        }
    }
}

impl CorruptionConfig {
    /// The corruption that is set.
    pub fn corruption(&self) -> Corruption {
        Corruption {
            kind: self.kind,
            amount: self.amount as f32,
        }
    }
}

impl Corruption {
    /// Records a corrupted copy of `x`.
    pub(super) fn record(self, r: &mut StepRecorder, x: Tensor) -> Tensor {
        let (rows, features) = (x.jets.batch, x.jets.features);
        let mask = self.kind == CorruptionKind::Mask;
        // Images are [channels, height, width]; of vectors every feature is a pixel of its own.
        let pixels = match r.network.shape[..] {
            [_, height, width] => height * width,
            _ => features,
        };
        let len = rows * if mask { pixels } else { features };
        let noise = if mask {
            r.uniforms("noise", len, Stream::Corruption)
        } else {
            r.normals("noise", len, Stream::Corruption)
        };
        let output = Tensor {
            view: r.temporary("corrupted samples", x.jets.len()),
            jets: x.jets,
        };
        r.push(
            "corrupt",
            Corrupt {
                input: x.view,
                noise,
                output: output.view,
                rows,
                features,
                pixels,
                amount: self.amount,
                mask,
            },
        );
        output
    }
}
