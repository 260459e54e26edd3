//! A field over a plane, as colours.

use super::figure::{Aspect, ColourBar, Figure, Frame};
use super::legend::{Entry, Mark};
use super::palette::{RED, ordered};
use super::scale::{Scale, drawable};
use crate::error::{Error, Result};
use std::path::Path;

/// Values of a field on a regular grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a> {
    /// [rows, columns]: the first row is that of the smallest y. What is not finite stays white.
    pub values: &'a [f32],
    /// Columns.
    pub columns: usize,
    /// x of the first and of the last column, ascending.
    pub x: (f64, f64),
    /// y of the first and of the last row, ascending.
    pub y: (f64, f64),
    /// Whether x and y have the same unit, which is then as long along one as along the other.
    pub equal: bool,
}

/// The fraction of values at either end that saturate: a few extreme values would leave a single
/// colour for all others.
const TAIL: f64 = 0.02;
/// Radius of the points in pixels.
const RADIUS: f64 = 1.6;

/// Draws `field` from dark for small to bright for large values, with a colour bar. `labels` are
/// those of x, of y and of the values. The colours are those of the middle 96 % of the values.
/// `points`, named in the legend, show where data are.
///
/// Errors: the grid is not one of at least 2 x 2 over ascending ranges; no value is finite; the
/// file cannot be written.
pub fn heatmap(
    path: &Path,
    title: &str,
    labels: [&str; 3],
    field: &Field<'_>,
    points: (&str, &[[f32; 2]]),
) -> Result<()> {
    let colours = colour_scale(title, field)?;
    let Field {
        values,
        columns,
        x,
        y,
        equal,
    } = *field;
    let aspect = if equal { Aspect::Equal } else { Aspect::Free };

    // Each value is the middle of its cell, so the first and the last cell reach half a cell
    // farther.
    let room = |(low, high): (f64, f64), count: usize| (high - low) / (count - 1) as f64 / 2.0;
    let (dx, dy) = (room(x, columns), room(y, values.len() / columns));
    let scale = |(low, high): (f64, f64), room: f64| {
        Scale::linear([low - room, high + room].into_iter(), 0.0)
    };
    let [x_label, y_label, value_label] = labels;
    let (name, points) = points;
    let disc = Entry {
        name: name.to_owned(),
        mark: Mark::Disc(3.0),
        colour: RED,
    };
    let frame = Frame {
        title,
        x_label,
        y_label,
        legend: Vec::from_iter((!points.is_empty()).then_some(disc)),
        ..Frame::default()
    };
    let bar = ColourBar {
        scale: colours,
        label: value_label,
        colour: ordered,
    };
    let mut figure = Figure::new(frame, scale(x, dx), scale(y, dy), aspect, Some(bar))?;
    for (i, &value) in values.iter().enumerate() {
        if value.is_finite() {
            let left = x.0 + dx * (2.0 * (i % columns) as f64 - 1.0);
            let bottom = y.0 + dy * (2.0 * (i / columns) as f64 - 1.0);
            let colour = ordered(colours.position(value.into()));
            figure.rectangle((left, bottom), (left + 2.0 * dx, bottom + 2.0 * dy), colour);
        }
    }
    for point in points {
        figure.marker((point[0].into(), point[1].into()), RADIUS, RED, 0.6);
    }
    figure.axes();
    figure.write(path)
}

/// The range of values that colours tell apart, if the field can be drawn.
fn colour_scale(title: &str, field: &Field<'_>) -> Result<Scale> {
    let (count, columns) = (field.values.len(), field.columns);
    let rows = count / columns.max(1);
    if rows < 2 || columns < 2 || rows * columns != count {
        return Err(Error::input(format!(
            "\"{title}\" has {count} values in {columns} columns; give at least 2 whole rows of at least 2 values."
        )));
    }
    for ((low, high), axis) in [(field.x, "x"), (field.y, "y")] {
        if !(low < high && drawable(low) && drawable(high)) {
            return Err(Error::input(format!(
                "\"{title}\" has the range {low}..{high} of {axis}; it must ascend and be finite."
            )));
        }
    }
    let values = field.values.iter().map(|&value| f64::from(value));
    let mut sorted: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    if sorted.is_empty() {
        return Err(Error::input(format!(
            "There is nothing to draw in \"{title}\": it has no finite value."
        )));
    }
    sorted.sort_by(f64::total_cmp);
    let cut = (TAIL * sorted.len() as f64) as usize;
    let ends = [sorted[cut], sorted[sorted.len() - 1 - cut]];
    Ok(Scale::linear(ends.into_iter(), 0.0))
}
