//! The report: our figures beside the paper's, in words what holds, and the pictures.

use super::cache::{Cache, Ended, Outcome};
use super::experiment::{Row, Shown, name_of};
use super::grid::Grid;
use super::make::Made;
use super::page::{Block, html, markdown};
use super::pictures::draw;
use super::plan::{Cell, Plan};
use crate::data::{create_folder, write_atomically};
use crate::error::Result;
use crate::objective::Method;
use crate::plot::{Panel, Series, curve_panels};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Points of a curve by method.
type Curves<'a> = BTreeMap<&'a str, Vec<(f64, f64)>>;

/// A cell with what has been run of it.
pub(super) struct Filled<'a> {
    pub(super) cell: &'a Cell,
    pub(super) choice: Option<usize>,
    pub(super) runs: BTreeMap<u64, Ended>,
}

/// Writes what `cache` holds of `plans` into `folder`: `NAME.md` with its pictures for each, and
/// `report.html`, which holds all of it. Returns the files. `made` tells why runs are missing.
///
/// # Errors
/// When a file cannot be written.
pub fn write_report(
    plans: &[Plan],
    cache: &Cache,
    made: &Made,
    folder: &Path,
) -> Result<Vec<PathBuf>> {
    create_folder(folder)?;
    let (mut files, mut all) = (Vec::new(), vec![Block::Text(INTRODUCTION.into())]);
    for plan in plans {
        let blocks = Section::of(plan, cache, made).blocks(folder)?;
        let path = folder.join(format!("{}.md", plan.experiment.name));
        write_text(&path, &markdown(&blocks))?;
        files.push(path);
        all.extend(blocks);
    }
    let path = folder.join("report.html");
    write_text(
        &path,
        &html("The paper's experiments, run again", &all, folder)?,
    )?;
    files.push(path);
    Ok(files)
}

const INTRODUCTION: &str = "Lee, Kwon and Park, Neighborhood Reconstructing Autoencoders, NeurIPS 2021. `docs/measures.md` defines every measure, \
`experiments/` has every setting. The two best figures of a line are **bold**, the second of them with ².";

fn write_text(path: &Path, text: &str) -> Result<()> {
    write_atomically(path, |file| file.write_all(text.as_bytes()))
}

/// The part of a report on one experiment.
pub(super) struct Section<'a> {
    pub(super) plan: &'a Plan,
    pub(super) cells: Vec<Filled<'a>>,
    pub(super) made: &'a Made,
}

impl<'a> Section<'a> {
    fn of(plan: &'a Plan, cache: &Cache, made: &'a Made) -> Self {
        let filled = |cell| Filled {
            cell,
            choice: plan.choice(cell, cache).flatten(),
            runs: plan.found(cell, cache),
        };
        Self {
            plan,
            cells: plan.cells.iter().map(filled).collect(),
            made,
        }
    }

    fn blocks(&self, folder: &Path) -> Result<Vec<Block>> {
        let experiment = &self.plan.experiment;
        let mut blocks = vec![
            Block::Heading(2, experiment.title.clone()),
            Block::Text(experiment.about.trim().to_owned()),
            Block::Text(self.run_in_words()),
        ];
        for shown in &experiment.tables {
            blocks.push(Block::Heading(3, self.table_title(shown)));
            blocks.push(Block::Table(self.table(shown)));
        }
        let mut listed = |heading: &str, items: Vec<String>| {
            if !items.is_empty() {
                blocks.push(Block::Heading(3, heading.into()));
                blocks.push(Block::List(items));
            }
        };
        listed("What was not run, or failed", self.not_run());
        listed("What holds", self.verdicts());
        listed("Rank tests", self.tests());
        listed("Settings that were chosen", self.chosen());
        listed(
            "What the paper leaves open, and what was taken",
            experiment.choices.clone(),
        );
        blocks.extend(self.pictures(folder)?);
        Ok(blocks)
    }

    fn ended(&self) -> impl Iterator<Item = &Ended> {
        self.cells.iter().flat_map(|filled| filled.runs.values())
    }

