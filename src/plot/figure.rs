//! The frame of a figure: title, legend, axes with ticks and labels, and the plot area that they
//! leave.

use super::canvas::{Align, Canvas, Point};
use super::legend::{Entry, Legend, ROW};
use super::palette::{Colour, GRID, INK};
use super::picture::Picture;
use super::scale::{Scale, Tick};
use super::text::{fit, text_width};
use crate::error::Result;
use std::path::Path;

/// Size of a figure in pixels, unless it is one of several; with [`Aspect::Equal`] the height
/// follows the data.
pub(super) const WIDTH: usize = 1080;
/// See [`WIDTH`].
pub(super) const HEIGHT: usize = 720;

/// Sizes of text in pixels per em.
pub(super) const TITLE: f64 = 21.0;
const LABEL: f64 = 18.0;
const TICK: f64 = 15.5;
const TICK_LENGTH: f64 = 6.0;
const MINOR_TICK_LENGTH: f64 = 3.0;
/// Most room for the name of a row, in pixels.
const NAME_WIDTH: f64 = 190.0;
pub(super) const MARGIN: f64 = 24.0;
/// Width of a colour bar, and of the space before it.
const BAR: f64 = 18.0;
const BAR_GAP: f64 = 20.0;
/// Height of what is below the plot area: ticks and a label.
const BELOW: f64 = 82.0;
/// Least height of the plot area in pixels, however many rows the legend has.
const LEAST_HEIGHT: f64 = 200.0;
/// Height of the title.
pub(super) const TITLE_ROW: f64 = 36.0;

/// The aspect ratio of the axes.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Aspect {
    /// Each axis fills its side.
    Free,
    /// One unit is as long along x as along y: a circle is a circle.
    Equal,
}

/// Title and labels around the plot area.
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) x_label: &'a str,
    pub(super) y_label: &'a str,
    pub(super) legend: Vec<Entry>,
    /// Names at 0, -1, ... of the y axis, from the top down, in the place of numbers; none for numbers.
    pub(super) rows: &'a [String],
    /// Width and height in pixels.
    pub(super) size: [usize; 2],
}

impl Default for Frame<'_> {
    fn default() -> Self {
        Self {
            title: "",
            x_label: "",
            y_label: "",
            legend: Vec::new(),
            rows: &[],
            size: [WIDTH, HEIGHT],
        }
    }
}

/// The colour bar at the right of the plot area.
pub(super) struct ColourBar<'a> {
    /// The values from its lower to its upper end.
    pub(super) scale: Scale,
    /// What they are.
    pub(super) label: &'a str,
    /// The colour at a height of 0..=1.
    pub(super) colour: fn(f64) -> Colour,
}

impl ColourBar<'_> {
    /// Width that it takes beside the plot area, with its ticks and its label.
    fn width(&self, height: f64) -> f64 {
        let ticks = self.scale.ticks(y_tick_count(height));
        BAR_GAP + BAR + 11.0 + widest_label(&ticks) + 34.0
    }

    /// Draws it beside a plot area that ends at `right`, between heights on the canvas, whose right
    /// margin is its own.
    fn draw(&self, canvas: &mut Canvas, right: f64, [top, bottom]: [f64; 2]) {
        let (left, right) = (right + BAR_GAP, right + BAR_GAP + BAR);
        let height = bottom - top;
        for row in 0..height as usize {
            let share = (row as f64 + 0.5) / height;
            let from = bottom - row as f64;
            canvas.rectangle((left, from - 1.0), (right, from), (self.colour)(share));
        }
        for tick in self.scale.ticks(y_tick_count(height)) {
            let at = bottom - self.scale.position(tick.value) * height;
            let length = if tick.label.is_some() {
                TICK_LENGTH
            } else {
                MINOR_TICK_LENGTH
            };
            canvas.rule((right, at), (right + length, at), INK);
            if let Some(label) = tick.label {
                canvas.text(&label, (right + 11.0, at), Align::Left, TICK, INK);
            }
        }
        let at = (canvas.width() as f64 - MARGIN - 6.0, top + height / 2.0);
        canvas.vertical_text(&fit(self.label, height, LABEL), at, LABEL, INK);
    }
}

