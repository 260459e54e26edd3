//! Where figures are drawn: lines, discs and text, antialiased.
//!
//! plotters draws in whole pixels and does not smooth every shape, so it is given a buffer three
//! times as large in each direction, which is averaged down at the end. Coordinates here are pixels
//! of the finished picture, y downwards. What is drawn is kept as shapes, too.

use super::palette::Colour;
use super::picture::Picture;
use super::shape::Shape;
use super::text::{CAPITALS, rasterise, text_width};
use crate::error::Result;
use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::{Color, RGBAColor, RGBColor};

/// Samples per pixel and direction.
const SAMPLES: usize = 3;

/// A point in pixels from the upper left corner.
pub(super) type Point = (f64, f64);

/// Which part of a text lies at the given point. Vertically it is always the middle of the capital
/// letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// A white sheet to draw on.
pub(super) struct Canvas {
    samples: Picture,
    shapes: Vec<Shape>,
}

impl Canvas {
    /// A white canvas for a picture of `width` x `height` pixels.
    pub(super) fn new(width: usize, height: usize) -> Result<Self> {
        Ok(Self {
            samples: Picture::new(
                width.saturating_mul(SAMPLES),
                height.saturating_mul(SAMPLES),
            )?,
            shapes: Vec::new(),
        })
    }

    /// Width in pixels.
    pub(super) fn width(&self) -> usize {
        self.samples.width / SAMPLES
    }

