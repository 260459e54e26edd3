//! The tables of a section: our figures beside the paper's.

use super::cache::{Ended, Outcome};
use super::experiment::{Row, Shown};
use super::grid::{Grid, Runs};
use super::report::{Filled, Section, title_of};
use std::collections::BTreeSet;

impl Shown {
    /// What a run that diverged or collapsed counts as: the worst that there is. It has no times.
    fn worst(&self) -> Option<f64> {
        match self.measure.as_str() {
            "order" | "ordered" | "circular" | "closed" => Some(0.0),
            _ if self.is_time() => None,
            _ if self.higher => Some(f64::NEG_INFINITY),
            _ => Some(f64::INFINITY),
        }
    }

    /// Whether it is of seconds.
    pub(super) fn is_time(&self) -> bool {
        self.measure.ends_with("_seconds")
    }

    /// Where each run is 1 or 0: how many of the runs of `method` are 1.
    pub(super) fn so_many(&self, grid: &Grid, method: &str) -> Option<String> {
        let summary = grid.summary(method).filter(|_| self.is_yes_or_no())?;
        let count = summary.mean * summary.count as f64;
        Some(format!("{count:.0} of {}", summary.count))
    }

    /// Whether each run is 1 or 0.
    fn is_yes_or_no(&self) -> bool {
        matches!(&*self.measure, "ordered" | "closed")
    }

    /// A figure as the table writes it.
    pub(super) fn number(&self, value: f64) -> String {
        if value.is_infinite() {
            return "no finite mean".into();
        }
        format!("{:.*}", self.digits, value * self.factor)
    }

    /// What the figures are, what stands behind ±, and which are better.
    fn title(&self) -> String {
        let factor = match self.factor {
            1.0 => String::new(),
            factor => format!(" x {factor}"),
        };
        let unit = self.unit.as_ref().map_or(String::new(), |method| {
            format!(" as a multiple of {} in the same line", title_of(method))
        });
        let spread = if self.standard_error {
            "standard error"
        } else {
            "deviation"
        };
        let trimmed = if self.trimmed {
            ", without the best and the worst run of cells that have all their runs"
        } else {
            ""
        };
        let better = if self.higher {
            "more is better"
        } else {
            "less is better"
        };
        let figures = if self.is_time() {
            "of the quickest run, since other work on a machine makes the others longer".to_owned()
        } else if self.is_yes_or_no() {
            "how many of the runs".to_owned()
        } else {
            format!("mean ± {spread}{trimmed}")
        };
        format!("`{}`{factor}{unit}, {figures}; {better}", self.measure)
    }
}