    /// Runs, seeds, device, driver, version, time, counts.
    fn run_in_words(&self) -> String {
        let words = |of: &dyn Fn(&Ended) -> String| {
            self.ended()
                .map(of)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
                .join("; ")
        };
        let (runs, all) = (
            self.ended().count(),
            self.cells.len() * self.plan.seeds as usize,
        );
        let seconds: f64 = self.ended().map(|ended| ended.seconds).sum();
        let bad = self
            .ended()
            .filter(|ended| ended.outcome != Outcome::Done)
            .count();
        let bad = if bad > 0 {
            format!(", {bad} of them diverged or failed")
        } else {
            String::new()
        };
        format!(
            "Scale `{}`: {runs} of {all} runs{bad}, seeds 1 to {}, {seconds:.0} s of runs beside those of searches; nrae {} on {}; training, validation and \
             test samples: {}. Again with `nrae reproduce {} --scale {}`.",
            name_of(self.plan.scale),
            self.plan.seeds,
            words(&|ended| ended.version.clone()),
            words(&|ended| format!("{} ({})", ended.device, ended.driver)),
            words(&|ended| {
                let counts = ended.samples;
                format!("{}, {}, {}", counts.train, counts.validation, counts.test)
            }),
            self.plan.experiment.name,
            name_of(self.plan.scale),
        )
    }

    fn table_title(&self, shown: &Shown) -> String {
        let factor = if shown.factor == 1.0 {
            String::new()
        } else {
            format!(" x {}", shown.factor)
        };
        let trimmed = if shown.trimmed {
            ", without the best and the worst run"
        } else {
            ""
        };
        let better = if shown.higher {
            "more is better"
        } else {
            "less is better"
        };
        format!(
            "`{}`{factor}, mean ± deviation{trimmed}; {better}",
            shown.measure
        )
    }

    /// The figures of a measure in a row under a protocol.
    pub(super) fn grid(&self, shown: &Shown, protocol: usize, row: usize) -> Grid {
        let here = self
            .cells
            .iter()
            .filter(|filled| filled.cell.protocol == protocol && filled.cell.row == row);
        let values = here.filter_map(|filled| {
            let figure =
                |(seed, ended): (&u64, &Ended)| Some((*seed, *ended.measures.get(&shown.measure)?));
            let values: BTreeMap<u64, f64> = filled.runs.iter().filter_map(figure).collect();
            (!values.is_empty()).then(|| (filled.cell.method.clone(), values))
        });
        Grid {
            values: values.collect(),
            trimmed: shown.trimmed,
            higher: shown.higher,
        }
    }

    /// Rows and protocols that have cells.
    pub(super) fn lines(&self) -> Vec<(usize, usize)> {
        let lines: BTreeSet<(usize, usize)> = self
            .cells
            .iter()
            .map(|filled| (filled.cell.row, filled.cell.protocol))
            .collect();
        lines.into_iter().collect()
    }

    pub(super) fn methods(&self) -> Vec<&String> {
        let run = |method: &&String| {
            self.cells
                .iter()
                .any(|filled| filled.cell.method == **method)
        };
        self.plan.experiment.methods.iter().filter(run).collect()
    }

    fn table(&self, shown: &Shown) -> Vec<Vec<String>> {
        let experiment = &self.plan.experiment;
        let first = experiment.tables[0].measure == shown.measure;
        let methods = self.methods();
        let mut rows = vec![vec!["data".to_owned(), "figures".to_owned()]];
        rows[0].extend(methods.iter().map(|method| title_of(method)));
        let mut last = None;
        for (row, protocol) in self.lines() {
            let of = &experiment.row[row];
            if first && last != Some(row) && !of.paper.is_empty() {
                let mut line = vec![of.name.clone(), "the paper".to_owned()];
                line.extend(methods.iter().map(|method| {
                    of.paper
                        .get(*method)
                        .map_or("-".into(), |figures| printed(figures))
                }));
                rows.push(line);
            }
            last = Some(row);
            let grid = self.grid(shown, protocol, row);
            let mut line = vec![
                self.row_name(of, row),
                experiment.protocol[protocol].name.clone(),
            ];
            line.extend(
                methods
                    .iter()
                    .map(|method| self.entry(&grid, shown, method, protocol, row)),
            );
            rows.push(line);
        }
        rows
    }

    /// The row's name, with the number of training images where they are fewer than the paper's.
    fn row_name(&self, row: &Row, at: usize) -> String {
        let used = self
            .cells
            .iter()
            .filter(|filled| filled.cell.row == at)
            .flat_map(|filled| filled.runs.values())
            .map(|ended| ended.samples.train)
            .max();
        match (used, row.paper_samples) {
            (Some(used), Some(of)) if used < of => format!("{} ({used} images of {of})", row.name),
            _ => row.name.clone(),
        }
    }