/// A figure whose frame is drawn and whose plot area waits for data.
pub(super) struct Figure {
    canvas: Canvas,
    x: Scale,
    y: Scale,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Figure {
    /// Lays out and draws the frame for the given scales, with a colour bar at the right where there
    /// is one.
    pub(super) fn new(
        frame: Frame<'_>,
        mut x: Scale,
        mut y: Scale,
        aspect: Aspect,
        bar: Option<ColourBar<'_>>,
    ) -> Result<Self> {
        let [full_width, full_height] = frame.size;
        let text_space = full_width as f64 - 2.0 * MARGIN;
        let legend = Legend::new(frame.legend, text_space);
        let title_height = if frame.title.is_empty() {
            0.0
        } else {
            TITLE_ROW
        };
        let legend_height = if legend.rows == 0 {
            0.0
        } else {
            legend.rows as f64 * ROW + 6.0
        };
        let top = (MARGIN + title_height + legend_height + 8.0).round();
        // A legend of very many rows makes the figure higher.
        let mut height = (full_height as f64 - top - BELOW).max(LEAST_HEIGHT);
        let beside = bar.as_ref().map_or(12.0, |bar| bar.width(height));
        let right = (full_width as f64 - MARGIN - beside).round();
        let mut left = left_margin(&y_ticks(&y, frame.rows, height));
        if aspect == Aspect::Equal {
            let width = right - left;
            height = (width * (y.high - y.low) / (x.high - x.low))
                .clamp(0.45 * width, 0.9 * width)
                .round();
            (x, y) = with_equal_units(x, y, width / height);
            left = left_margin(&y_ticks(&y, frame.rows, height));
            (x, y) = with_equal_units(x, y, (right - left) / height);
        }
        let bottom = top + height;
        let mut canvas = Canvas::new(full_width, (bottom + BELOW) as usize)?;

        let title = fit(frame.title, text_space, TITLE);
        canvas.text(&title, (MARGIN, MARGIN + 10.0), Align::Left, TITLE, INK);
        legend.draw(&mut canvas, (MARGIN, MARGIN + title_height));
        let x_label = fit(frame.x_label, right - left, LABEL);
        canvas.text(
            &x_label,
            ((left + right) / 2.0, bottom + 54.0),
            Align::Centre,
            LABEL,
            INK,
        );
        let y_label = fit(frame.y_label, height, LABEL);
        canvas.vertical_text(&y_label, (MARGIN + 6.0, (top + bottom) / 2.0), LABEL, INK);

        let mut figure = Self {
            canvas,
            x,
            y,
            left,
            right,
            top,
            bottom,
        };
        figure.draw_axes(frame.rows);
        if let Some(bar) = bar {
            bar.draw(&mut figure.canvas, right, [top, bottom]);
        }
        Ok(figure)
    }

    fn draw_axes(&mut self, rows: &[String]) {
        let (left, right, top, bottom) = (self.left, self.right, self.top, self.bottom);
        let x_ticks = self.x.ticks(x_tick_count(right - left));
        let y_ticks = y_ticks(&self.y, rows, bottom - top);
        // The grid first, so that it lies below everything else.
        for tick in x_ticks.iter().filter(|tick| tick.label.is_some()) {
            let at = self.at(tick.value, self.y.low).0;
            self.canvas.rule((at, top), (at, bottom), GRID);
        }
        for tick in y_ticks.iter().filter(|tick| tick.label.is_some()) {
            let at = self.at(self.x.low, tick.value).1;
            self.canvas.rule((left, at), (right, at), GRID);
        }
        for tick in x_ticks {
            let at = self.at(tick.value, self.y.low).0;
            let length = if tick.label.is_some() {
                TICK_LENGTH
            } else {
                MINOR_TICK_LENGTH
            };
            self.canvas.rule((at, bottom), (at, bottom + length), INK);
            if let Some(label) = tick.label {
                self.canvas
                    .text(&label, (at, bottom + 20.0), Align::Centre, TICK, INK);
            }
        }
        for tick in y_ticks {
            let at = self.at(self.x.low, tick.value).1;
            let length = if tick.label.is_some() {
                TICK_LENGTH
            } else {
                MINOR_TICK_LENGTH
            };
            self.canvas.rule((left - length, at), (left, at), INK);
            if let Some(label) = tick.label {
                self.canvas
                    .text(&label, (left - 11.0, at), Align::Right, TICK, INK);
            }
        }
        self.axes();
    }

    /// The axes once more, where data have covered them.
    pub(super) fn axes(&mut self) {
        self.canvas
            .rule((self.left, self.top), (self.left, self.bottom), INK);
        self.canvas
            .rule((self.left, self.bottom), (self.right, self.bottom), INK);
    }

    /// A filled rectangle between two opposite corners, of which the part inside the plot area is
    /// drawn.
    pub(super) fn rectangle(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour) {
        let inside = |(x, y): Point| {
            (
                x.clamp(self.left, self.right),
                y.clamp(self.top, self.bottom),
            )
        };
        let (from, to) = (inside(self.at(from.0, from.1)), inside(self.at(to.0, to.1)));
        self.canvas.rectangle(from, to, colour);
    }

    /// An image of so many columns, `rgb`, between two opposite corners inside the plot area.
    pub(super) fn image(
        &mut self,
        from: (f64, f64),
        to: (f64, f64),
        columns: usize,
        rgb: &[Colour],
    ) {
        let (from, to) = (self.at(from.0, from.1), self.at(to.0, to.1));
        self.canvas.image(from, to, columns, rgb);
    }

    /// The pixel of a pair of values.
    pub(super) fn at(&self, x: f64, y: f64) -> Point {
        (
            self.left + self.x.position(x) * (self.right - self.left),
            self.bottom - self.y.position(y) * (self.bottom - self.top),
        )
    }

    /// A marker, unless its centre lies outside the plot area.
    pub(super) fn marker(&mut self, (x, y): (f64, f64), radius: f64, colour: Colour, opacity: f64) {
        let (px, py) = self.at(x, y);
        if (self.left..=self.right).contains(&px) && (self.top..=self.bottom).contains(&py) {
            self.canvas.disc((px, py), radius, colour, opacity);
        }
    }

    /// The part of a line through `points` that lies inside the plot area.
    pub(super) fn curve(&mut self, points: &[(f64, f64)], width: f64, colour: Colour) {
        let pixels: Vec<Point> = points.iter().map(|&(x, y)| self.at(x, y)).collect();
        for pair in pixels.windows(2) {
            if let Some((from, to)) = self.clipped(pair[0], pair[1]) {
                self.canvas.round_line(from, to, width, colour);
            }
        }
    }

    /// The part of a dotted line that lies inside the plot area.
    pub(super) fn dotted_line(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour) {
        if let Some((from, to)) = self.clipped(self.at(from.0, from.1), self.at(to.0, to.1)) {
            self.canvas.dotted_line(from, to, colour);
        }
    }

    /// The part of a segment inside the plot area (Liang and Barsky's parametric clipping).
    fn clipped(&self, from: Point, to: Point) -> Option<(Point, Point)> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (mut enter, mut leave) = (0f64, 1f64);
        let sides = [
            (-dx, from.0 - self.left),
            (dx, self.right - from.0),
            (-dy, from.1 - self.top),
            (dy, self.bottom - from.1),
        ];
        for (outward, room) in sides {
            if outward == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if outward < 0.0 {
                enter = enter.max(room / outward);
            } else {
                leave = leave.min(room / outward);
            }
        }
        // Clamped once more, because a far end rounds away what is near.
        let along = |t: f64| {
            (
                (from.0 + t * dx).clamp(self.left, self.right),
                (from.1 + t * dy).clamp(self.top, self.bottom),
            )
        };
        (enter <= leave).then(|| (along(enter), along(leave)))
    }

