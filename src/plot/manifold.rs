//! A decoded curve through data in the plane, and how it reconstructs neighbourhoods.

use super::figure::{Aspect, Figure, Frame};
use super::legend::{Entry, Mark};
use super::palette::{BLUE, INK, ORANGE, RED, WHITE};
use super::scale::{Scale, drawable};
use super::scatter::marker_for;
use crate::error::{Error, Result};
use std::path::Path;

/// The reconstruction of one data point's neighbours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbourhood {
    /// The data point.
    pub centre: [f32; 2],
    /// Its neighbours as reconstructed by the local approximation at the centre.
    pub reconstructed: Vec<[f32; 2]>,
    /// The true neighbours, in the same order.
    pub targets: Vec<[f32; 2]>,
}

/// Radii of markers in pixels, without their white rims.
const CENTRE_RADIUS: f64 = 5.0;
/// See [`CENTRE_RADIUS`].
const NEIGHBOUR_RADIUS: f64 = 4.0;

/// Draws `data` (N x 2), the decoded manifold `curve` (P x 2, in the order of the latent), and for
/// each neighbourhood its centre and its reconstructions, joined by dotted lines to the true
/// neighbours. One unit is as long along both axes. The picture is limited to the
/// surroundings of the data.
///
/// Errors: data or curve have no finite point; a neighbourhood has not as many reconstructions as
/// targets; the file cannot be written.
pub fn manifold_2d(
    path: &Path,
    title: &str,
    data: &[[f32; 2]],
    curve: &[[f32; 2]],
    neighbourhoods: &[Neighbourhood],
) -> Result<()> {
    refuse_unpaired(title, neighbourhoods)?;
    let (data, curve) = (kept(data), kept(curve));
    for (points, what) in [(&data, "data"), (&curve, "the decoded curve")] {
        if points.is_empty() {
            return Err(Error::input(format!(
                "There is nothing to draw in \"{title}\": {what} has no finite point."
            )));
        }
    }
    let centres = kept(&neighbourhoods.iter().map(|n| n.centre).collect::<Vec<_>>());
    let pairs: Vec<_> = neighbourhoods
        .iter()
        .flat_map(|n| n.reconstructed.iter().zip(&n.targets))
        .filter_map(|(reconstructed, target)| Some((pair(reconstructed)?, pair(target)?)))
        .collect();

    let further = || {
        curve
            .iter()
            .chain(pairs.iter().flat_map(|(from, to)| [from, to]))
    };
    let x = surroundings(data.iter().map(|p| p.0), further().map(|p| p.0));
    let y = surroundings(data.iter().map(|p| p.1), further().map(|p| p.1));
    let (radius, opacity) = marker_for(data.len());
    let frame = Frame {
        title,
        x_label: "x\u{2081}",
        y_label: "x\u{2082}",
        legend: legend(!neighbourhoods.is_empty()),
        ..Frame::default()
    };
    let mut figure = Figure::new(frame, x, y, Aspect::Equal, None)?;
    // Fainter than in a scatter plot, so that what the network makes of the data stands out.
    data.iter()
        .for_each(|&point| figure.marker(point, radius, BLUE, 0.7 * opacity));
    figure.curve(&curve, 3.0, ORANGE);
    pairs
        .iter()
        .for_each(|&(from, to)| figure.dotted_line(from, to, INK));
    let neighbours = pairs
        .iter()
        .map(|&(reconstructed, _)| (reconstructed, NEIGHBOUR_RADIUS, RED));
    for (point, radius, colour) in
        neighbours.chain(centres.iter().map(|&centre| (centre, CENTRE_RADIUS, INK)))
    {
        figure.marker(point, radius + 1.0, WHITE, 1.0);
        figure.marker(point, radius, colour, 1.0);
    }
    figure.write(path)
}

/// An error where a neighbourhood has not one reconstruction for each target.
fn refuse_unpaired(title: &str, neighbourhoods: &[Neighbourhood]) -> Result<()> {
    for (i, n) in neighbourhoods.iter().enumerate() {
        let (reconstructed, targets) = (n.reconstructed.len(), n.targets.len());
        if reconstructed != targets {
            return Err(Error::input(format!(
                "Neighbourhood {i} of \"{title}\" has {reconstructed} reconstructions but {targets} targets; give one target each."
            )));
        }
    }
    Ok(())
}

/// What the marks mean.
fn legend(with_neighbourhoods: bool) -> Vec<Entry> {
    let entry = |name: &str, mark, colour| Entry {
        name: name.to_owned(),
        mark,
        colour,
    };
    let mut legend = vec![
        entry("data", Mark::Disc(5.0), BLUE),
        entry("decoded manifold", Mark::Line, ORANGE),
    ];
    if with_neighbourhoods {
        legend.extend([
            entry("a training point", Mark::Disc(CENTRE_RADIUS), INK),
            entry(
                "its neighbours, reconstructed",
                Mark::Disc(NEIGHBOUR_RADIUS),
                RED,
            ),
            entry("to the true neighbour", Mark::Dotted, INK),
        ]);
    }
    legend
}

/// A point as f64, if it can be drawn.
fn pair(point: &[f32; 2]) -> Option<(f64, f64)> {
    let (x, y) = (f64::from(point[0]), f64::from(point[1]));
    (drawable(x) && drawable(y)).then_some((x, y))
}

pub(super) fn kept(points: &[[f32; 2]]) -> Vec<(f64, f64)> {
    points.iter().filter_map(pair).collect()
}

/// A scale that holds all of `data`, and of what lies `further` out as much as is within a third of
/// the data's range.
pub(super) fn surroundings(
    data: impl Iterator<Item = f64> + Clone,
    further: impl Iterator<Item = f64>,
) -> Scale {
    let tight = Scale::linear(data.clone(), 0.0);
    let room = (tight.high - tight.low) / 3.0;
    let near = further.map(|value| value.clamp(tight.low - room, tight.high + room));
    Scale::linear(data.chain(near), 0.06)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strays_far_from_the_data_does_not_shrink_it() {
        let scale = surroundings([0.0, 3.0].into_iter(), [-0.5, 1e9].into_iter());
        assert!(
            (-0.9..-0.5).contains(&scale.low) && (4.0..4.5).contains(&scale.high),
            "{scale:?}"
        );
    }
}
