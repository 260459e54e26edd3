//! One-dimensional latents against the coordinate that generated the data.

use super::figure::{Aspect, Figure, Frame};
use super::palette::BLUE;
use super::scale::{Scale, drawable};
use super::scatter::marker_for;
use crate::error::{Error, Result};
use std::path::Path;

/// Draws `latents` (N) over the known coordinate `parameter` (N) of each sample. A monotone line
/// means that the latent space has recovered that coordinate.
///
/// Errors: no pair is finite; the lengths differ; the file cannot be written.
pub fn latent_line(path: &Path, title: &str, latents: &[f32], parameter: &[f32]) -> Result<()> {
    if latents.len() != parameter.len() {
        let (latents, parameters) = (latents.len(), parameter.len());
        let message = format!(
            "\"{title}\" has {latents} latents but {parameters} coordinates; give one coordinate per latent."
        );
        return Err(Error::input(message));
    }
    let points: Vec<(f64, f64)> = parameter
        .iter()
        .zip(latents)
        .map(|(&parameter, &latent)| (f64::from(parameter), f64::from(latent)))
        .filter(|&(parameter, latent)| drawable(parameter) && drawable(latent))
        .collect();
    if points.is_empty() {
        return Err(Error::input(format!(
            "There is nothing to draw in \"{title}\": it has no finite point."
        )));
    }
    let x = Scale::linear(points.iter().map(|p| p.0), 0.04);
    let y = Scale::linear(points.iter().map(|p| p.1), 0.05);

    let frame = Frame {
        title,
        x_label: "known coordinate",
        y_label: "latent z",
        ..Frame::default()
    };
    let mut figure = Figure::new(frame, x, y, Aspect::Free, None)?;
    let (radius, opacity) = marker_for(points.len());
    points
        .iter()
        .for_each(|&point| figure.marker(point, radius, BLUE, opacity));
    figure.write(path)
}
