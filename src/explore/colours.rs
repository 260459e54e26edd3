//! What colours points: a byte each, of a class or of a value along a scale.

use super::blob::base64_bytes;
use crate::data::Dataset;
use crate::eval::colouring;
use crate::plot::Colouring;
use serde::Serialize;

/// The colours of points.
#[derive(Serialize)]
pub(super) struct Colours {
    /// A byte each: the class, or 0 to 255 along the scale.
    bytes: String,
    /// Names of the classes; none of values.
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<Vec<String>>,
    /// The ends of the scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<[f32; 2]>,
}

impl Colours {
    /// Those of `data`, whose classes are called `names` where they have names.
    pub(super) fn of(data: &Dataset, names: &[String]) -> Option<Self> {
        match colouring(data, names)? {
            Colouring::Classes { labels, names } => {
                let most = labels.iter().copied().max().unwrap_or(0) as usize;
                // A page has 256 colours and shapes at most: labels beyond share them.
                let count = names.len().max(most + 1).min(256);
                let name = |class: usize| {
                    names
                        .get(class)
                        .cloned()
                        .unwrap_or_else(|| class.to_string())
                };
                let bytes: Vec<u8> = labels.iter().map(|label| (label % 256) as u8).collect();
                Some(Self {
                    bytes: base64_bytes(&bytes),
                    classes: Some((0..count).map(name).collect()),
                    scale: None,
                })
            }
            Colouring::Values(values) | Colouring::Angles(values) => {
                let finite = || values.iter().copied().filter(|value| value.is_finite());
                let (low, high) = finite()
                    .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| {
                        (low.min(v), high.max(v))
                    });
                let place = |v: &f32| {
                    ((v - low) / (high - low).max(f32::MIN_POSITIVE) * 255.0).round() as u8
                };
                let bytes: Vec<u8> = values.iter().map(place).collect();
                (low <= high).then(|| Self {
                    bytes: base64_bytes(&bytes),
                    classes: None,
                    scale: Some([low, high]),
                })
            }
        }
    }
}
