//! The first table of a section as curves, where rows are the numbers of something.

use super::page::Block;
use super::report::{Section, file_name, title_of};
use crate::error::Result;
use crate::plot::{Panel, Series, curve_panels};
use std::collections::BTreeMap;
use std::path::Path;

/// Points by method.
type Curves<'a> = BTreeMap<&'a str, Vec<(f64, f64)>>;

impl Section<'_> {
    /// Draws a picture for everything that rows have numbers of, into `folder`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn curves(&self, folder: &Path) -> Result<Vec<Block>> {
        let (experiment, shown) = (&self.plan.experiment, &self.plan.experiment.tables[0]);
        let mut lines: BTreeMap<(&str, usize), Curves<'_>> = BTreeMap::new();
        for (row, protocol) in self.lines() {
            let Some((over, at)) = &experiment.row[row].over else {
                continue;
            };
            let grid = self.grid(shown, row, protocol);
            let series = lines.entry((over, protocol)).or_default();
            for method in self.methods() {
                if let Some(summary) = grid.summary(method) {
                    let points = series.entry(method).or_default();
                    points.push((*at, summary.mean * shown.factor));
                }
            }
        }
        lines.retain(|_, series| series.values().any(|points| points.len() > 1));
        let draw = |((over, protocol), series): ((&str, usize), Curves<'_>)| {
            let protocol = &experiment.protocol[protocol].name;
            let name = format!("{}-{}-{protocol}.png", experiment.name, file_name(over));
            let ends = ends(&series);
            let series = series.into_iter().map(|(method, points)| Series {
                name: title_of(method),
                points: match points[..] {
                    [point] if self.has_one_row(method, over) => level(point, ends),
                    _ => points,
                },
            });
            let panel = Panel {
                label: format!("{} x {}", shown.measure, shown.factor),
                series: series.collect(),
            };
            let title = format!("{over}, {protocol}");
            curve_panels(&folder.join(&name), &title, over, &[panel], None)?;
            let caption = format!("{title}: mean `{}` by method", shown.measure);
            Ok(Block::Picture {
                file: name.into(),
                caption,
            })
        };
        lines.into_iter().map(draw).collect()
    }

    /// Whether `method` is run at one number of `over` alone, since it does not look at it.
    fn has_one_row(&self, method: &str, over: &str) -> bool {
        let rows = self.plan.experiment.row.iter();
        let own = rows.filter(|row| {
            let here = row.over.as_ref().is_some_and(|(what, _)| what == over);
            here && row.has(&method.to_owned())
        });
        own.count() == 1
    }
}

/// The least and the largest number that any method has a point at.
fn ends(series: &Curves) -> [f64; 2] {
    let numbers = series.values().flatten().map(|(at, _)| *at);
    numbers.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], at| {
        [low.min(at), high.max(at)]
    })
}

/// A line as high as `point`, from end to end.
fn level((_, value): (f64, f64), ends: [f64; 2]) -> Vec<(f64, f64)> {
    ends.map(|at| (at, value)).to_vec()
}