    /// The finished figure.
    pub(super) fn finish(self) -> Result<Picture> {
        self.canvas.finish()
    }

    /// Writes the figure as [`Picture::write`] does.
    pub(super) fn write(self, path: &Path) -> Result<()> {
        self.finish()?.write(path)
    }
}

/// Figures side by side in rows of `columns`, all of a size, under a common title and legend, with
/// a common colour bar at the right of the first row where there is one.
pub(super) fn side_by_side(
    title: &str,
    legend: Vec<Entry>,
    columns: usize,
    panels: &[Picture],
    bar: Option<ColourBar<'_>>,
) -> Result<Picture> {
    let columns = columns.min(panels.len()).max(1);
    let inner = panels.iter().map(|panel| panel.width).max().unwrap_or(0) * columns;
    let first = panels.first().map_or(0, |panel| panel.height);
    let bar = bar.map(|bar| (bar.width(first as f64) + MARGIN, bar));
    let width = inner + bar.as_ref().map_or(0, |(width, _)| *width as usize);
    let text_space = width as f64 - 2.0 * MARGIN;
    let legend = Legend::new(legend, text_space);
    let head = (MARGIN + TITLE_ROW + legend.rows as f64 * ROW) as usize;
    let heights = panels
        .chunks(columns)
        .map(|row| row.iter().map(|panel| panel.height).max().unwrap_or(0));
    let mut picture = Picture::new(width, head + heights.clone().sum::<usize>())?;
    let mut canvas = Canvas::new(width, head)?;
    let title = fit(title, text_space, TITLE);
    canvas.text(&title, (MARGIN, MARGIN + 10.0), Align::Left, TITLE, INK);
    legend.draw(&mut canvas, (MARGIN, MARGIN + TITLE_ROW));
    picture.paste((0, 0), &canvas.finish()?);
    if let Some((width, bar)) = bar {
        let mut canvas = Canvas::new(width as usize, first)?;
        let heights = [MARGIN + TITLE_ROW + 8.0, first as f64 - BELOW];
        bar.draw(&mut canvas, 0.0, heights);
        picture.paste((inner, head), &canvas.finish()?);
    }
    let mut top = head;
    for (row, height) in panels.chunks(columns).zip(heights) {
        for (column, panel) in row.iter().enumerate() {
            picture.paste((column * inner / columns, top), panel);
        }
        top += height;
    }
    Ok(picture)
}

