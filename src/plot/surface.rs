//! A decoded curve or surface through data in space, seen from a side.

use super::canvas::{Align, Canvas, Point};
use super::figure::{MARGIN, TITLE, TITLE_ROW, WIDTH};
use super::legend::{Entry, Legend, Mark, ROW};
use super::palette::{BLUE, Colour, INK, ORANGE, WHITE};
use super::scale::drawable;
use super::scatter::marker_for;
use super::text::fit;
use crate::error::{Error, Result};
use std::path::Path;

/// A decoded grid of latents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mesh<'a> {
    /// [rows, columns, 3]; a single row is a curve. Points that are not finite are left out, with
    /// the lines to them: so are places of the grid that are far from all latents.
    pub points: &'a [[f32; 3]],
    /// Columns.
    pub columns: usize,
}

/// Direction from which space is seen, in degrees: matplotlib's default but a little lower.
const AZIMUTH: f64 = -60.0;
/// See [`AZIMUTH`].
const ELEVATION: f64 = 22.0;
/// Height of the plot area in pixels.
const HEIGHT: f64 = 680.0;
/// How much of its colour the farthest thing has lost.
const HAZE: f64 = 0.65;

/// Something to draw: its depth, away from the eye, and its ends; a point of data has one.
struct Item {
    depth: f64,
    from: Point,
    to: Option<Point>,
}

/// Draws `data` (N x 3) and the decoded `mesh` in orthographic projection, all axes in the same
/// unit. What is farther away is fainter.
///
/// Errors: the mesh is no grid; the data have no finite point; the file cannot be written.
pub fn surface(path: &Path, title: &str, data: &[[f32; 3]], mesh: &Mesh<'_>) -> Result<()> {
    if mesh.columns == 0 || !mesh.points.len().is_multiple_of(mesh.columns) {
        return Err(Error::input(format!(
            "\"{title}\" has a mesh of {} points in {} columns; give whole rows.",
            mesh.points.len(),
            mesh.columns
        )));
    }
    let finite: Vec<[f64; 3]> = data.iter().filter_map(point).collect();
    if finite.is_empty() {
        return Err(Error::input(format!(
            "There is nothing to draw in \"{title}\": its data have no finite point."
        )));
    }
    let view = View::of(&finite);
    let mut items: Vec<Item> = finite.iter().map(|&at| view.item(at, None)).collect();
    items.extend(
        mesh_lines(mesh)
            .into_iter()
            .map(|(from, to)| view.item(from, Some(to))),
    );
    items.sort_by(|a, b| b.depth.total_cmp(&a.depth));

    let entry = |name: &str, mark, colour| Entry {
        name: name.to_owned(),
        mark,
        colour,
    };
    let legend = vec![
        entry("training data", Mark::Disc(5.0), BLUE),
        entry("decoded manifold", Mark::Line, ORANGE),
    ];
    let space = WIDTH as f64 - 2.0 * MARGIN;
    let legend = Legend::new(legend, space);
    let mut canvas = Canvas::new(WIDTH, (view.top + HEIGHT + MARGIN) as usize)?;
    let title = fit(title, space, TITLE);
    canvas.text(&title, (MARGIN, MARGIN + 10.0), Align::Left, TITLE, INK);
    legend.draw(&mut canvas, (MARGIN, MARGIN + TITLE_ROW));
    let (radius, _) = marker_for(finite.len());
    // A curve is a single line, a surface a fine net.
    let thickness = if mesh.columns == mesh.points.len() {
        3.0
    } else {
        1.4
    };
    for item in &items {
        match item.to {
            Some(to) => canvas.line(item.from, to, thickness, view.hazy(ORANGE, item.depth)),
            None => canvas.disc(item.from, 0.7 * radius, view.hazy(BLUE, item.depth), 0.9),
        }
    }
    view.draw_axes(&mut canvas);
    canvas.finish()?.write(path)
}

/// A point as f64, if it can be drawn.
fn point(point: &[f32; 3]) -> Option<[f64; 3]> {
    let point = point.map(f64::from);
    point.iter().all(|&value| drawable(value)).then_some(point)
}

