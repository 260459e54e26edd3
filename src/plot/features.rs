//! Values of named features, one row a feature.

use super::curves::{Panel, Series, nothing};
use super::figure::{Aspect, Figure, Frame, side_by_side};
use super::legend::{Entry, Mark};
use super::palette::category;
use super::scale::{Scale, drawable};
use crate::error::Result;
use std::path::Path;

/// Width of a panel, and heights of a row and of what is around the rows, in pixels.
const PANEL_WIDTH: usize = 520;
const ROW_HEIGHT: usize = 30;
const AROUND: usize = 130;
/// Radius of the dots of the first series and of the others, which leave a rim of it where they agree.
const DOTS: [f64; 2] = [7.0, 4.5];

/// Draws panels side by side, whose series have the same names: every feature has a row under its own
/// name, and each series a dot in it at its value. The x of a point is the place of the feature in
/// `names`, from 0 on; the label of a panel stands below it.
///
/// Errors: no panel has a finite point; the file cannot be written.
pub fn feature_panels(path: &Path, title: &str, names: &[String], panels: &[Panel]) -> Result<()> {
    let shown = panels
        .iter()
        .filter(|panel| panel.series.iter().any(Series::is_drawable));
    let draw = |panel: &Panel| {
        let values = panel.series.iter().flat_map(|series| &series.points);
        let last = names.len() as f64 - 1.0;
        let frame = Frame {
            x_label: &panel.label,
            rows: names,
            size: [PANEL_WIDTH, AROUND + ROW_HEIGHT * names.len()],
            ..Frame::default()
        };
        let x = Scale::linear(values.map(|point| point.1), 0.06);
        // Half a row of room at both ends.
        let y = Scale::linear([-last - 0.5, 0.5].into_iter(), 0.0);
        let mut figure = Figure::new(frame, x, y, Aspect::Free, None)?;
        for (i, series) in panel.series.iter().enumerate() {
            let points = series.points.iter().filter(|point| drawable(point.1));
            let (radius, colour) = (DOTS[i.min(1)], category(i));
            points.for_each(|&(place, value)| figure.marker((value, -place), radius, colour, 1.0));
        }
        figure.finish()
    };
    let pictures = shown.clone().map(draw).collect::<Result<Vec<_>>>()?;
    let Some(first) = shown.clone().next() else {
        return Err(nothing(title));
    };
    let legend = first.series.iter().enumerate().map(|(i, series)| Entry {
        name: series.name.clone(),
        mark: Mark::Disc(DOTS[i.min(1)]),
        colour: category(i),
    });
    side_by_side(title, legend.collect(), panels.len(), &pictures, None)?.write(path)
}
