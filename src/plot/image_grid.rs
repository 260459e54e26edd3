//! Images side by side, enlarged without smoothing.

use super::canvas::{Align, Canvas};
use super::palette::{GRID, INK};
use super::picture::Picture;
use super::shape::Shape;
use super::text::{fit, text_width};
use crate::error::{Error, Result};
use std::path::Path;

/// White border of the picture, in pixels; so are the following.
const MARGIN: usize = 16;
/// White space between tiles, in which each has a hairline, so that white images stay apart.
const GAP: usize = 6;
const CAPTION_GAP: usize = 12;
const WIDEST_CAPTION: f64 = 300.0;
/// Tiles grow to at most this side, and a row of them to at most [`ROW_WIDTH`].
const TILE_SIDE: usize = 128;
const ROW_WIDTH: usize = 1000;

/// Height of a line of text above the images, and below a tile.
const TITLE_ROW: usize = 30;
const NOTE_ROW: usize = 26;
const BELOW_ROW: usize = 20;
const TITLE: f64 = 19.0;
const NOTE: f64 = 15.0;
const BELOW: f64 = 13.0;

/// What is written around a grid of images; what is empty takes no room.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Captions<'a> {
    /// Above the images.
    pub title: &'a str,
    /// A smaller line below the title.
    pub note: &'a str,
    /// One for each row, to its left.
    pub rows: &'a [&'a str],
    /// One for each image, below it.
    pub below: &'a [String],
}

/// Draws a grid of images, filled row by row; the last row may be incomplete. `images` is N x C x H
/// x W with `shape` = [C, H, W], C = 1 (grey) or 3 (RGB); values are mapped from `range` = (black,
/// white) and clamped. Pixels that are not finite stay white.
///
/// Errors: sizes, range or captions that do not fit each other; a picture too large to draw; the
/// file cannot be written.
pub fn image_grid(
    path: &Path,
    images: &[f32],
    shape: [usize; 3],
    columns: usize,
    range: (f32, f32),
    captions: &Captions<'_>,
) -> Result<()> {
    let count = image_count(images.len(), shape, columns)?;
    check_range(range)?;
    let columns = columns.min(count);
    let rows = count.div_ceil(columns);
    captions.check(rows, count)?;

    let layout = Layout::new(shape, columns, rows, captions);
    let mut picture = Picture::new(layout.size.0, layout.size.1)?;
    let size = shape.iter().product();
    for (i, image) in images.chunks_exact(size).enumerate() {
        let at = layout.tile(i % columns, i / columns);
        paint_tile(&mut picture, at, image, shape, layout.factor, range);
    }
    layout.write_captions(&mut picture, captions)?;
    picture.write(path)
}

impl Captions<'_> {
    fn check(&self, rows: usize, images: usize) -> Result<()> {
        for (given, wanted, what) in [
            (self.rows.len(), rows, "rows of images"),
            (self.below.len(), images, "images"),
        ] {
            if given != 0 && given != wanted {
                return Err(Error::input(format!(
                    "{wanted} {what} have {given} captions; give one each."
                )));
            }
        }
        Ok(())
    }
}

/// An error unless `range` ascends and is finite.
pub(super) fn check_range((black, white): (f32, f32)) -> Result<()> {
    if black < white && (white - black).is_finite() {
        Ok(())
    } else {
        Err(Error::input(format!(
            "Images cannot be drawn in the range {black}..{white}; it must ascend and be finite."
        )))
    }
}

/// Where everything lies, in pixels.
struct Layout {
    size: (usize, usize),
    left: usize,
    top: usize,
    tile: (usize, usize),
    /// From the top of one row to that of the next.
    row: usize,
    columns: usize,
    factor: usize,
    row_text: f64,
    row_caption_width: usize,
}

impl Layout {
    fn new(
        [_, height, width]: [usize; 3],
        columns: usize,
        rows: usize,
        captions: &Captions<'_>,
    ) -> Self {
        let factor = (TILE_SIDE.min(ROW_WIDTH / columns) / height.max(width)).max(1);
        let tile = (width.saturating_mul(factor), height.saturating_mul(factor));
        let row_text = (tile.1 as f64).clamp(7.0, 17.0);
        let row_caption_width = caption_width(captions.rows, row_text);
        let given = |is_empty: bool, room: usize| if is_empty { 0 } else { room };
        let beside = given(captions.rows.is_empty(), row_caption_width + CAPTION_GAP);
        let left = MARGIN + beside;
        let top = MARGIN
            + given(captions.title.is_empty(), TITLE_ROW)
            + given(captions.note.is_empty(), NOTE_ROW);
        let below = given(captions.below.is_empty(), BELOW_ROW);
        let row = tile.1.saturating_add(GAP + below);
        let column = tile.0.saturating_add(GAP);
        Self {
            size: (
                column
                    .saturating_mul(columns)
                    .saturating_add(left + MARGIN - GAP),
                row.saturating_mul(rows).saturating_add(top + MARGIN - GAP),
            ),
            left,
            top,
            tile,
            row,
            columns,
            factor,
            row_text,
            row_caption_width,
        }
    }

    /// The upper left corner of a tile.
    fn tile(&self, column: usize, row: usize) -> (usize, usize) {
        (
            self.left + column * (self.tile.0 + GAP),
            self.top + row * self.row,
        )
    }

