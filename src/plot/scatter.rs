//! Two-dimensional latents, coloured by label.

use super::figure::{Aspect, Figure, Frame};
use super::legend::{Entry, Mark};
use super::palette::{BLUE, CATEGORY_COUNT, Colour, category, ordered};
use super::scale::{Scale, drawable};
use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::path::Path;

/// Draws `points` (N x 2), coloured by `labels` (N) where there are any. Up to 20 different labels
/// have a colour each and a legend; more are coloured by their value, from dark to light, without
/// one.
///
/// Errors: no point is finite; the numbers of points and labels differ; the file cannot be written.
pub fn scatter(
    path: &Path,
    title: &str,
    points: &[[f32; 2]],
    labels: Option<&[u32]>,
) -> Result<()> {
    if let Some(labels) = labels.filter(|labels| labels.len() != points.len()) {
        let (points, labels) = (points.len(), labels.len());
        return Err(Error::input(format!(
            "\"{title}\" has {points} points but {labels} labels; give one label per point."
        )));
    }
    let values = |axis: usize| {
        points
            .iter()
            .filter(|p| finite(p))
            .map(move |p| f64::from(p[axis]))
    };
    let count = values(0).count();
    if count == 0 {
        return Err(Error::input(format!(
            "There is nothing to draw in \"{title}\": it has no finite point."
        )));
    }
    let colours = Colours::new(labels);
    let legend = colours.legend();
    let (x, y) = (
        Scale::linear(values(0), 0.04),
        Scale::linear(values(1), 0.04),
    );

    let frame = Frame {
        title,
        x_label: "z\u{2081}",
        y_label: "z\u{2082}",
        legend,
    };
    let mut figure = Figure::new(frame, x, y, Aspect::Free)?;
    let (radius, opacity) = marker_for(count);
    for i in scattered_order(points.len()) {
        let point = points[i];
        if finite(&point) {
            let colour = labels.map_or(BLUE, |labels| colours.of(labels[i]));
            figure.marker((point[0].into(), point[1].into()), radius, colour, opacity);
        }
    }
    figure.write_png(path)
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

/// Which colour a label has.
enum Colours {
    /// One each, in ascending order of the labels.
    Categories(Vec<u32>),
    /// By value, between the smallest and the largest label.
    Ordered { smallest: u32, largest: u32 },
}

impl Colours {
    fn new(labels: Option<&[u32]>) -> Self {
        let distinct: BTreeSet<u32> = labels.unwrap_or_default().iter().copied().collect();
        match (distinct.first(), distinct.last()) {
            (Some(&smallest), Some(&largest)) if distinct.len() > CATEGORY_COUNT => {
                Self::Ordered { smallest, largest }
            }
            _ => Self::Categories(distinct.into_iter().collect()),
        }
    }

    fn of(&self, label: u32) -> Colour {
        match self {
            Self::Categories(labels) => category(labels.partition_point(|&l| l < label)),
            Self::Ordered { smallest, largest } => {
                ordered(f64::from(label - smallest) / f64::from(largest - smallest))
            }
        }
    }

    fn legend(&self) -> Vec<Entry> {
        match self {
            Self::Categories(labels) => {
                let entry = |&label: &u32| Entry {
                    name: label.to_string(),
                    mark: Mark::Disc(6.0),
                    colour: self.of(label),
                };
                labels.iter().map(entry).collect()
            }
            Self::Ordered { .. } => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_labels_are_categories_and_many_are_ordered() {
        let few = Colours::new(Some(&[7, 3, 3, 9]));
        assert_eq!(
            (few.of(3), few.of(7), few.of(9)),
            (category(0), category(1), category(2))
        );
        assert_eq!(
            few.legend()
                .iter()
                .map(|entry| entry.name.as_str())
                .collect::<Vec<_>>(),
            ["3", "7", "9"]
        );
        let labels: Vec<u32> = (5..26).collect();
        let many = Colours::new(Some(&labels));
        assert_eq!((many.of(5), many.of(25)), (ordered(0.0), ordered(1.0)));
        assert!(many.legend().is_empty() && Colours::new(None).legend().is_empty());
    }

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
