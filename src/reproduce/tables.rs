//! The tables of a section: our figures beside the paper's.

use super::entry::{entry, runs};
use super::experiment::{Row, Shown};
use super::grid::{Grid, Runs};
use super::report::{Filled, Section, title_of};
use std::collections::BTreeSet;

impl Shown {
    /// What a run that diverged or collapsed counts as: the worst that there is. It has no times.
    pub(super) fn worst(&self) -> Option<f64> {
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
    pub(super) fn is_yes_or_no(&self) -> bool {
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
    use super::*;

    #[test]
    fn a_title_says_what_the_figures_are() {
        let text = "measure = \"epoch_seconds\"\nunit = \"ae\"";
        let shown: Shown = toml::from_str(&format!("digits = 2\n{text}")).unwrap();
        assert_eq!(
            shown.title(),
            "`epoch_seconds` as a multiple of AE in the same line, of the quickest run, since other work on a machine makes the others longer; less is better"
        );
    }
}