    fn write_captions(&self, picture: &mut Picture, captions: &Captions<'_>) -> Result<()> {
        let (width, height) = self.size;
        if !captions.rows.is_empty() {
            let mut canvas = Canvas::new(self.row_caption_width, height)?;
            for (row, caption) in captions.rows.iter().enumerate() {
                let middle = self.tile(0, row).1 as f64 + self.tile.1 as f64 / 2.0;
                let caption = fit(caption, WIDEST_CAPTION, self.row_text);
                let end = (self.row_caption_width as f64, middle);
                canvas.text(&caption, end, Align::Right, self.row_text, INK);
            }
            picture.paste((MARGIN, 0), &canvas.finish()?);
        }
        let space = (width - 2 * MARGIN) as f64;
        let mut top = MARGIN - 4;
        for (text, size, height) in [
            (captions.title, TITLE, TITLE_ROW),
            (captions.note, NOTE, NOTE_ROW),
        ] {
            if !text.is_empty() {
                let mut canvas = Canvas::new(width, height)?;
                let start = (MARGIN as f64, height as f64 / 2.0);
                canvas.text(&fit(text, space, size), start, Align::Left, size, INK);
                picture.paste((0, top), &canvas.finish()?);
                top += height;
            }
        }
        for (i, caption) in captions.below.iter().enumerate() {
            let mut canvas = Canvas::new(self.tile.0, BELOW_ROW)?;
            let middle = (self.tile.0 as f64 / 2.0, BELOW_ROW as f64 / 2.0);
            let caption = fit(caption, self.tile.0 as f64, BELOW);
            canvas.text(&caption, middle, Align::Centre, BELOW, INK);
            let (left, top) = self.tile(i % self.columns, i / self.columns);
            picture.paste((left, top + self.tile.1 + 2), &canvas.finish()?);
        }
        Ok(())
    }
}

/// Enlarges `image`, of `shape`, by `factor` into `picture` at the corner `at`.
fn paint_tile(
    picture: &mut Picture,
    at: (usize, usize),
    image: &[f32],
    [channels, height, width]: [usize; 3],
    factor: usize,
    range: (f32, f32),
) {
    picture.fill(
        (at.0 - 1, at.1 - 1),
        (width * factor + 2, height * factor + 2),
        GRID,
    );
    let mut rgb = Vec::with_capacity(3 * height * width);
    for pixel in 0..height * width {
        // The last channel is the first of a grey image, too.
        let colour =
            [0, 1, 2].map(|c| level(image[c.min(channels - 1) * height * width + pixel], range));
        let corner = (at.0 + pixel % width * factor, at.1 + pixel / width * factor);
        picture.fill(corner, (factor, factor), colour);
        rgb.extend(colour);
    }
    let end = (at.0 + width * factor, at.1 + height * factor);
    let point = |(x, y): (usize, usize)| (x as f64, y as f64);
    picture.shapes.push(Shape::Rectangle {
        from: point((at.0 - 1, at.1 - 1)),
        to: point((end.0 + 1, end.1 + 1)),
        colour: GRID,
    });
    picture.shapes.push(Shape::Image {
        from: point(at),
        to: point(end),
        columns: width,
        rgb,
    });
}

/// The number of images in `values`, if it is a positive integer and the shape can be drawn.
pub(super) fn image_count(values: usize, shape: [usize; 3], columns: usize) -> Result<usize> {
    let [channels, height, width] = shape;
    if !matches!(channels, 1 | 3) || height == 0 || width == 0 || columns == 0 {
        return Err(Error::input(format!(
            "Images of {channels} channels and {height} x {width} pixels in {columns} columns cannot be drawn; \
             give 1 or 3 channels, at least 1 x 1 pixels and at least 1 column."
        )));
    }
    let size = channels
        .checked_mul(height)
        .and_then(|s| s.checked_mul(width));
    match size.filter(|&size| values > 0 && values.is_multiple_of(size)) {
        Some(size) => Ok(values / size),
        None => Err(Error::input(format!(
            "{values} values are not a whole number of images of {channels} x {height} x {width}; give at least one image."
        ))),
    }
}

fn caption_width(captions: &[&str], text: f64) -> usize {
    let widest = captions.iter().fold(1f64, |widest, caption| {
        widest.max(text_width(caption, text))
    });
    widest.min(WIDEST_CAPTION).ceil() as usize
}

/// 0..=255 for a value in `range`; 255 for one that is not finite.
pub(super) fn level(value: f32, range: (f32, f32)) -> u8 {
    if value.is_finite() {
        ((value - range.0) / (range.1 - range.0) * 255.0)
            .round()
            .clamp(0.0, 255.0) as u8
    } else {
        255
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_clamped() {
        let levels = [-1.0, -0.5, 0.0, 0.5, 9.0, f32::NAN].map(|v| level(v, (-0.5, 0.5)));
        assert_eq!(levels, [0, 0, 128, 255, 255, 255]);
    }

    #[test]
    fn only_whole_images_of_a_drawable_shape_are_counted() {
        assert_eq!(image_count(24, [3, 2, 2], 1).unwrap(), 2);
        for (values, shape, columns) in [
            (25, [3, 2, 2], 1),
            (0, [1, 2, 2], 1),
            (8, [2, 2, 2], 1),
            (8, [1, 0, 2], 1),
            (8, [1, 2, 2], 0),
            (8, [3, usize::MAX, 2], 1),
        ] {
            assert!(
                image_count(values, shape, columns).is_err(),
                "{values} {shape:?} {columns}"
            );
        }
    }
}
