//! Several decoded curves through the same data, side by side.

use super::figure::{Aspect, Figure, Frame, side_by_side};
use super::legend::{Entry, Mark};
use super::manifold::{kept, surroundings};
use super::palette::{BLUE, INK, ORANGE};
use crate::error::{Error, Result};
use std::path::Path;

/// What one model has made of data in the plane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifold {
    /// Above its panel, e.g. the method and its error.
    pub title: String,
    /// The training data, N x 2.
    pub data: Vec<[f32; 2]>,
    /// The decoded curve in the order of the latent, P x 2.
    pub curve: Vec<[f32; 2]>,
    /// The curve that the data were drawn around, where it is known, in its order.
    pub truth: Vec<[f32; 2]>,
}

/// Width and height of a panel in pixels.
const PANEL: [usize; 2] = [420, 420];
/// Points of the true curve at most: it is dotted.
const DOTS: usize = 160;

/// Draws the decoded curve of each model over its data, in panels with the same axes, whose units
/// are equal. The picture is limited to the surroundings of the data.
///
/// Errors: there is no model; one's data or curve have no finite point; the file cannot be written.
pub fn manifolds(path: &Path, title: &str, models: &[Manifold]) -> Result<()> {
    let points = |of: fn(&Manifold) -> &[[f32; 2]]| -> Vec<(f64, f64)> {
        models.iter().flat_map(|model| kept(of(model))).collect()
    };
    let (data, curves) = (points(|m| &m.data), points(|m| &m.curve));
    let missing = |model: &&Manifold| kept(&model.data).is_empty() || kept(&model.curve).is_empty();
    if let Some(empty) = models.iter().find(missing) {
        return Err(Error::input(format!(
            "There is nothing to draw in \"{}\": its data or its curve have no finite point.",
            empty.title
        )));
    }
    if models.is_empty() {
        return Err(Error::input(format!(
            "There is nothing to draw in \"{title}\": give at least one model."
        )));
    }
    let x = surroundings(data.iter().map(|p| p.0), curves.iter().map(|p| p.0));
    let y = surroundings(data.iter().map(|p| p.1), curves.iter().map(|p| p.1));
    let mut panels = Vec::new();
    for model in models {
        let frame = Frame {
            title: &model.title,
            x_label: "x\u{2081}",
            y_label: "x\u{2082}",
            size: PANEL,
            ..Frame::default()
        };
        let mut figure = Figure::new(frame, x, y, Aspect::Equal, None)?;
        let truth = kept(&model.truth);
        for &point in truth.iter().step_by(truth.len().div_ceil(DOTS).max(1)) {
            figure.marker(point, 1.0, INK, 1.0);
        }
        figure.curve(&kept(&model.curve), 2.6, ORANGE);
        for point in kept(&model.data) {
            figure.marker(point, 3.6, BLUE, 0.85);
        }
        panels.push(figure.finish()?);
    }
    let with_truth = models.iter().any(|model| !model.truth.is_empty());
    side_by_side(
        title,
        legend(with_truth),
        panels.len().min(4),
        &panels,
        None,
    )?
    .write(path)
}

/// What the marks mean.
fn legend(with_truth: bool) -> Vec<Entry> {
    let entry = |name: &str, mark, colour| Entry {
        name: name.to_owned(),
        mark,
        colour,
    };
    let mut legend = vec![
        entry("training data", Mark::Disc(5.0), BLUE),
        entry("decoded manifold", Mark::Line, ORANGE),
    ];
    if with_truth {
        legend.push(entry("true curve", Mark::Dotted, INK));
    }
    legend
}
