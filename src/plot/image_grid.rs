//! Images side by side, enlarged without smoothing.

use super::canvas::{Align, Canvas};
use super::palette::{GRID, INK};
use super::picture::Picture;
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

/// Draws a grid of images, filled row by row; the last row may be incomplete. `images` is N x C x H
/// x W with `shape` = [C, H, W], C = 1 (grey) or 3 (RGB); values are mapped from `range` = (black,
/// white) and clamped. Pixels that are not finite stay white. There is one caption per row, to its
/// left.
///
/// Errors: sizes, range or captions that do not fit each other; a picture too large to draw; the
/// file cannot be written.
pub fn image_grid(
    path: &Path,
    images: &[f32],
    shape: [usize; 3],
    columns: usize,
    range: (f32, f32),
    row_captions: Option<&[&str]>,
) -> Result<()> {
    let [channels, height, width] = shape;
    let count = image_count(images.len(), shape, columns)?;
    if !(range.0 < range.1 && (range.1 - range.0).is_finite()) {
        let (black, white) = range;
        return Err(Error::input(format!(
            "Images cannot be drawn in the range {black}..{white}; it must ascend and be finite."
        )));
    }
    let columns = columns.min(count);
    let rows = count.div_ceil(columns);
    let captions = row_captions.unwrap_or_default();
    if row_captions.is_some() && captions.len() != rows {
        return Err(Error::input(format!(
            "{rows} rows of images have {} captions; give one per row.",
            captions.len()
        )));
    }

    let factor = (TILE_SIDE.min(ROW_WIDTH / columns) / height.max(width)).max(1);
    let (tile_width, tile_height) = (width.saturating_mul(factor), height.saturating_mul(factor));
    let text = (tile_height as f64).clamp(7.0, 17.0);
    let caption_width = caption_width(captions, text);
    let left = MARGIN
        + if captions.is_empty() {
            0
        } else {
            caption_width + CAPTION_GAP
        };
    let side = |tile: usize, count: usize| {
        tile.saturating_add(GAP)
            .saturating_mul(count)
            .saturating_sub(GAP)
    };
    let picture_width = side(tile_width, columns).saturating_add(left + MARGIN);
    let picture_height = side(tile_height, rows).saturating_add(2 * MARGIN);

    let mut picture = Picture::new(picture_width, picture_height)?;
    for (i, image) in images.chunks_exact(channels * height * width).enumerate() {
        let at = (
            left + i % columns * (tile_width + GAP),
            MARGIN + i / columns * (tile_height + GAP),
        );
        paint_tile(&mut picture, at, image, shape, factor, range);
    }
    if !captions.is_empty() {
        let mut canvas = Canvas::new(caption_width, picture_height)?;
        for (row, caption) in captions.iter().enumerate() {
            let middle = (MARGIN + row * (tile_height + GAP)) as f64 + tile_height as f64 / 2.0;
            let caption = fit(caption, WIDEST_CAPTION, text);
            let end = (caption_width as f64, middle);
            canvas.text(&caption, end, Align::Right, text, INK);
        }
        picture.paste((MARGIN, 0), &canvas.finish()?);
    }
    picture.write_png(path)
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
    for pixel in 0..height * width {
        // The last channel is the first of a grey image, too.
        let colour =
            [0, 1, 2].map(|c| level(image[c.min(channels - 1) * height * width + pixel], range));
        let corner = (at.0 + pixel % width * factor, at.1 + pixel / width * factor);
        picture.fill(corner, (factor, factor), colour);
    }
}

/// The number of images in `values`, if it is a positive integer and the shape can be drawn.
fn image_count(values: usize, shape: [usize; 3], columns: usize) -> Result<usize> {
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
fn level(value: f32, range: (f32, f32)) -> u8 {
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
