//! Training curves: losses and measures over epochs.

use super::figure::{Aspect, Figure, Frame, HEIGHT, WIDTH, side_by_side};
use super::legend::{Entry, Mark};
use super::palette::{INK, category};
use super::scale::{Scale, drawable};
use crate::error::{Error, Result};
use std::path::Path;

/// One curve of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// (x, value), x an epoch or another number, in the order in which they are joined.
    pub points: Vec<(f64, f64)>,
}

/// Up to this many points of a series each get a marker.
const FEW: usize = 12;

impl Series {
    pub(super) fn is_drawable(&self) -> bool {
        self.points.iter().any(|p| drawable(p.0) && drawable(p.1))
    }
}

/// Curves of one quantity, on axes of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The quantity, which labels the y axis.
    pub label: String,
    /// Its curves.
    pub series: Vec<Series>,
}

/// Height of one panel of several, in pixels.
const PANEL_HEIGHT: usize = 400;

/// Draws training curves over epochs. The y axis is logarithmic, and says so, where all values are
/// positive and the largest is more than ten times the smallest.
///
/// Errors: no series has a finite point; the file cannot be written.
pub fn curves(path: &Path, title: &str, y_label: &str, series: &[Series]) -> Result<()> {
    let size = [WIDTH, HEIGHT];
    figure(
        title,
        title,
        y_label,
        series,
        ("epoch", numbers(series.iter()), false),
        None,
        size,
    )?
    .write(path)
}

/// Draws panels of curves one below another over a common x axis, each as [`curves`] does. A dotted
/// line marks the x of `marked`, with its meaning.
///
/// Panels without a finite point are left out.
///
/// Errors: no panel is left; the file cannot be written.
pub fn curve_panels(
    path: &Path,
    title: &str,
    x_label: &str,
    panels: &[Panel],
    marked: Option<(&str, f64)>,
) -> Result<()> {
    draw_panels(path, title, (x_label, false), panels, marked)
}

/// As [`curve_panels`], of samples and signals, whose y axes are linear whatever the values.
///
/// Errors: those of [`curve_panels`].
pub fn signal_panels(path: &Path, title: &str, x_label: &str, panels: &[Panel]) -> Result<()> {
    draw_panels(path, title, (x_label, true), panels, None)
}

fn draw_panels(
    path: &Path,
    title: &str,
    (x_label, linear): (&str, bool),
    panels: &[Panel],
    marked: Option<(&str, f64)>,
) -> Result<()> {
    let shown = panels
        .iter()
        .filter(|panel| panel.series.iter().any(Series::is_drawable));
    let x = numbers(shown.clone().flat_map(|panel| &panel.series));
    let size = [WIDTH, PANEL_HEIGHT];
    let draw = |panel: &Panel| {
        let (label, series) = (&panel.label, &panel.series);
        figure(title, "", label, series, (x_label, x, linear), marked, size)?.finish()
    };
    let pictures = shown.map(draw).collect::<Result<Vec<_>>>()?;
    if pictures.is_empty() {
        return Err(nothing(title));
    }
    side_by_side(title, Vec::new(), 1, &pictures, None)?.write(path)
}

/// The axis of the x of all `series`.
fn numbers<'a>(series: impl Iterator<Item = &'a Series> + Clone) -> Scale {
    let points = series.flat_map(|s| &s.points);
    let drawn = points.filter(|p| drawable(p.0) && drawable(p.1));
    Scale::counts(drawn.map(|p| p.0), 0.02)
}

pub(super) fn nothing(name: &str) -> Error {
    Error::input(format!(
        "There is nothing to draw in \"{name}\": no series has a finite point."
    ))
}

/// Curves in their axes, that of the values linear where it must be; `name` stands for the figure in
/// errors.
fn figure(
    name: &str,
    title: &str,
    y_label: &str,
    series: &[Series],
    (x_label, x, linear): (&str, Scale, bool),
    marked: Option<(&str, f64)>,
    size: [usize; 2],
) -> Result<Figure> {
    let kept: Vec<Vec<(f64, f64)>> = series
        .iter()
        .map(|s| {
            s.points
                .iter()
                .copied()
                .filter(|&(x, value)| drawable(x) && drawable(value))
                .collect()
        })
        .collect();
    if kept.iter().all(Vec::is_empty) {
        return Err(nothing(name));
    }
    let values = kept.iter().flatten().map(|p| p.1);
    let y = if linear {
        Scale::linear(values, 0.05)
    } else {
        Scale::logarithmic_if_wide(values, 0.05)
    };
    let mut legend: Vec<Entry> = series
        .iter()
        .enumerate()
        .map(|(i, s)| Entry {
            name: s.name.clone(),
            mark: Mark::Line,
            colour: category(i),
        })
        .collect();
    legend.extend(marked.map(|(meaning, _)| Entry {
        name: meaning.to_owned(),
        mark: Mark::Dotted,
        colour: INK,
    }));
    let y_label = if y.is_logarithmic() {
        format!("{y_label}, log scale")
    } else {
        y_label.to_owned()
    };
    let frame = Frame {
        title,
        x_label,
        y_label: &y_label,
        legend,
        size,
        ..Frame::default()
    };
    let mut figure = Figure::new(frame, x, y, Aspect::Free, None)?;
    if let Some((_, epoch)) = marked {
        figure.dotted_line((epoch, y.low), (epoch, y.high), INK);
    }
    for (i, points) in kept.iter().enumerate() {
        figure.curve(points, 2.4, category(i));
        if points.len() <= FEW {
            points
                .iter()
                .for_each(|&point| figure.marker(point, 4.5, category(i), 1.0));
        }
    }
    Ok(figure)
}
