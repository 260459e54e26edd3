//! Text: its width, and the pixels of its letters.
//!
//! plotters places letters without their side bearings, which leaves uneven gaps, so text is set
//! here, directly with the font library beneath it. The font travels in the program, because a bare
//! machine has none.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use std::sync::LazyLock;

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(dejavu::sans::regular()).expect("the embedded font is valid")
});

/// Height of the capital letters as a share of the size of a text.
pub(super) const CAPITALS: f64 = 0.729;

/// Width in pixels of a text of `size` pixels per em.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    f64::from(layout(text, size).1)
}

/// The text, or as much of its start as is at most `width` wide with an ellipsis.
pub(super) fn fit(text: &str, width: f64, size: f64) -> String {
    let mut text = text.to_owned();
    let mut shown = text.clone();
    while text_width(&shown, size) > width && text.pop().is_some() {
        shown = format!("{}\u{2026}", text.trim_end());
    }
    shown
}

/// Calls `pixel` for every pixel that a text touches: how far it is to the right of the start of
/// the line and below the baseline, and how much of it is covered, 0..=1.
pub(super) fn rasterise(text: &str, size: f64, mut pixel: impl FnMut(i32, i32, f32)) {
    for outline in layout(text, size)
        .0
        .into_iter()
        .filter_map(|glyph| FONT.outline_glyph(glyph))
    {
        let corner = outline.px_bounds().min;
        outline.draw(|x, y, coverage| {
            pixel(
                corner.x as i32 + x as i32,
                corner.y as i32 + y as i32,
                coverage,
            )
        });
    }
}

/// Lays out letters with kerning and returns where the next one would begin.
fn layout(text: &str, size: f64) -> (Vec<Glyph>, f32) {
    // ab_glyph measures a font from its highest ascent to its lowest descent.
    let scale =
        PxScale::from(size as f32 * FONT.height_unscaled() / FONT.units_per_em().unwrap_or(2048.0));
    let font = FONT.as_scaled(scale);
    let mut right = 0.0;
    let mut glyphs: Vec<Glyph> = Vec::new();
    for letter in text.chars() {
        let id = font.glyph_id(letter);
        right += glyphs
            .last()
            .map_or(0.0, |previous| font.kern(previous.id, id));
        glyphs.push(id.with_scale_and_position(scale, point(right, 0.0)));
        right += font.h_advance(id);
    }
    (glyphs, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_as_high_as_stated() {
        let (mut top, mut bottom) = (i32::MAX, i32::MIN);
        rasterise("H", 1000.0, |_, y, coverage| {
            if coverage > 0.5 {
                (top, bottom) = (top.min(y), bottom.max(y));
            }
        });
        assert_eq!((top, bottom), (-(CAPITALS * 1000.0) as i32, -1));
    }

    #[test]
    fn letters_keep_their_side_bearings() {
        let mut left = i32::MAX;
        rasterise("i", 1000.0, |x, _, coverage| {
            left = if coverage > 0.5 { left.min(x) } else { left }
        });
        assert!((90..100).contains(&left), "{left}");
    }

    #[test]
    fn what_does_not_fit_is_shortened() {
        assert_eq!(fit("loss", 500.0, 20.0), "loss");
        let shown = fit("validation loss of every method", 150.0, 20.0);
        assert!(
            shown.ends_with('\u{2026}') && text_width(&shown, 20.0) <= 150.0,
            "{shown}"
        );
        assert_eq!(fit("wide", -1.0, 20.0), "\u{2026}");
    }

    #[test]
    fn every_character_that_pictures_use_is_in_the_font() {
        for letter in "0123456789.\u{2212}\u{d7}⁰¹²³⁴⁵⁶⁷⁸⁹\u{207b}\u{2026}z₁₂λβ".chars()
        {
            assert_ne!(FONT.glyph_id(letter).0, 0, "{letter}");
        }
    }
}
