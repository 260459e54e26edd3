//! Two-dimensional latents, coloured by label.

use super::colouring::{Colouring, Colours};
use super::figure::{Aspect, Figure, Frame, side_by_side};
use super::palette::BLUE;
use super::scale::{Scale, drawable};
use crate::error::{Error, Result};
use std::path::Path;

/// The axes of a scatter plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axes<'a> {
    /// Labels of x and y.
    pub labels: [&'a str; 2],
    /// Whether one unit is as long along x as along y.
    pub equal: bool,
}

/// Draws `points` (N x 2), coloured by `labels` (N) where there are any, with their legend or
/// colour bar.
///
/// Errors: no point is finite; the numbers of points and labels differ; the file cannot be written.
pub fn scatter(
    path: &Path,
    title: &str,
    axes: Axes<'_>,
    points: &[[f32; 2]],
    labels: Option<&Colouring>,
) -> Result<()> {
    refuse_unlabelled(title, points.len(), labels)?;
    let values = |axis: usize| drawn(points).map(move |p| f64::from(p[axis]));
    if values(0).next().is_none() {
        return Err(nothing(title));
    }
    let colours = Colours::of(labels);
    let (x, y) = (
        Scale::linear(values(0), 0.04),
        Scale::linear(values(1), 0.04),
    );
    let frame = Frame {
        title,
        x_label: axes.labels[0],
        y_label: axes.labels[1],
        legend: colours.legend(),
        ..Frame::default()
    };
    let aspect = if axes.equal {
        Aspect::Equal
    } else {
        Aspect::Free
    };
    let mut figure = Figure::new(frame, x, y, aspect, colours.bar())?;
    draw_points(&mut figure, points, labels, &colours, 1.0);
    figure.write(path)
}

/// Width and height of one plot of several, in pixels.
const PANEL: [usize; 2] = [520, 480];

/// Draws every pair of the dimensions of `points` (N x `dimensions`), named z_1 and so on, as
/// [`scatter`] does, with one legend. All axes have the same length in the points' units.
///
/// Errors: there are fewer than 2 dimensions, and those of [`scatter`].
pub fn scatter_pairs(
    path: &Path,
    title: &str,
    points: &[f32],
    dimensions: usize,
    labels: Option<&Colouring>,
) -> Result<()> {
    if dimensions < 2 {
        return Err(Error::input(format!(
            "\"{title}\" has {dimensions} dimensions: give at least 2 to draw pairs of them."
        )));
    }
    refuse_unlabelled(title, points.len() / dimensions, labels)?;
    let values = |d: usize| {
        points
            .iter()
            .skip(d)
            .step_by(dimensions)
            .map(|&v| f64::from(v))
    };
    let range = (0..dimensions)
        .map(|d| Scale::linear(values(d), 0.04))
        .fold(0.0, |range: f64, scale| range.max(scale.high - scale.low));
    let scale = |d: usize| Scale::of_range(values(d), range);
    let colours = Colours::of(labels);
    let mut panels = Vec::new();
    for (a, b) in (0..dimensions).flat_map(|a| (a + 1..dimensions).map(move |b| (a, b))) {
        let pairs: Vec<[f32; 2]> = points
            .chunks_exact(dimensions)
            .map(|z| [z[a], z[b]])
            .collect();
        if drawn(&pairs).next().is_none() {
            return Err(nothing(title));
        }
        let frame = Frame {
            x_label: &latent_label(a),
            y_label: &latent_label(b),
            size: PANEL,
            ..Frame::default()
        };
        let mut figure = Figure::new(frame, scale(a), scale(b), Aspect::Equal, None)?;
        draw_points(&mut figure, &pairs, labels, &colours, 0.7);
        panels.push(figure.finish()?);
    }
    let columns = if panels.len() == 1 { 1 } else { 3 };
    let (legend, bar) = (colours.legend(), colours.bar());
    side_by_side(title, legend, columns, &panels, bar)?.write(path)
}

/// The latents of one model among several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latents {
    /// Above its panel, e.g. the method and its error.
    pub title: String,
    /// N x 2.
    pub points: Vec<[f32; 2]>,
    /// N, or none.
    pub labels: Option<Colouring>,
}

