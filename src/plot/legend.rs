//! The legend: rows of marks and names between title and axes, where they cannot cover data.

use super::canvas::{Align, Canvas, Point};
use super::palette::{Colour, INK};
use super::text::{fit, text_width};

const TEXT: f64 = 16.5;
const MARK_WIDTH: f64 = 26.0;
const MARK_GAP: f64 = 7.0;
const ENTRY_GAP: f64 = 24.0;
/// Height of a row in pixels.
pub(super) const ROW: f64 = 26.0;

/// What stands beside a name.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    /// A piece of a line.
    Line,
    /// A marker of this radius in pixels.
    Disc(f64),
    /// A piece of a dotted line.
    Dotted,
}

/// One name of the legend.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) mark: Mark,
    pub(super) colour: Colour,
}

/// Entries in their places, relative to the upper left corner of the legend.
pub(super) struct Legend {
    entries: Vec<(Point, Entry)>,
    /// How many rows they take.
    pub(super) rows: usize,
}

impl Legend {
    /// Places entries in rows of at most `width` pixels, in equal columns as soon as one row does
    /// not hold them all.
    pub(super) fn new(entries: Vec<Entry>, width: f64) -> Self {
        let mut sized = Vec::with_capacity(entries.len());
        for mut entry in entries {
            let mark = mark_width(entry.mark) + MARK_GAP;
            entry.name = fit(&entry.name, width - mark, TEXT);
            sized.push((mark + text_width(&entry.name, TEXT) + ENTRY_GAP, entry));
        }
        let total: f64 = sized.iter().map(|(width, _)| width).sum();
        let widest = sized
            .iter()
            .fold(0f64, |widest, (width, _)| widest.max(*width));
        let one_row = total - ENTRY_GAP <= width;
        let fitting = (((width + ENTRY_GAP) / widest) as usize).max(1);
        // As few rows as possible, then as even as possible.
        let columns = if one_row {
            sized.len()
        } else {
            sized.len().div_ceil(sized.len().div_ceil(fitting))
        };
        let mut entries = Vec::with_capacity(sized.len());
        let mut left = 0.0;
        for (i, (width, entry)) in sized.into_iter().enumerate() {
            if i % columns == 0 {
                left = 0.0;
            }
            entries.push(((left, (i / columns) as f64 * ROW), entry));
            left += if one_row { width } else { widest };
        }
        let rows = entries.len().div_ceil(columns.max(1));
        Self { entries, rows }
    }

    /// Draws the rows from their upper left corner.
    pub(super) fn draw(&self, canvas: &mut Canvas, (left, top): Point) {
        for ((x, y), entry) in &self.entries {
            let (x, y) = (left + x, top + y + ROW / 2.0);
            let width = mark_width(entry.mark);
            match entry.mark {
                Mark::Line => canvas.line((x, y), (x + width, y), 3.0, entry.colour),
                Mark::Disc(radius) => canvas.disc((x + width / 2.0, y), radius, entry.colour, 1.0),
                Mark::Dotted => {
                    canvas.dotted_line((x + 1.0, y), (x + width - 1.0, y), entry.colour)
                }
            }
            canvas.text(
                &entry.name,
                (x + width + MARK_GAP, y),
                Align::Left,
                TEXT,
                INK,
            );
        }
    }
}

fn mark_width(mark: Mark) -> f64 {
    match mark {
        Mark::Line | Mark::Dotted => MARK_WIDTH,
        Mark::Disc(radius) => 2.0 * radius,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legend(names: &[&str], width: f64) -> Legend {
        let entries = names
            .iter()
            .map(|&name| Entry {
                name: name.to_owned(),
                mark: Mark::Line,
                colour: INK,
            })
            .collect();
        Legend::new(entries, width)
    }

    #[test]
    fn rows_stay_within_the_width() {
        assert_eq!(legend(&[], 900.0).rows, 0);
        assert_eq!(legend(&["training", "validation"], 900.0).rows, 1);
        let many = legend(&["a long name of a series"; 7], 900.0);
        assert_eq!(many.rows, 3);
        for ((x, _), entry) in &many.entries {
            assert!(x + MARK_WIDTH + MARK_GAP + text_width(&entry.name, TEXT) <= 900.0);
        }
    }

    #[test]
    fn a_name_wider_than_the_legend_is_shortened() {
        let name = "very ".repeat(60);
        let entry = &legend(&[&name], 300.0).entries[0].1;
        assert!(entry.name.ends_with('\u{2026}') && text_width(&entry.name, TEXT) <= 300.0);
    }
}
