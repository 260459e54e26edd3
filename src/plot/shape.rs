//! What a picture is drawn of, kept beside its pixels, and written down as SVG.

use super::canvas::{Align, Point};
use super::palette::Colour;
use super::picture::encode_png;
use super::text::{CAPITALS, text_width};
use crate::page::{data_uri, escape};
use std::fmt::Write;
use std::io;

/// Something drawn; in pixels of the picture, y downwards.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// A line through points, with round or flat ends.
    Line {
        points: Vec<Point>,
        width: f64,
        colour: Colour,
        round: bool,
    },
    Disc {
        centre: Point,
        radius: f64,
        colour: Colour,
        opacity: f64,
    },
    /// Between its upper left and its lower right corner.
    Rectangle {
        from: Point,
        to: Point,
        colour: Colour,
    },
    /// At its start, middle or end, in the middle of its capitals; upright, or from bottom to top.
    Text {
        text: String,
        at: Point,
        align: Align,
        size: f64,
        colour: Colour,
        vertical: bool,
    },
    /// An image of so many columns between its upper left and its lower right corner.
    Image {
        from: Point,
        to: Point,
        columns: usize,
        rgb: Vec<u8>,
    },
}

impl Shape {
    /// Adds a line to `shapes`, to the last of them where that ends where this begins.
    pub(super) fn join(shapes: &mut Vec<Self>, from: Point, to: Point, width: f64, colour: Colour) {
        match shapes.last_mut() {
            Some(Self::Line {
                points,
                width: same_width,
                colour: same_colour,
                round: true,
            }) if points.last() == Some(&from)
                && *same_width == width
                && *same_colour == colour =>
            {
                points.push(to);
            }
            _ => shapes.push(Self::Line {
                points: vec![from, to],
                width,
                colour,
                round: true,
            }),
        }
    }

    /// The same shape elsewhere.
    pub(super) fn moved(&self, (right, down): Point) -> Self {
        let place = |point: &mut Point| *point = (point.0 + right, point.1 + down);
        let mut shape = self.clone();
        match &mut shape {
            Self::Line { points, .. } => points.iter_mut().for_each(place),
            Self::Disc { centre: at, .. } | Self::Text { at, .. } => place(at),
            Self::Rectangle { from, to, .. } | Self::Image { from, to, .. } => {
                place(from);
                place(to);
            }
        }
        shape
    }

    /// Writes the element of SVG.
    fn write(&self, svg: &mut String) -> io::Result<()> {
        let n = Number;
        _ = match self {
            Self::Line {
                points,
                width,
                colour,
                round,
            } => {
                let points = points.iter().map(|&(x, y)| format!("{},{}", n(x), n(y)));
                let (points, width) = (points.collect::<Vec<_>>().join(" "), n(*width));
                let ends = if *round {
                    " stroke-linecap=\"round\" stroke-linejoin=\"round\""
                } else {
                    ""
                };
                let colour = hex(*colour);
                writeln!(
                    svg,
                    "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{ends}/>"
                )
            }
            Self::Disc {
                centre: (x, y),
                radius,
                colour,
                opacity,
            } => {
                let opacity = match opacity {
                    1.0 => String::new(),
                    opacity => format!(" fill-opacity=\"{}\"", n(*opacity)),
                };
                let (x, y, radius, colour) = (n(*x), n(*y), n(*radius), hex(*colour));
                writeln!(
                    svg,
                    "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{colour}\"{opacity}/>"
                )
            }
            Self::Rectangle { from, to, colour } => {
                let (place, colour) = (place(*from, *to), hex(*colour));
                writeln!(
                    svg,
                    "<rect {place} fill=\"{colour}\" shape-rendering=\"crispEdges\"/>"
                )
            }
            Self::Text { text, .. } if text.is_empty() => Ok(()),
            Self::Text { .. } => self.write_text(svg),
            Self::Image {
                from,
                to,
                columns,
                rgb,
            } => {
                let mut png = Vec::new();
                encode_png(&mut png, *columns, rgb.len() / 3 / columns, rgb)?;
                let (place, source) = (place(*from, *to), data_uri(&png));
                writeln!(
                    svg,
                    "<image {place} preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"{source}\"/>"
                )
            }
        };
        Ok(())
    }

    /// A text takes the width that it was set with, whatever font there is.
    fn write_text(&self, svg: &mut String) -> std::fmt::Result {
        let Self::Text {
            text,
            at: (x, y),
            align,
            size,
            colour,
            vertical,
        } = self
        else {
            return Ok(());
        };
        let anchor = match align {
            Align::Left => "",
            Align::Centre => " text-anchor=\"middle\"",
            Align::Right => " text-anchor=\"end\"",
        };
        let down = CAPITALS / 2.0 * size;
        let (x, y, turn) = if *vertical {
            (x + down, *y, true)
        } else {
            (*x, y + down, false)
        };
        let n = Number;
        let turn = match turn {
            true => format!(" transform=\"rotate(-90 {} {})\"", n(x), n(y)),
            false => String::new(),
        };
        let (width, colour) = (n(text_width(text, *size)), hex(*colour));
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{colour}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\"{anchor}{turn}>{}</text>",
            n(x),
            n(y),
            n(*size),
            escape(text)
        )
    }
}

/// `shapes` on white as the content of an SVG file of `width` x `height` pixels.
pub(super) fn svg(width: usize, height: usize, shapes: &[Shape]) -> io::Result<String> {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"DejaVu Sans, Verdana, sans-serif\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    shapes.iter().try_for_each(|shape| shape.write(&mut svg))?;
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// Corner and size of what lies between two corners.
fn place(from: Point, to: Point) -> String {
    let n = Number;
    format!(
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
        n(from.0),
        n(from.1),
        n(to.0 - from.0),
        n(to.1 - from.1)
    )
}

/// A number to a hundredth of a pixel.
struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", (self.0 * 100.0).round() / 100.0)
    }
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_meet_are_one_and_texts_are_escaped() {
        let mut shapes = Vec::new();
        for (from, to) in [
            ((0.0, 0.0), (1.0, 2.0)),
            ((1.0, 2.0), (3.0, 4.0)),
            ((9.0, 9.0), (8.0, 8.0)),
        ] {
            Shape::join(&mut shapes, from, to, 2.0, [255, 0, 16]);
        }
        shapes.push(Shape::Text {
            text: "a < b".into(),
            at: (5.0, 6.0),
            align: Align::Right,
            size: 10.0,
            colour: [0; 3],
            vertical: true,
        });
        let svg = svg(20, 10, &shapes).unwrap();
        assert!(
            svg.contains("points=\"0,0 1,2 3,4\" fill=\"none\" stroke=\"#ff0010\""),
            "{svg}"
        );
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(
            svg.contains("rotate(-90 8.65 6)") && svg.contains(">a &lt; b</text>"),
            "{svg}"
        );
    }

    #[test]
    fn a_moved_shape_is_the_same_elsewhere() {
        let rectangle = |x: f64, y: f64| Shape::Rectangle {
            from: (x, y),
            to: (x + 2.0, y + 3.0),
            colour: [1, 2, 3],
        };
        assert_eq!(rectangle(1.0, 1.0).moved((4.0, 5.0)), rectangle(5.0, 6.0));
    }
}
