//! A finished picture: RGB bytes with the shapes that they show, and their way into a PNG or SVG
//! file.

use super::palette::Colour;
use super::shape::{Shape, svg};
use crate::data::write_atomically;
use crate::error::{Error, Result};
use std::io;
use std::path::Path;

/// The most pixels a picture may have, so that a slip in a setting does not fill the memory.
const MAX_PIXELS: usize = 1 << 26;

/// `height` rows of `width` RGB pixels.
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) rgb: Vec<u8>,
    /// The same in the order in which it was drawn.
    pub(super) shapes: Vec<Shape>,
}

impl Picture {
    /// A white picture; an error if it would have more than [`MAX_PIXELS`].
    pub(super) fn new(width: usize, height: usize) -> Result<Self> {
        let pixels = width.checked_mul(height).filter(|&pixels| pixels <= MAX_PIXELS).ok_or_else(|| {
            Error::input(format!("A picture of {width} x {height} pixels is too large to draw; show fewer or smaller images."))
        })?;
        Ok(Self {
            width,
            height,
            rgb: vec![255; pixels * 3],
            shapes: Vec::new(),
        })
    }

    /// Fills a rectangle that lies inside the picture.
    pub(super) fn fill(
        &mut self,
        (left, top): (usize, usize),
        (width, height): (usize, usize),
        colour: Colour,
    ) {
        for y in top..top + height {
            let start = (y * self.width + left) * 3;
            self.rgb[start..start + width * 3]
                .as_chunks_mut::<3>()
                .0
                .fill(colour);
        }
    }

    /// Copies `other`, with its shapes, to where it lies inside the picture.
    pub(super) fn paste(&mut self, (left, top): (usize, usize), other: &Self) {
        for (y, row) in other.rgb.chunks_exact(other.width * 3).enumerate() {
            let start = ((top + y) * self.width + left) * 3;
            self.rgb[start..start + row.len()].copy_from_slice(row);
        }
        let by = (left as f64, top as f64);
        let moved = other.shapes.iter().map(|shape| shape.moved(by));
        self.shapes.extend(moved);
    }

    /// Writes the shapes as SVG where `path` ends in `.svg`, else the pixels as PNG.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let extension = path.extension().unwrap_or_default();
        write_atomically(path, |file| {
            if extension.eq_ignore_ascii_case("svg") {
                return file.write_all(svg(self.width, self.height, &self.shapes)?.as_bytes());
            }
            encode_png(file, self.width, self.height, &self.rgb)
        })
    }
}

/// Writes an RGB PNG of 8 bits a channel.
pub(super) fn encode_png(
    to: impl io::Write,
    width: usize,
    height: usize,
    rgb: &[u8],
) -> io::Result<()> {
    // Both fit: a picture has at most 2^26 pixels, and none with a side of 0 is drawn.
    let mut encoder = png::Encoder::new(to, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Flat colours and repeated rows: the usual filters only hide them from the compression.
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(rgb).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)
}