impl Section<'_> {
    /// Every table with its title.
    pub(super) fn tables(&self) -> impl Iterator<Item = (String, Vec<Vec<String>>)> {
        let tables = &self.plan.experiment.tables;
        tables
            .iter()
            .map(|shown| (shown.title(), self.table(shown)))
    }

    /// The cells of a row under a protocol.
    pub(super) fn line(&self, row: usize, protocol: usize) -> impl Iterator<Item = &Filled<'_>> {
        self.cells
            .iter()
            .filter(move |filled| filled.cell.row == row && filled.cell.protocol == protocol)
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

    /// The methods that have cells, in the order of the experiment.
    pub(super) fn methods(&self) -> Vec<&String> {
        let run = |method: &&String| {
            self.cells
                .iter()
                .any(|filled| filled.cell.method == **method)
        };
        self.plan.experiment.methods.iter().filter(run).collect()
    }

    /// The figures of a measure in a row under a protocol.
    pub(super) fn grid(&self, shown: &Shown, row: usize, protocol: usize) -> Grid {
        let cells = self.line(row, protocol);
        let mut grid = Grid {
            cells: cells
                .map(|filled| {
                    let collapsed = self.plan.experiment.row[row].collapsed;
                    (filled.cell.method.clone(), runs(shown, filled, collapsed))
                })
                .collect(),
            seeds: self.plan.seeds,
            trimmed: shown.trimmed,
            higher: shown.higher,
        };
        if shown.is_time() {
            grid.cells.values_mut().for_each(Runs::all_as_the_least);
        }
        if let Some(method) = &shown.unit {
            let unit = grid.summary(method).map(|summary| summary.mean);
            for runs in grid.cells.values_mut() {
                match unit {
                    Some(unit) => runs.figures.values_mut().for_each(|figure| *figure /= unit),
                    None => runs.figures.clear(),
                }
            }
        }
        grid
    }

    fn table(&self, shown: &Shown) -> Vec<Vec<String>> {
        let experiment = &self.plan.experiment;
        let first = std::ptr::eq(shown, &experiment.tables[0]);
        let methods = self.methods();
        let mut rows = vec![vec!["data".to_owned(), "figures".to_owned()]];
        rows[0].extend(methods.iter().map(|method| title_of(method)));
        let mut last = None;
        for (row, protocol) in self.lines() {
            let of = &experiment.row[row];
            let paper = shown.paper.get(&of.name).or(first.then_some(&of.paper));
            if let Some(paper) = paper.filter(|paper| last != Some(row) && !paper.is_empty()) {
                let mut line = vec![of.name.clone(), "the paper".to_owned()];
                let paper = |method: &&String| match paper.get(*method) {
                    Some(figures) => printed(figures),
                    None => "-".into(),
                };
                line.extend(methods.iter().map(paper));
                rows.push(line);
            }
            last = Some(row);
            let grid = self.grid(shown, row, protocol);
            let mut line = vec![
                self.row_name(row),
                experiment.protocol[protocol].name.clone(),
            ];
            line.extend(methods.iter().map(|method| entry(&grid, shown, method)));
            rows.push(line);
        }
        rows.extend(self.mean_places(shown));
        rows
    }

    /// Where there are several rows of all methods: by protocol each method's mean place over those in which every
    /// run has ended; of how many, where it has no figures in some of these. Equal means share the mean of their
    /// places.
    fn mean_places(&self, shown: &Shown) -> Vec<Vec<String>> {
        let of_protocol = |protocol: usize| {
            let of_all = |row: usize| self.plan.experiment.row[row].methods.is_none();
            let lines = self.lines().into_iter();
            let lines = lines.filter(|(row, of)| *of == protocol && of_all(*row));
            let grids = lines.map(|(row, _)| self.grid(shown, row, protocol));
            let (complete, others): (Vec<Grid>, Vec<Grid>) = grids.partition(Grid::all_complete);
            let all = complete.len() + others.len();
            if all < 2 || complete.is_empty() {
                return None;
            }
            let mut line = vec![
                "mean place".to_owned(),
                format!(
                    "{}, {} of {all} rows",
                    self.plan.experiment.protocol[protocol].name,
                    complete.len()
                ),
            ];
            line.extend(self.methods().into_iter().map(|method| {
                let place = |grid: &Grid| Some(grid.mean_place(grid.mean(method)?));
                let places: Vec<f64> = complete.iter().filter_map(place).collect();
                let mean = places.iter().sum::<f64>() / places.len() as f64;
                match places.len() {
                    0 => "-".to_owned(),
                    all if all == complete.len() => format!("{mean:.2}"),
                    some => format!("{mean:.2} ({some} of them)"),
                }
            }));
            Some(line)
        };
        (0..self.plan.experiment.protocol.len())
            .filter_map(of_protocol)
            .collect()
    }

    /// The row's name; where it has fewer training images than the paper's, that of its set with both numbers:
    /// the least that a run had.
    pub(super) fn row_name(&self, row: usize) -> String {
        let of: &Row = &self.plan.experiment.row[row];
        let cells = self.cells.iter().filter(|filled| filled.cell.row == row);
        let runs = cells.flat_map(|filled| filled.runs.values());
        let used = runs.map(|ended| ended.samples.train).min();
        match (used, of.paper_samples) {
            (Some(used), Some(all)) if used < all => {
                format!("{}, {used} images (the paper: {all})", of.set_name())
            }
            _ => of.name.clone(),
        }
    }
}