    /// The samples as plotters draws on them; drawing into memory has no way to fail.
    fn backend(&mut self) -> BitMapBackend<'_> {
        let size = (self.samples.width as u32, self.samples.height as u32);
        BitMapBackend::with_buffer(&mut self.samples.rgb, size)
    }

    /// A straight line with flat ends.
    pub(super) fn line(&mut self, from: Point, to: Point, width: f64, colour: Colour) {
        self.paint_line(from, to, width, colour);
        self.shapes.push(Shape::Line {
            points: vec![from, to],
            width,
            colour,
            round: false,
        });
    }

    fn paint_line(&mut self, from: Point, to: Point, width: f64, colour: Colour) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        if length == 0.0 {
            return;
        }
        // Half the width along the normal.
        let (nx, ny) = (-dy / length * width / 2.0, dx / length * width / 2.0);
        let corners = [
            (from.0 + nx, from.1 + ny),
            (to.0 + nx, to.1 + ny),
            (to.0 - nx, to.1 - ny),
            (from.0 - nx, from.1 - ny),
        ];
        self.backend()
            .fill_polygon(corners.map(sample), &rgba(colour, 1.0))
            .expect("memory can be drawn on");
    }

    /// A straight line with round ends, so that those which meet form a smooth curve.
    pub(super) fn round_line(&mut self, from: Point, to: Point, width: f64, colour: Colour) {
        self.paint_line(from, to, width, colour);
        self.paint_disc(from, width / 2.0, colour, 1.0);
        self.paint_disc(to, width / 2.0, colour, 1.0);
        Shape::join(&mut self.shapes, from, to, width, colour);
    }

    /// A straight line of dots.
    pub(super) fn dotted_line(&mut self, from: Point, to: Point, colour: Colour) {
        const SPACING: f64 = 4.5;
        let gaps = ((to.0 - from.0).hypot(to.1 - from.1) / SPACING)
            .round()
            .max(1.0);
        for i in 0..=gaps as usize {
            let t = i as f64 / gaps;
            self.disc(
                (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1)),
                1.0,
                colour,
                1.0,
            );
        }
    }

    /// A filled circle; `opacity` is in 0..=1.
    pub(super) fn disc(&mut self, centre: Point, radius: f64, colour: Colour, opacity: f64) {
        self.paint_disc(centre, radius, colour, opacity);
        self.shapes.push(Shape::Disc {
            centre,
            radius,
            colour,
            opacity,
        });
    }

    fn paint_disc(&mut self, centre: Point, radius: f64, colour: Colour, opacity: f64) {
        let radius = (radius * SAMPLES as f64).round().max(1.0) as u32;
        self.backend()
            .draw_circle(sample(centre), radius, &rgba(colour, opacity), true)
            .expect("memory can be drawn on");
    }

    /// A filled rectangle between two opposite corners. Those that share an edge leave no gap and
    /// do not overlap.
    pub(super) fn rectangle(&mut self, from: Point, to: Point, colour: Colour) {
        self.paint_rectangle(from, to, colour);
        self.shapes.push(Shape::Rectangle {
            from: (from.0.min(to.0), from.1.min(to.1)),
            to: (from.0.max(to.0), from.1.max(to.1)),
            colour,
        });
    }

    /// An image of so many columns, `rgb`, from its upper left to its lower right corner.
    pub(super) fn image(&mut self, from: Point, to: Point, columns: usize, rgb: &[Colour]) {
        let rows = rgb.len() / columns;
        let (width, height) = (
            (to.0 - from.0) / columns as f64,
            (to.1 - from.1) / rows as f64,
        );
        for (at, &colour) in rgb.iter().enumerate() {
            let corner = |right: usize, down: usize| {
                (
                    from.0 + width * (at % columns + right) as f64,
                    from.1 + height * (at / columns + down) as f64,
                )
            };
            self.paint_rectangle(corner(0, 0), corner(1, 1), colour);
        }
        self.shapes.push(Shape::Image {
            from,
            to,
            columns,
            rgb: rgb.concat(),
        });
    }

    fn paint_rectangle(&mut self, from: Point, to: Point, colour: Colour) {
        let place =
            |value: f64, end: usize| ((value * SAMPLES as f64).round().max(0.0) as usize).min(end);
        let span = |a: f64, b: f64, end: usize| (place(a.min(b), end), place(a.max(b), end));
        let (left, right) = span(from.0, to.0, self.samples.width);
        let (top, bottom) = span(from.1, to.1, self.samples.height);
        self.samples
            .fill((left, top), (right - left, bottom - top), colour);
    }

    /// A horizontal or vertical hairline, snapped to whole pixels so that it stays sharp.
    pub(super) fn rule(&mut self, from: Point, to: Point, colour: Colour) {
        let pixel = |value: f64, end: usize| (value.max(0.0) as usize).min(end / SAMPLES - 1);
        let span = |a: f64, b: f64, end: usize| (pixel(a.min(b), end), pixel(a.max(b), end));
        let (left, right) = span(from.0, to.0, self.samples.width);
        let (top, bottom) = span(from.1, to.1, self.samples.height);
        let size = ((right - left + 1) * SAMPLES, (bottom - top + 1) * SAMPLES);
        self.samples
            .fill((left * SAMPLES, top * SAMPLES), size, colour);
        self.shapes.push(Shape::Rectangle {
            from: (left as f64, top as f64),
            to: ((right + 1) as f64, (bottom + 1) as f64),
            colour,
        });
    }

    /// An upright text of `size` pixels per em.
    pub(super) fn text(&mut self, text: &str, at: Point, align: Align, size: f64, colour: Colour) {
        let share = match align {
            Align::Left => 0.0,
            Align::Centre => 0.5,
            Align::Right => 1.0,
        };
        let baseline = (
            at.0 - share * text_width(text, size),
            at.1 + CAPITALS / 2.0 * size,
        );
        self.glyphs(text, baseline, size, colour, |x, y| (x, y));
        self.shapes.push(Shape::Text {
            text: text.to_owned(),
            at,
            align,
            size,
            colour,
            vertical: false,
        });
    }

    /// A text that reads from bottom to top, centred at a point.
    pub(super) fn vertical_text(&mut self, text: &str, at: Point, size: f64, colour: Colour) {
        let baseline = (
            at.0 + CAPITALS / 2.0 * size,
            at.1 + text_width(text, size) / 2.0,
        );
        self.glyphs(text, baseline, size, colour, |x, y| (y, -x));
        self.shapes.push(Shape::Text {
            text: text.to_owned(),
            at,
            align: Align::Centre,
            size,
            colour,
            vertical: true,
        });
    }

    /// The letters of a text, turned around the start of its baseline.
    fn glyphs(
        &mut self,
        text: &str,
        baseline: Point,
        size: f64,
        colour: Colour,
        turn: impl Fn(i32, i32) -> (i32, i32),
    ) {
        let (left, top) = sample(baseline);
        let mut backend = self.backend();
        rasterise(text, size * SAMPLES as f64, |x, y, coverage| {
            let (x, y) = turn(x, y);
            // What lies outside is left out by the backend.
            backend
                .draw_pixel(
                    (left + x, top + y),
                    rgba(colour, coverage.into()).to_backend_color(),
                )
                .expect("memory can be drawn on");
        });
    }

    /// Averages the samples of every pixel.
    pub(super) fn finish(self) -> Result<Picture> {
        let mut picture =
            Picture::new(self.samples.width / SAMPLES, self.samples.height / SAMPLES)?;
        picture.shapes = self.shapes;
        let stride = self.samples.width * 3;
        let rows = picture
            .rgb
            .chunks_exact_mut(picture.width * 3)
            .zip(self.samples.rgb.chunks_exact(stride * SAMPLES));
        for (row, samples) in rows {
            for (i, value) in row.iter_mut().enumerate() {
                let first = i / 3 * 3 * SAMPLES + i % 3;
                let offsets =
                    (0..SAMPLES * SAMPLES).map(|s| s / SAMPLES * stride + s % SAMPLES * 3);
                let sum: usize = offsets
                    .map(|offset| usize::from(samples[first + offset]))
                    .sum();
                *value = ((sum + SAMPLES * SAMPLES / 2) / (SAMPLES * SAMPLES)) as u8;
            }
        }
        Ok(picture)
    }
}

