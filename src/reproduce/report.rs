//! The report: our figures beside the paper's, in words what holds, and the pictures.

use super::cache::{Cache, Counts, Ended, Outcome};
use super::experiment::name_of;
use super::make::Made;
use super::page::{Block, html, markdown};
use super::pictures::draw;
use super::plan::{Cell, Plan};
use crate::data::{create_folder, write_atomically};
use crate::error::Result;
use crate::objective::Method;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

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
    let legend = format!("\n{INTRODUCTION}\n");
    for plan in plans {
        let blocks = Section::of(plan, cache, made).blocks(folder)?;
        let path = folder.join(format!("{}.md", plan.experiment.name));
        write_text(&path, &(markdown(&blocks) + &legend))?;
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
`experiments/` has every setting. The two best figures of a line of three methods or more are **bold**, the second of them with ²; where more share \
a place, none is. Times never are bold.";

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
        blocks.extend(self.scale_in_words().map(Block::Text));
        for (title, table) in self.tables() {
            blocks.push(Block::Heading(3, title));
            blocks.push(Block::Table(table));
        }
        let mut listed = |heading: &str, items: Vec<String>| {
            if !items.is_empty() {
                blocks.push(Block::Heading(3, heading.into()));
                blocks.push(Block::List(items));
            }
        };
        listed("What was not run, or failed", self.not_run());
        listed("What holds", self.claims_in_short());
        listed("What holds, row by row", self.verdicts());
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
        let scale = name_of(self.plan.scale);
        let (runs, all) = (
            self.ended().count(),
            self.cells.len() * self.plan.seeds as usize,
        );
        let again = format!(
            "Again with `nrae reproduce {} --scale {scale}`.",
            self.plan.experiment.name
        );
        if runs == 0 {
            return format!("Scale `{scale}`: none of {all} runs yet. {again}");
        }
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
        let most = self.ended().map(|ended| ended.at_once).max().unwrap_or(1);
        let shares = if most > 1 {
            let shared = self.ended().filter(|ended| ended.at_once > 1).count();
            format!(
                " ({shared} of them trained side by side, up to {most} at once: their seconds are shares)"
            )
        } else {
            String::new()
        };
        format!(
            "Scale `{scale}`: {runs} of {all} runs{bad}, seeds 1 to {}, {seconds:.0} s of runs{shares} beside those of searches; nrae {} on {}. Training, validation and \
             test samples: {}. Settings are in `experiments/{}.toml`. {again}",
            self.plan.seeds,
            words(&|ended| ended.version.clone()),
            words(&|ended| format!("{} ({})", ended.device, ended.driver)),
            self.counts_in_words(),
            self.plan.experiment.name,
        )
    }

    /// Training, validation and test samples of runs: of which lines, where they differ.
    fn counts_in_words(&self) -> String {
        let mut lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for Filled { cell, runs, .. } in &self.cells {
            for Counts {
                train,
                validation,
                test,
            } in runs.values().map(|run| run.samples)
            {
                let experiment = &self.plan.experiment;
                let (row, protocol) = (
                    &experiment.row[cell.row],
                    &experiment.protocol[cell.protocol],
                );
                let counts = format!("{train}, {validation} and {test}");
                let line = format!("{}, `{}`", row.set_name(), protocol.name);
                lines.entry(counts).or_default().insert(line);
            }
        }
        if lines.len() == 1 {
            return lines.into_keys().collect();
        }
        let of = |(counts, lines): (String, BTreeSet<String>)| {
            let lines: Vec<String> = lines.into_iter().collect();
            format!("{counts} of {}", lines.join(" and "))
        };
        lines.into_iter().map(of).collect::<Vec<_>>().join("; ")
    }

    fn pictures(&self, folder: &Path) -> Result<Vec<Block>> {
        let mut blocks = Vec::new();
        for (row, protocol) in self.lines() {
            let sketches: Vec<_> = self
                .line(row, protocol)
                .filter_map(|filled| {
                    let sketch = filled.runs.get(&1)?.sketch.as_ref()?;
                    Some((self.panel_title(filled), sketch))
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

    /// The title of the method in a picture of one run: of runs that reach something or do not, with how many
    /// of them do, since one says little.
    fn panel_title(&self, filled: &Filled) -> String {
        let (method, cell) = (title_of(&filled.cell.method), filled.cell);
        let shown = &self.plan.experiment.tables[0];
        let grid = self.grid(shown, cell.row, cell.protocol);
        match shown.so_many(&grid, &cell.method) {
            Some(count) => format!("{method}: {count} {}", shown.measure),
            None => method,
        }
    }
}

pub(super) fn title_of(method: &str) -> String {
    Method::find(method).map_or_else(|| method.to_owned(), |method| method.title())
}

/// A name with nothing in it that a file name may not have.
pub(super) fn file_name(text: &str) -> String {
    let kept = |character: char| {
        if character.is_ascii_alphanumeric() {
            character.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    text.chars().map(kept).collect()
}