/// Ticks of a y axis of such a height: at the names `rows`, or where there are none at numbers.
fn y_ticks(y: &Scale, rows: &[String], height: f64) -> Vec<Tick> {
    if rows.is_empty() {
        return y.ticks(y_tick_count(height));
    }
    let places = (0_u32..).map(|row| -f64::from(row));
    let named = places.zip(rows).map(|(value, name)| Tick {
        value,
        label: Some(fit(name, NAME_WIDTH, TICK)),
    });
    named.collect()
}

/// Room for the label of the y axis and for its widest tick text.
fn left_margin(ticks: &[Tick]) -> f64 {
    (MARGIN + 28.0 + widest_label(ticks) + 11.0).round()
}

/// Width of the widest tick text.
fn widest_label(ticks: &[Tick]) -> f64 {
    let labels = ticks.iter().filter_map(|tick| tick.label.as_ref());
    labels.fold(0.0, |widest, label| widest.max(text_width(label, TICK)))
}

fn x_tick_count(width: f64) -> usize {
    ((width / 120.0) as usize).max(4)
}

fn y_tick_count(height: f64) -> usize {
    ((height / 75.0) as usize).max(3)
}

/// Stretches one of two scales so that a plot area of `aspect` = width / height has equal units.
fn with_equal_units(x: Scale, y: Scale, aspect: f64) -> (Scale, Scale) {
    let factor = (x.high - x.low) / ((y.high - y.low) * aspect);
    if factor > 1.0 {
        (x, y.stretched(factor))
    } else {
        (x.stretched(1.0 / factor), y)
    }
}