/// What the measure of `shown` sees of a cell, in which runs have `collapsed` from so much training error on.
/// Where runs that were measured do not have it, those that diverged do not either: AE has no `elbo`.
fn runs(shown: &Shown, filled: &Filled, collapsed: Option<f64>) -> Runs {
    let (mut runs, mut lost) = (Runs::default(), Vec::new());
    let measured = |ended: &Ended, measure: &str| ended.measures.get(measure).copied();
    let has_collapsed = |ended: &Ended| {
        let error = measured(ended, "train_mse");
        error
            .zip(collapsed)
            .is_some_and(|(error, limit)| error >= limit)
    };
    // A share of the time of runs side by side says nothing about speed, where others were trained alone.
    let alone = filled.runs.values().any(|ended| ended.at_once == 1);
    let is_share = |ended: &Ended| shown.is_time() && alone && ended.at_once > 1;
    for (seed, ended) in &filled.runs {
        match ended.outcome {
            Outcome::Done if !shown.is_time() && has_collapsed(ended) => {
                runs.collapsed += 1;
                lost.push(*seed);
            }
            Outcome::Done => {
                runs.done += 1;
                let figure = measured(ended, &shown.measure).filter(|_| !is_share(ended));
                runs.figures.extend(figure.map(|figure| (*seed, figure)));
            }
            Outcome::Diverged(_) => {
                runs.diverged += 1;
                lost.push(*seed);
            }
            Outcome::Failed(_) => runs.failed += 1,
        }
    }
    if let Some(worst) = shown
        .worst()
        // A measure that no run has is not one of these runs.
        .filter(|_| runs.done == 0 || !runs.figures.is_empty())
    {
        runs.figures
            .extend(lost.into_iter().map(|seed| (seed, worst)));
    }
    runs
}

/// A cell of a table.
fn entry(grid: &Grid, shown: &Shown, method: &str) -> String {
    let Some(runs) = grid.cells.get(method) else {
        return "-".into();
    };
    let lost = [
        (runs.collapsed, "collapsed"),
        (runs.diverged, "diverged"),
        (runs.failed, "failed"),
    ];
    let lost = lost.into_iter().filter(|(count, _)| *count > 0);
    let mut notes: Vec<String> = lost.map(|(count, how)| format!("{count} {how}")).collect();
    let (Some(summary), Some(mean)) = (grid.summary(method), grid.mean(method)) else {
        return match (runs.done, notes.is_empty()) {
            (0, true) => "not run".into(),
            // It was run, but has no such figure.
            (_, true) => "-".into(),
            (_, false) => notes.join(", "),
        };
    };
    let so_many = shown.so_many(grid, method);
    let mut text = so_many.unwrap_or_else(|| shown.number(summary.mean));
    if let Some(deviation) = summary
        .deviation
        .filter(|_| !shown.is_time() && !shown.is_yes_or_no())
    {
        let spread = if shown.standard_error {
            deviation / (summary.count as f64).sqrt()
        } else {
            deviation
        };
        text += &format!(" ± {}", shown.number(spread));
    }
    text = match grid.award(mean).filter(|_| !shown.is_time()) {
        Some(1) => format!("**{text}**"),
        Some(2) => format!("**{text}** ²"),
        _ => text,
    };
    let missing = runs.ended() + runs.failed < grid.seeds;
    // Runs without such a figure, as of a model that has collapsed.
    let counting = runs.done + shown.worst().map_or(0, |_| runs.diverged + runs.collapsed);
    let undefined = !shown.is_time() && (runs.figures.len() as u64) < counting;
    if missing || undefined {
        let count = summary.count;
        notes.insert(
            0,
            format!("{count} {}", if count == 1 { "run" } else { "runs" }),
        );
    }
    if notes.is_empty() {
        text
    } else {
        format!("{text} ({})", notes.join(", "))
    }
}