/// The lines between neighbours of the grid.
fn mesh_lines(mesh: &Mesh<'_>) -> Vec<([f64; 3], [f64; 3])> {
    let mut lines = Vec::new();
    for (i, from) in mesh.points.iter().enumerate() {
        let right = (i + 1) % mesh.columns != 0;
        let next = right.then(|| mesh.points.get(i + 1)).flatten();
        for to in next.into_iter().chain(mesh.points.get(i + mesh.columns)) {
            lines.extend(point(from).zip(point(to)));
        }
    }
    lines
}

/// From space to the picture.
struct View {
    middle: [f64; 3],
    /// To the right, up, and away from the eye.
    axes: [[f64; 3]; 3],
    /// Pixels for a unit.
    zoom: f64,
    /// Depths of the nearest and of the farthest data.
    depths: (f64, f64),
    top: f64,
}

impl View {
    /// The view that holds all `data`.
    fn of(data: &[[f64; 3]]) -> Self {
        let (azimuth, elevation) = (AZIMUTH.to_radians(), ELEVATION.to_radians());
        let (sin_a, cos_a) = azimuth.sin_cos();
        let (sin_e, cos_e) = elevation.sin_cos();
        let axes = [
            [-sin_a, cos_a, 0.0],
            [-sin_e * cos_a, -sin_e * sin_a, cos_e],
            [-cos_e * cos_a, -cos_e * sin_a, -sin_e],
        ];
        let ends = |along: &dyn Fn(&[f64; 3]) -> f64| {
            data.iter()
                .map(along)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                    (low.min(v), high.max(v))
                })
        };
        let middle = [0, 1, 2].map(|c| {
            let (low, high) = ends(&|p| p[c]);
            low + (high - low) / 2.0
        });
        let seen = axes.map(|axis| ends(&|p| dot(&axis, p) - dot(&axis, &middle)));
        let reach = |axis: usize| seen[axis].1.max(-seen[axis].0).max(1e-200);
        // Room for the decoded manifold, which may go a little beyond the data.
        let zoom = (0.38 * WIDTH as f64 / reach(0)).min(0.42 * HEIGHT / reach(1));
        Self {
            middle,
            axes,
            zoom,
            depths: seen[2],
            top: MARGIN + TITLE_ROW + ROW,
        }
    }

    /// The pixel of a point, and its depth.
    fn project(&self, point: [f64; 3]) -> (Point, f64) {
        let relative = [0, 1, 2].map(|c| point[c] - self.middle[c]);
        let [right, up, away] = self.axes.map(|axis| dot(&axis, &relative));
        let x = WIDTH as f64 / 2.0 + self.zoom * right;
        let y = self.top + HEIGHT / 2.0 - self.zoom * up;
        // What strays stays beside the picture, where nothing overflows.
        let far = 4.0 * WIDTH as f64;
        ((x.clamp(-far, far), y.clamp(self.top - far, far)), away)
    }

    fn item(&self, from: [f64; 3], to: Option<[f64; 3]>) -> Item {
        let (start, depth) = self.project(from);
        let end = to.map(|to| self.project(to));
        Item {
            depth: end.map_or(depth, |(_, other)| depth.min(other)),
            from: start,
            to: end.map(|(end, _)| end),
        }
    }

    /// A colour that fades with its depth.
    fn hazy(&self, colour: Colour, depth: f64) -> Colour {
        let (near, far) = self.depths;
        let share = ((depth - near) / (far - near).max(1e-200)).clamp(0.0, 1.0) * HAZE;
        std::array::from_fn(|c| {
            let (from, to) = (f64::from(colour[c]), f64::from(WHITE[c]));
            (from + share * (to - from)).round() as u8
        })
    }

    /// The directions of x_1, x_2 and x_3, in the lower left corner.
    fn draw_axes(&self, canvas: &mut Canvas) {
        const LENGTH: f64 = 54.0;
        let origin = (MARGIN + 70.0, self.top + HEIGHT - 46.0);
        for (c, name) in ["x\u{2081}", "x\u{2082}", "x\u{2083}"]
            .into_iter()
            .enumerate()
        {
            let (right, up) = (self.axes[0][c], self.axes[1][c]);
            let at = |length: f64| (origin.0 + length * right, origin.1 - length * up);
            canvas.line(origin, at(LENGTH), 1.6, INK);
            canvas.text(name, at(LENGTH + 14.0), Align::Centre, 16.0, INK);
        }
    }
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
