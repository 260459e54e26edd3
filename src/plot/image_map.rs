//! Decoded images in their places of a two-dimensional latent space.

use super::figure::{Aspect, Figure, Frame};
use super::image_grid::{check_range, image_count, level};
use super::palette::{Colour, WHITE};
use super::scale::Scale;
use crate::error::{Error, Result};
use std::path::Path;

/// Images with their places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageMap<'a> {
    /// N x C x H x W.
    pub images: &'a [f32],
    /// [C, H, W], C = 1 (grey) or 3 (RGB).
    pub shape: [usize; 3],
    /// The values of black and of white.
    pub range: (f32, f32),
    /// N places, of the images' middles.
    pub places: &'a [[f32; 2]],
    /// N weights in 0..=1: 1 shows an image as it is, 0 leaves the background.
    pub weights: &'a [f32],
    /// Side of the square that an image has room in, in the unit of the places.
    pub side: f64,
}

/// The share of a square that its image takes.
const SHARE: f64 = 0.94;

/// Draws images at their places in a plane whose axes have equal units.
///
/// Errors: numbers of images, places and weights that differ; shape or range that cannot be drawn;
/// the file cannot be written.
pub fn image_map(path: &Path, title: &str, labels: [&str; 2], map: &ImageMap<'_>) -> Result<()> {
    let count = image_count(map.images.len(), map.shape, 1)?;
    check_range(map.range)?;
    let (places, weights) = (map.places.len(), map.weights.len());
    if places != count || weights != count || map.side <= 0.0 {
        return Err(Error::input(format!(
            "\"{title}\" has {count} images, but {places} places and {weights} weights, with a side of {}; give one of each, and room.",
            map.side
        )));
    }
    let half = map.side / 2.0;
    let scale = |axis: usize| {
        let middles = map.places.iter().map(move |place| f64::from(place[axis]));
        Scale::linear(middles.flat_map(|at| [at - half, at + half]), 0.01)
    };
    let frame = Frame {
        title,
        x_label: labels[0],
        y_label: labels[1],
        ..Frame::default()
    };
    let mut figure = Figure::new(frame, scale(0), scale(1), Aspect::Equal, None)?;
    let size = map.shape.iter().product();
    let images = map.images.chunks_exact(size).zip(map.places);
    for ((image, place), &weight) in images.zip(map.weights).filter(|(_, weight)| **weight > 0.0) {
        draw_image(&mut figure, map, image, *place, weight);
    }
    figure.axes();
    figure.write(path)
}

/// Draws one image, mixed with the background as its weight says.
fn draw_image(
    figure: &mut Figure,
    map: &ImageMap<'_>,
    image: &[f32],
    place: [f32; 2],
    weight: f32,
) {
    let [channels, height, width] = map.shape;
    let pixel = SHARE * map.side / height.max(width) as f64;
    let left = f64::from(place[0]) - pixel * width as f64 / 2.0;
    let top = f64::from(place[1]) + pixel * height as f64 / 2.0;
    let mixed = |c: usize, value: u8| {
        let paper = f32::from(WHITE[c]);
        (paper + weight * (f32::from(value) - paper)).round() as u8
    };
    let colours = (0..height * width).map(|at| {
        // The last channel is the first of a grey image, too.
        let value = |c: usize| image[c.min(channels - 1) * height * width + at];
        [0, 1, 2].map(|c| mixed(c, level(value(c), map.range)))
    });
    let (right, bottom) = (left + pixel * width as f64, top - pixel * height as f64);
    let colours: Vec<Colour> = colours.collect();
    figure.image((left, top), (right, bottom), width, &colours);
}
