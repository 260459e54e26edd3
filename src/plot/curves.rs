//! Training curves: losses and measures over epochs.

use super::figure::{Aspect, Figure, Frame};
use super::legend::{Entry, Mark};
use super::palette::category;
use super::scale::{Scale, drawable};
use crate::error::{Error, Result};
use std::path::Path;

/// One curve of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// (epoch, value), in the order in which they are joined.
    pub points: Vec<(f64, f64)>,
}

/// Up to this many points of a series each get a marker.
const FEW: usize = 12;

/// Draws training curves over epochs. The y axis is logarithmic where all values are positive and
/// the largest is more than ten times the smallest.
///
/// Errors: no series has a finite point; the file cannot be written.
pub fn curves(path: &Path, title: &str, y_label: &str, series: &[Series]) -> Result<()> {
    let kept: Vec<Vec<(f64, f64)>> = series
        .iter()
        .map(|s| {
            s.points
                .iter()
                .copied()
                .filter(|&(epoch, value)| drawable(epoch) && drawable(value))
                .collect()
        })
        .collect();
    if kept.iter().all(Vec::is_empty) {
        return Err(Error::input(format!(
            "There is nothing to draw in \"{title}\": no series has a finite point."
        )));
    }
    let points = || kept.iter().flatten();
    let x = Scale::counts(points().map(|p| p.0), 0.02);
    let y = Scale::logarithmic_if_wide(points().map(|p| p.1), 0.05);
    let legend = series
        .iter()
        .enumerate()
        .map(|(i, s)| Entry {
            name: s.name.clone(),
            mark: Mark::Line,
            colour: category(i),
        })
        .collect();

    let mut figure = Figure::new(
        Frame {
            title,
            x_label: "epoch",
            y_label,
            legend,
        },
        x,
        y,
        Aspect::Free,
    )?;
    for (i, points) in kept.iter().enumerate() {
        figure.curve(points, 2.4, category(i));
        if points.len() <= FEW {
            points
                .iter()
                .for_each(|&point| figure.marker(point, 4.5, category(i), 1.0));
        }
    }
    figure.write_png(path)
}
