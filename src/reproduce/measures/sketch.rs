//! What a run leaves for a picture.

use super::Measured;
use crate::error::Result;
use crate::eval::{CurvatureField, decoded_curve};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// What the first run of a cell leaves for a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sketch {
    /// The decoded curve, the data, and their codes.
    Curve,
    /// The decoded images of sorted codes.
    Sorted,
    /// The decoded images of a grid over the normalised latent space.
    Grid,
    /// The latents on a circle with their angles.
    Circle,
    /// The scalar curvature field.
    Field,
}

/// A sketch with its data, small enough to keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drawn {
    /// A decoded curve.
    Curve {
        /// The training data.
        data: Vec<[f32; 2]>,
        /// The decoded curve.
        curve: Vec<[f32; 2]>,
        /// The curve that the data are drawn around.
        truth: Vec<[f32; 2]>,
        /// Codes of the training data.
        codes: Vec<f32>,
        /// Their coordinate along the true curve.
        along: Vec<f32>,
    },
    /// Decoded images of 0 to 1.
    Images {
        /// Channels, height and width.
        shape: [usize; 3],
        /// Images in a row.
        columns: usize,
        /// A byte a pixel, in base 64.
        pixels: String,
    },
    /// Codes in the plane.
    Circle {
        /// Codes of the training data.
        codes: Vec<[f32; 2]>,
        /// Their angles in degrees.
        angles: Vec<f32>,
    },
    /// A field over two latent dimensions.
    Field {
        /// Its columns.
        columns: usize,
        /// First and last column, first and last row.
        ends: [f32; 4],
        /// Row by row; absent where it is not defined.
        values: Vec<Option<f32>>,
    },
}

/// Images along a side of the picture of that grid.
const SHOWN: usize = 10;

impl Measured<'_> {
    /// Draws `sketch`; `None` where there is nothing to draw, as for the field over latents that do not
    /// spread over both dimensions.
    pub(super) fn sketch(&self, sketch: Sketch) -> Result<Option<Drawn>> {
        let codes = self.codes(self.train)?;
        let image = || {
            <[usize; 3]>::try_from(self.train.shape.as_slice()).unwrap_or([
                1,
                1,
                self.train.features(),
            ])
        };
        let images = |columns, values: &[f32]| Drawn::Images {
            shape: image(),
            columns,
            pixels: BASE64_STANDARD.encode(
                values
                    .iter()
                    .map(|v| (v * 255.0).round() as u8)
                    .collect::<Vec<_>>(),
            ),
        };
        Ok(Some(match sketch {
            Sketch::Curve => {
                let curve = plane(&decoded_curve(self.model, &codes, self.executor)?);
                let truth = self
                    .test
                    .map_or_else(Vec::new, |test| plane(&test.values.to_floats()));
                Drawn::Curve {
                    data: plane(&self.train.values.to_floats()),
                    curve: thinned(&curve, 300),
                    truth: thinned(&truth, 100),
                    codes: codes.iter().map(|&z| short(z)).collect(),
                    along: self
                        .train
                        .parameter
                        .iter()
                        .flatten()
                        .map(|&at| short(at))
                        .collect(),
                }
            }
            Sketch::Sorted => images(self.train.samples, &self.decoded_in_order(&codes)?),
            Sketch::Grid => images(SHOWN, &self.grid(SHOWN)?),
            Sketch::Circle => Drawn::Circle {
                codes: plane(&codes),
                angles: self.train.parameter.clone().unwrap_or_default(),
            },
            Sketch::Field if !CurvatureField::spread(&codes) => return Ok(None),
            Sketch::Field => {
                let field = CurvatureField::of(self.model, &codes, self.executor)?;
                let (across, up) = (field.across, field.up);
                // Every second row and column: half the picture's resolution is enough to see.
                let kept = (0..up.len()).step_by(2).flat_map(|row| {
                    (0..across.len())
                        .step_by(2)
                        .map(move |column| (row, column))
                });
                let value = |(row, column): (usize, usize)| {
                    Some(short(field.scalar[row * across.len() + column])).filter(|v| v.is_finite())
                };
                Drawn::Field {
                    columns: across.len().div_ceil(2),
                    ends: [across[0], across[across.len() - 1], up[0], up[up.len() - 1]],
                    values: kept.map(value).collect(),
                }
            }
        }))
    }
}

/// Four significant digits, since a picture shows no more.
fn short(value: f32) -> f32 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

fn plane(values: &[f32]) -> Vec<[f32; 2]> {
    values
        .as_chunks()
        .0
        .iter()
        .map(|point| point.map(short))
        .collect()
}

/// At most about `most` of `points`, evenly, with both ends.
fn thinned(points: &[[f32; 2]], most: usize) -> Vec<[f32; 2]> {
    let last = points.len().saturating_sub(1);
    let count = most.min(points.len());
    (0..count)
        .map(|i| points[i * last / (count - 1).max(1)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_ends() {
        let points: Vec<[f32; 2]> = (0..11).map(|i| [i as f32; 2]).collect();
        assert_eq!(thinned(&points, 3), [[0.0; 2], [5.0; 2], [10.0; 2]]);
        assert_eq!(thinned(&points[..1], 3), [[0.0; 2]]);
    }
}
