//! Colours: categories, a colour map for ordered values, and the greys of frames and text.

/// Red, green and blue, 0..=255 each.
pub(super) type Colour = [u8; 3];

/// Text and axes.
pub(super) const INK: Colour = [38, 38, 38];
/// Background, and the rims of markers that lie on others.
pub(super) const WHITE: Colour = [255; 3];
/// Grid lines.
pub(super) const GRID: Colour = [231, 231, 231];

/// Ten hues that stay apart on white and for most colour-blind readers, then the light variant of
/// each.
const CATEGORIES: [Colour; 20] = [
    [31, 119, 180],
    [255, 127, 14],
    [44, 160, 44],
    [214, 39, 40],
    [148, 103, 189],
    [140, 86, 75],
    [227, 119, 194],
    [127, 127, 127],
    [188, 189, 34],
    [23, 190, 207],
    [174, 199, 232],
    [255, 187, 120],
    [152, 223, 138],
    [255, 152, 150],
    [197, 176, 213],
    [196, 156, 148],
    [247, 182, 210],
    [199, 199, 199],
    [219, 219, 141],
    [158, 218, 229],
];

/// The blue, orange and red of pictures with fixed roles.
pub(super) const BLUE: Colour = CATEGORIES[0];
/// See [`BLUE`].
pub(super) const ORANGE: Colour = CATEGORIES[1];
/// See [`BLUE`].
pub(super) const RED: Colour = CATEGORIES[3];

/// How many categories have a colour of their own.
pub(super) const CATEGORY_COUNT: usize = CATEGORIES.len();

/// The colour of a category; beyond [`CATEGORY_COUNT`] they repeat.
pub(super) fn category(index: usize) -> Colour {
    CATEGORIES[index % CATEGORIES.len()]
}

/// From dark violet over green to yellow, of even steps in lightness (samples of viridis), for `t`
/// in 0..=1.
pub(super) fn ordered(t: f64) -> Colour {
    const STOPS: [Colour; 9] = [
        [68, 1, 84],
        [71, 44, 122],
        [59, 81, 139],
        [44, 113, 142],
        [33, 144, 141],
        [39, 173, 129],
        [92, 200, 99],
        [170, 220, 50],
        [253, 231, 37],
    ];
    let place = t.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let below = (place as usize).min(STOPS.len() - 2);
    let share = place - below as f64;
    std::array::from_fn(|c| {
        let (from, to) = (f64::from(STOPS[below][c]), f64::from(STOPS[below + 1][c]));
        (from + share * (to - from)).round() as u8
    })
}

/// Once around the hues, from red over green and blue back to red, for `t` in turns: the three
/// channels are the same wave, a third of a turn apart.
pub(super) fn cyclic(t: f64) -> Colour {
    std::array::from_fn(|c| {
        let phase = t.rem_euclid(1.0) - c as f64 / 3.0;
        (255.0 * (std::f64::consts::PI * phase).cos().powi(2)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_distinct() {
        for a in 0..CATEGORY_COUNT {
            for b in 0..a {
                let distance: i32 = (0..3)
                    .map(|c| (i32::from(category(a)[c]) - i32::from(category(b)[c])).pow(2))
                    .sum();
                assert!(distance > 600, "colours {a} and {b} are too alike");
            }
        }
    }

    #[test]
    fn ordered_colours_grow_lighter_and_meet_their_ends() {
        let lightness = |t: f64| ordered(t).iter().map(|&c| u32::from(c)).sum::<u32>();
        assert_eq!((ordered(0.0), ordered(1.0)), ([68, 1, 84], [253, 231, 37]));
        assert!(
            (1..=20).all(|i| lightness(f64::from(i) / 20.0) > lightness(f64::from(i - 1) / 20.0))
        );
    }
}
