//! What the colours of points tell: classes, or values along a scale.

use super::figure::ColourBar;
use super::legend::{Entry, Mark};
use super::palette::{CATEGORY_COUNT, Colour, category, cyclic, ordered};
use super::scale::Scale;
use std::collections::BTreeSet;

/// Degrees of a turn.
const TURN: f64 = 360.0;

/// What is known of each of N points.
#[derive(Clone, Debug, PartialEq)]
pub enum Colouring {
    /// Classes. Up to 20 different ones have a colour each and a legend; more are values.
    Classes {
        /// `[N]`.
        labels: Vec<u32>,
        /// Names of the classes 0, 1, ...; their numbers stand where names end.
        names: Vec<String>,
    },
    /// Values `[N]`, from dark to light, with a colour bar.
    Values(Vec<f32>),
    /// Angles `[N]` in degrees, in colours that end where they begin.
    Angles(Vec<f32>),
}

impl Colouring {
    /// Classes without names.
    pub fn of_classes(labels: impl Into<Vec<u32>>) -> Self {
        let (labels, names) = (labels.into(), Vec::new());
        Self::Classes { labels, names }
    }

    /// N.
    pub(super) fn points(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Values(values) | Self::Angles(values) => values.len(),
        }
    }

    fn value(&self, point: usize) -> f64 {
        match self {
            Self::Classes { labels, .. } => labels[point].into(),
            Self::Values(values) | Self::Angles(values) => values[point].into(),
        }
    }
}

/// Which colour each class or value has in a picture.
pub(super) enum Colours {
    /// One each, in ascending order: classes with their names.
    Categories(Vec<(u32, String)>),
    /// By value, and what that is.
    Ordered(Scale, &'static str),
    /// By angle, from 0 to 360 degrees.
    Cyclic(Scale),
}

impl Colours {
    /// Those of all points of one picture.
    pub(super) fn of<'a>(all: impl IntoIterator<Item = &'a Colouring>) -> Self {
        let all: Vec<_> = all.into_iter().collect();
        let values = all
            .iter()
            .flat_map(|one| (0..one.points()).map(|i| one.value(i)));
        if all.iter().any(|one| matches!(one, Colouring::Angles(_))) {
            return Self::Cyclic(Scale::linear([0.0, TURN].into_iter(), 0.0));
        }
        if all.iter().any(|one| matches!(one, Colouring::Values(_))) {
            return Self::Ordered(Scale::linear(values, 0.0), "label");
        }
        let distinct: BTreeSet<u32> = values.clone().map(|value| value as u32).collect();
        if distinct.len() > CATEGORY_COUNT {
            return Self::Ordered(Scale::counts(values, 0.0), "label");
        }
        let name = |class: u32| {
            let mut names = all.iter().filter_map(|one| match one {
                Colouring::Classes { names, .. } => names.get(class as usize),
                Colouring::Values(_) | Colouring::Angles(_) => None,
            });
            names.next().cloned().unwrap_or_else(|| class.to_string())
        };
        Self::Categories(
            distinct
                .into_iter()
                .map(|class| (class, name(class)))
                .collect(),
        )
    }

    /// The colour of one point of `colouring`.
    pub(super) fn colour(&self, colouring: &Colouring, point: usize) -> Colour {
        let value = colouring.value(point);
        match self {
            Self::Categories(classes) => {
                category(classes.partition_point(|(class, _)| f64::from(*class) < value))
            }
            Self::Ordered(scale, _) => ordered(scale.position(value)),
            Self::Cyclic(_) => cyclic(value / TURN),
        }
    }

    pub(super) fn legend(&self) -> Vec<Entry> {
        let Self::Categories(classes) = self else {
            return Vec::new();
        };
        let entries = classes.iter().enumerate().map(|(at, (_, name))| Entry {
            name: name.clone(),
            mark: Mark::Disc(6.0),
            colour: category(at),
        });
        entries.collect()
    }

    pub(super) fn bar(&self) -> Option<ColourBar<'static>> {
        match *self {
            Self::Categories(_) => None,
            Self::Ordered(scale, label) => Some(ColourBar {
                scale,
                label,
                colour: ordered,
            }),
            Self::Cyclic(scale) => Some(ColourBar {
                scale,
                label: "angle",
                colour: cyclic,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_classes_have_names_and_colours_and_many_a_bar() {
        let names = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let few = Colouring::Classes {
            labels: vec![7, 3, 3, 9],
            names,
        };
        let colours = Colours::of([&few]);
        assert_eq!(
            [0, 1, 2, 3].map(|point| colours.colour(&few, point)),
            [1, 0, 0, 2].map(category)
        );
        let legend = |colours: &Colours| -> Vec<String> {
            colours
                .legend()
                .into_iter()
                .map(|entry| entry.name)
                .collect()
        };
        assert_eq!(legend(&colours), ["d", "7", "9"]);
        assert!(colours.bar().is_none());

        let many = Colouring::of_classes((5..26).collect::<Vec<_>>());
        let colours = Colours::of([&few, &many]);
        assert_eq!(colours.colour(&few, 1), ordered(0.0));
        assert_eq!(colours.colour(&many, 20), ordered(1.0));
        assert!(legend(&colours).is_empty() && colours.bar().unwrap().label == "label");
        assert!(legend(&Colours::of([])).is_empty());
    }

    #[test]
    fn values_share_a_scale() {
        let (one, two) = (
            Colouring::Values(vec![-1.0, 1.0]),
            Colouring::Values(vec![3.0]),
        );
        let colours = Colours::of([&one, &two]);
        assert_eq!(colours.colour(&one, 0), ordered(0.0));
        assert_eq!(colours.colour(&one, 1), ordered(0.5));
        assert_eq!(colours.colour(&two, 0), ordered(1.0));
        let bar = colours.bar().unwrap();
        assert_eq!((bar.scale.low, bar.scale.high), (-1.0, 3.0));
    }

    #[test]
    fn angles_of_a_turn_apart_have_one_colour() {
        let angles = Colouring::Angles(vec![40.0, 400.0, 210.0]);
        let colours = Colours::of([&angles]);
        assert_eq!(colours.colour(&angles, 0), colours.colour(&angles, 1));
        assert_ne!(colours.colour(&angles, 0), colours.colour(&angles, 2));
        let bar = colours.bar().unwrap();
        assert_eq!((bar.scale.low, bar.scale.high), (0.0, 360.0));
        assert_eq!((bar.colour)(0.0), (bar.colour)(1.0));
    }
}