    fn entry(
        &self,
        grid: &Grid,
        shown: &Shown,
        method: &String,
        protocol: usize,
        row: usize,
    ) -> String {
        let Some((mean, deviation)) = grid.summary(method) else {
            let experiment = &self.plan.experiment;
            let left_out = experiment.row[row].without.contains_key(method)
                || !experiment.protocol[protocol].has(method);
            return match (left_out, self.lost(method, protocol, row)) {
                (true, _) => "-".into(),
                (false, 0) => "not run".into(),
                (false, lost) => format!("{lost} failed"),
            };
        };
        let number = |value: f64| format!("{:.*}", shown.digits, value * shown.factor);
        let mut text = number(mean)
            + &deviation.map_or(String::new(), |deviation| {
                format!(" ± {}", number(deviation))
            });
        text = match grid.place(mean) {
            1 => format!("**{text}**"),
            2 => format!("**{text}** ²"),
            _ => text,
        };
        let (runs, lost) = (
            grid.values[method].len() as u64,
            self.lost(method, protocol, row),
        );
        if runs + lost < self.plan.seeds {
            text += &format!(" ({runs} {})", if runs == 1 { "run" } else { "runs" });
        }
        if lost > 0 {
            text += &format!(" ({lost} failed)");
        }
        text
    }

    /// Runs of a cell that diverged or failed.
    fn lost(&self, method: &str, protocol: usize, row: usize) -> u64 {
        let here = self.cells.iter().find(|filled| {
            filled.cell.method == method
                && filled.cell.protocol == protocol
                && filled.cell.row == row
        });
        here.map_or(0, |filled| {
            filled
                .runs
                .values()
                .filter(|ended| ended.outcome != Outcome::Done)
                .count() as u64
        })
    }

    fn pictures(&self, folder: &Path) -> Result<Vec<Block>> {
        let mut blocks = Vec::new();
        for (row, protocol) in self.lines() {
            let here = self
                .cells
                .iter()
                .filter(|filled| filled.cell.row == row && filled.cell.protocol == protocol);
            let sketches: Vec<_> = here
                .filter_map(|filled| {
                    let sketch = filled.runs.get(&1)?.sketch.as_ref()?;
                    Some((title_of(&filled.cell.method), sketch))
                })
                .collect();
            let stem = format!(
                "{}-{}-{}",
                self.plan.experiment.name,
                file_name(&self.plan.experiment.row[row].name),
                self.plan.experiment.protocol[protocol].name
            );
            let title = self.line_name(row, protocol).replace('`', "");
            for (path, caption) in draw(&folder.join(stem), &title, &sketches)? {
                let file = path.strip_prefix(folder).unwrap_or(&path).to_owned();
                blocks.push(Block::Picture {
                    file,
                    caption: format!("{title}: {caption} (seed 1)"),
                });
            }
        }
        blocks.extend(self.curves(folder)?);
        if !blocks.is_empty() {
            blocks.insert(0, Block::Heading(3, "Pictures".into()));
        }
        Ok(blocks)
    }

    /// The first table as curves, where rows are the numbers of something.
    fn curves(&self, folder: &Path) -> Result<Vec<Block>> {
        let (experiment, shown) = (&self.plan.experiment, &self.plan.experiment.tables[0]);
        let mut lines: BTreeMap<(&str, usize), Curves<'_>> = BTreeMap::new();
        for (row, protocol) in self.lines() {
            let Some((over, at)) = &experiment.row[row].over else {
                continue;
            };
            let grid = self.grid(shown, protocol, row);
            let series = lines.entry((over, protocol)).or_default();
            for method in self.methods() {
                let mean = grid.mean(method).map(|mean| (*at, mean * shown.factor));
                series.entry(method).or_default().extend(mean);
            }
        }
        lines.retain(|_, series| series.values().any(|points| points.len() > 1));
        let draw = |((over, protocol), series): ((&str, usize), Curves<'_>)| {
            let protocol = &experiment.protocol[protocol].name;
            let name = format!("{}-{}-{protocol}.png", experiment.name, file_name(over));
            let series = series.into_iter().map(|(method, points)| Series {
                name: title_of(method),
                points,
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
}

pub(super) fn title_of(method: &str) -> String {
    Method::find(method).map_or_else(|| method.to_owned(), |method| method.title())
}

/// Figures of the paper as it prints them.
fn printed(figures: &[f64]) -> String {
    figures
        .iter()
        .map(f64::to_string)
        .collect::<Vec<_>>()
        .join(" ± ")
}

/// A name with nothing in it that a file name may not have.
fn file_name(text: &str) -> String {
    let kept = |character: char| {
        if character.is_ascii_alphanumeric() {
            character.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    text.chars().map(kept).collect()
}