/// The sample at a point.
fn sample(point: Point) -> (i32, i32) {
    (
        (point.0 * SAMPLES as f64).round() as i32,
        (point.1 * SAMPLES as f64).round() as i32,
    )
}

fn rgba(colour: Colour, opacity: f64) -> RGBAColor {
    RGBColor(colour[0], colour[1], colour[2]).mix(opacity)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Colour = [0; 3];

    fn drawn(draw: impl FnOnce(&mut Canvas)) -> Picture {
        let mut canvas = Canvas::new(60, 60).unwrap();
        draw(&mut canvas);
        canvas.finish().unwrap()
    }

    /// Sum of ink in pixels of full black, and its centre.
    fn ink(picture: &Picture) -> (f64, f64, f64) {
        let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
        for (i, pixel) in picture.rgb.as_chunks::<3>().0.iter().enumerate() {
            let ink = 1.0 - f64::from(pixel[0]) / 255.0;
            sum += ink;
            x += ink * ((i % picture.width) as f64 + 0.5);
            y += ink * ((i / picture.width) as f64 + 0.5);
        }
        (sum, x / sum, y / sum)
    }

    #[test]
    fn shapes_have_the_area_and_the_place_asked_for() {
        let near = |(area, x, y): (f64, f64, f64), (expected, cx, cy): (f64, f64, f64)| {
            assert!(
                (area / expected - 1.0).abs() < 0.15
                    && (x - cx).abs() < 0.35
                    && (y - cy).abs() < 0.35,
                "{area} at {x}, {y}"
            );
        };
        near(
            ink(&drawn(|c| c.disc((20.0, 30.5), 8.0, BLACK, 1.0))),
            (201.1, 20.0, 30.5),
        );
        near(
            ink(&drawn(|c| c.disc((20.0, 30.5), 8.0, BLACK, 0.5))),
            (100.5, 20.0, 30.5),
        );
        near(
            ink(&drawn(|c| c.line((10.0, 20.0), (40.0, 50.0), 3.0, BLACK))),
            (127.3, 25.0, 35.0),
        );
        near(
            ink(&drawn(|c| c.rectangle((40.0, 50.0), (10.0, 20.0), BLACK))),
            (900.0, 25.0, 35.0),
        );
        near(
            ink(&drawn(|c| c.rectangle((40.0, 50.0), (99.0, -1.0), BLACK))),
            (1000.0, 50.0, 25.0),
        );
        near(
            ink(&drawn(|c| c.rule((10.2, 20.7), (39.9, 20.7), BLACK))),
            (30.0, 25.0, 20.5),
        );
    }

    #[test]
    fn a_rule_is_sharp() {
        let picture = drawn(|c| c.rule((10.2, 20.7), (39.9, 20.7), BLACK));
        assert!(picture.rgb.iter().all(|&value| value == 0 || value == 255));
    }

    #[test]
    fn text_is_centred_and_cut_at_the_edges() {
        for turned in [false, true] {
            let (_, x, y) = ink(&drawn(|c| match turned {
                true => c.vertical_text("HOH", (30.0, 30.0), 16.0, BLACK),
                false => c.text("HOH", (30.0, 30.0), Align::Centre, 16.0, BLACK),
            }));
            assert!((x - 30.0).abs() < 0.5 && (y - 30.0).abs() < 0.5, "{x}, {y}");
        }
        drawn(|c| {
            c.text(
                "far too long for so small a canvas",
                (55.0, 1.0),
                Align::Centre,
                30.0,
                BLACK,
            )
        });
    }
}