/// Figures of the paper as it prints them.
fn printed(figures: &[f64]) -> String {
    figures
        .iter()
        .map(f64::to_string)
        .collect::<Vec<_>>()
        .join(" ± ")
}

#[cfg(test)]
mod tests {
    use super::super::plan::Cell;
    use super::*;

    static CELL: Cell = Cell {
        protocol: 0,
        row: 0,
        method: String::new(),
        tries: Vec::new(),
    };

    /// A cell with runs of seeds 1, 2, ...
    fn filled(runs: impl IntoIterator<Item = Ended>) -> Filled<'static> {
        Filled {
            cell: &CELL,
            choice: None,
            runs: (1..).zip(runs).collect(),
        }
    }

    fn shown(text: &str) -> Shown {
        toml::from_str(&format!("digits = 2\n{text}")).unwrap()
    }

    /// Runs with `figures` of `measure`, and then so many that diverged and failed.
    fn seen(shown: &Shown, figures: &[f64], [diverged, failed]: [usize; 2]) -> Runs {
        let measure = &*shown.measure;
        let done = figures
            .iter()
            .map(|figure| Ended::example(Outcome::Done, &[(measure, *figure)]));
        let lost = vec![Ended::example(Outcome::Diverged("x".into()), &[]); diverged];
        // What had been measured before it failed does not count.
        let bad = vec![Ended::example(Outcome::Failed("x".into()), &[(measure, 7.0)]); failed];
        runs(shown, &filled(done.chain(lost).chain(bad)), None)
    }

    fn line(shown: &Shown, seeds: u64, cells: [(&str, Runs); 2]) -> [String; 2] {
        let grid = Grid {
            cells: cells.map(|(method, runs)| (method.to_owned(), runs)).into(),
            seeds,
            trimmed: shown.trimmed,
            higher: shown.higher,
        };
        ["ae", "vae"].map(|method| entry(&grid, shown, method))
    }

    #[test]
    fn what_diverged_counts_as_the_worst() {
        // Eight circles of ten are closed, and nine of ten where one more run is not closed but measured.
        let closed = shown("measure = \"closed\"\nhigher = true");
        let mut figures = [1.0; 10];
        figures[9] = 0.0;
        let cells = [
            ("ae", seen(&closed, &figures[..8], [2, 0])),
            ("vae", seen(&closed, &figures, [0, 0])),
        ];
        assert_eq!(
            line(&closed, 10, cells),
            ["8 of 10 (2 diverged)", "9 of 10"]
        );
        // The mean that is shown is of finite errors, and still the last.
        let error = shown("measure = \"test_mse\"");
        let cells = [
            ("ae", seen(&error, &[1.0, 1.0], [1, 0])),
            ("vae", seen(&error, &[2.0, 2.0, 5.0], [0, 0])),
        ];
        assert_eq!(
            line(&error, 3, cells),
            ["1.00 ± 0.00 (1 diverged)", "3.00 ± 1.73"]
        );
        let cells = [
            ("ae", seen(&error, &[], [2, 1])),
            ("vae", seen(&error, &[2.0], [0, 1])),
        ];
        assert_eq!(
            line(&error, 3, cells),
            ["2 diverged, 1 failed", "2.00 (1 run, 1 failed)"]
        );
        // It has no time, and no figure that the method does not have.
        let seconds = shown("measure = \"train_seconds\"");
        assert_eq!(seen(&seconds, &[1.0], [1, 0]).figures.len(), 1);
        let without = Runs {
            done: 1,
            ..Runs::default()
        };
        let cells = [("ae", without), ("vae", seen(&error, &[2.0], [0, 0]))];
        assert_eq!(line(&error, 1, cells), ["-", "2.00"]);
        // A model that collapsed has no roughness, and keeps nothing else from counting.
        let rough = shown("measure = \"roughness\"");
        let collapsed = |mut runs: Runs| {
            runs.done += 1;
            runs
        };
        let cells = [
            ("ae", collapsed(seen(&rough, &[1.0], [1, 0]))),
            ("vae", collapsed(seen(&rough, &[2.0, 2.0], [0, 0]))),
        ];
        assert_eq!(
            line(&rough, 3, cells),
            ["1.00 (1 run, 1 diverged)", "2.00 ± 0.00 (2 runs)"]
        );
        let collapsed = Ended::example(Outcome::Done, &[]);
        let diverged = Ended::example(Outcome::Diverged("x".into()), &[]);
        let figured = Ended::example(Outcome::Done, &[("roughness", 1.0)]);
        let both = runs(&rough, &filled([collapsed.clone(), diverged.clone()]), None);
        assert_eq!(
            line(&rough, 2, [("ae", both), ("vae", Runs::default())])[0],
            "1 diverged"
        );
        assert_eq!(
            runs(&rough, &filled([figured, diverged]), None)
                .figures
                .len(),
            2
        );
    }

    #[test]
    fn a_run_that_diverged_is_the_worst_that_is_left_out() {
        let error = shown("measure = \"test_mse\"\ntrimmed = true");
        let cells = || {
            [
                ("ae", seen(&error, &[1.0, 2.0, 2.0], [1, 0])),
                ("vae", seen(&error, &[1.0, 3.0, 3.0, 4.0], [0, 0])),
            ]
        };
        assert_eq!(
            line(&error, 4, cells()),
            ["2.00 ± 0.00 (1 diverged)", "3.00 ± 0.00"]
        );
        // Of cells that lack runs none is left out.
        assert_eq!(line(&error, 10, cells())[1], "2.75 ± 1.26 (4 runs)");
    }

    #[test]
    fn a_run_that_collapsed_is_the_worst_and_counted() {
        let jumps = shown("measure = \"jumps\"");
        let run = |error: f64, jumps: f64| {
            Ended::example(Outcome::Done, &[("train_mse", error), ("jumps", jumps)])
        };
        let filled = filled([run(0.01, 3.0), run(0.5, 0.0)]);
        let other = seen(&jumps, &[5.0, 5.0], [0, 0]);
        let found = runs(&jumps, &filled, Some(0.02));
        assert_eq!(found.figures[&2], f64::INFINITY);
        let cells = [("ae", found), ("vae", other)];
        assert_eq!(
            line(&jumps, 2, cells),
            ["3.00 (1 collapsed)", "5.00 ± 0.00"]
        );
        assert_eq!(runs(&jumps, &filled, None).figures[&2], 0.0);
    }

    #[test]
    fn the_quickest_run_counts() {
        let seconds = shown("measure = \"train_seconds\"");
        let mut cell = seen(&seconds, &[9.0, 2.0, 3.0], [0, 0]);
        cell.all_as_the_least();
        let cells = [("ae", cell), ("vae", Runs::default())];
        assert_eq!(line(&seconds, 3, cells), ["2.00", "not run"]);
    }

    #[test]
    fn a_title_says_what_the_figures_are() {
        let text = "measure = \"epoch_seconds\"\nunit = \"ae\"";
        assert_eq!(
            shown(text).title(),
            "`epoch_seconds` as a multiple of AE in the same line, of the quickest run, since other work on a machine makes the others longer; less is better"
        );
        let error = shown("measure = \"test_mse\"\nstandard_error = true");
        let cells = [
            ("ae", seen(&error, &[1.0, 2.0, 3.0, 4.0], [0, 0])),
            ("vae", Runs::default()),
        ];
        assert_eq!(line(&error, 4, cells), ["2.50 ± 0.65", "not run"]);
    }
}