/// Draws the latents of several models side by side, each in a panel with axes of its own, whose
/// units are equal, with one legend. `axes` label all of them.
///
/// Errors: there is no model, and those of [`scatter`].
pub fn scatters(path: &Path, title: &str, axes: [&str; 2], models: &[Latents]) -> Result<()> {
    let colours = Colours::of(models.iter().filter_map(|model| model.labels.as_ref()));
    let mut panels = Vec::new();
    for model in models {
        let (points, labels) = (&model.points, model.labels.as_ref());
        refuse_unlabelled(&model.title, points.len(), labels)?;
        if drawn(points).next().is_none() {
            return Err(nothing(&model.title));
        }
        let values = |axis: usize| drawn(points).map(move |p| f64::from(p[axis]));
        let (x, y) = (
            Scale::linear(values(0), 0.04),
            Scale::linear(values(1), 0.04),
        );
        let range = (x.high - x.low).max(y.high - y.low);
        let frame = Frame {
            title: &model.title,
            x_label: axes[0],
            y_label: axes[1],
            size: PANEL,
            ..Frame::default()
        };
        let scales = [0, 1].map(|axis| Scale::of_range(values(axis), range));
        let mut figure = Figure::new(frame, scales[0], scales[1], Aspect::Equal, None)?;
        draw_points(&mut figure, points, labels, &colours, 0.7);
        panels.push(figure.finish()?);
    }
    if panels.is_empty() {
        return Err(nothing(title));
    }
    let (legend, bar) = (colours.legend(), colours.bar());
    side_by_side(title, legend, panels.len().min(3), &panels, bar)?.write(path)
}

/// z with its number, counted from 0 here and from 1 there.
fn latent_label(dimension: usize) -> String {
    const DIGITS: [char; 10] = ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉'];
    let number = (dimension + 1).to_string();
    let digits = number
        .bytes()
        .map(|digit| DIGITS[usize::from(digit - b'0')]);
    std::iter::once('z').chain(digits).collect()
}

/// Markers of a `size` relative to those of a picture of their own.
fn draw_points(
    figure: &mut Figure,
    points: &[[f32; 2]],
    labels: Option<&Colouring>,
    colours: &Colours,
    size: f64,
) {
    let (radius, opacity) = marker_for(drawn(points).count());
    for i in scattered_order(points.len()) {
        let point = points[i];
        if finite(&point) {
            let colour = labels.map_or(BLUE, |labels| colours.colour(labels, i));
            let at = (point[0].into(), point[1].into());
            figure.marker(at, (size * radius).max(1.0), colour, opacity);
        }
    }
}

fn refuse_unlabelled(title: &str, points: usize, labels: Option<&Colouring>) -> Result<()> {
    match labels
        .map(Colouring::points)
        .filter(|&labels| labels != points)
    {
        Some(labels) => Err(Error::input(format!(
            "\"{title}\" has {points} points but {labels} labels; give one label per point."
        ))),
        None => Ok(()),
    }
}

fn nothing(title: &str) -> Error {
    Error::input(format!(
        "There is nothing to draw in \"{title}\": it has no finite point."
    ))
}

/// The points that can be drawn.
fn drawn(points: &[[f32; 2]]) -> impl Iterator<Item = &[f32; 2]> {
    points.iter().filter(|point| finite(point))
}

/// Radius in pixels and opacity of the markers of so many points.
pub(super) fn marker_for(count: usize) -> (f64, f64) {
    let count = count.max(1) as f64;
    (
        (14.0 * count.powf(-0.2)).clamp(1.5, 7.0),
        (1.1 - 0.13 * count.log10()).clamp(0.45, 0.9),
    )
}

fn finite(point: &[f32; 2]) -> bool {
    point.iter().all(|&v| drawable(v.into()))
}

/// An order that mixes data sorted by label, so that the last label does not hide the others: by
/// the fractional parts of multiples of the golden ratio.
fn scattered_order(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&i| (i as u32).wrapping_mul(0x9E37_79B9));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_a_permutation_that_mixes_halves() {
        let order = scattered_order(1000);
        assert!((200..300).contains(&order[..500].iter().filter(|&&i| i < 500).count()));
        let mut sorted = order;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
    }

    #[test]
    fn more_points_have_smaller_and_fainter_markers() {
        let markers = [1, 30, 2_000, 60_000].map(marker_for);
        assert!(
            markers
                .windows(2)
                .all(|pair| pair[0].0 >= pair[1].0 && pair[0].1 >= pair[1].1)
        );
        assert!(markers[1].0 > 2.0 * markers[2].0 && markers[3].0 >= 1.5);
    }
}
