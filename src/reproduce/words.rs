//! A section of a report in words: what was not run, what holds, which differences are more than
//! chance, what searches have chosen.

use super::cache::Outcome;
use super::claims::Verdict;
use super::experiment::Shown;
use super::report::{Section, title_of};
use super::statistics::signed_rank_test;
use crate::eval::rank_correlation;
use std::collections::{BTreeMap, BTreeSet};

impl Section<'_> {
    /// Why cells have no figures, those of the same reason together.
    pub(super) fn not_run(&self) -> Vec<String> {
        let experiment = &self.plan.experiment;
        let mut reasons: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for filled in &self.cells {
            let cell = filled.cell;
            let place = self.plan.place(cell);
            let failed = filled.runs.values().find_map(|ended| match &ended.outcome {
                Outcome::Done => None,
                Outcome::Diverged(why) | Outcome::Failed(why) => Some(why.clone()),
            });
            let reason = match (self.made.reasons.get(&place), failed) {
                (Some(reason), _) => reason.clone(),
                (None, Some(why)) => why,
                (None, None) if filled.runs.is_empty() => "no time was left for it".into(),
                (None, None) => continue,
            };
            let row = &experiment.row[cell.row].name;
            reasons.entry(reason).or_default().insert(format!(
                "{row}, {} ({})",
                title_of(&cell.method),
                experiment.protocol[cell.protocol].name
            ));
        }
        for row in &experiment.row {
            for (method, reason) in &row.without {
                reasons.entry(reason.clone()).or_default().insert(format!(
                    "{}, {}",
                    row.name,
                    title_of(method)
                ));
            }
        }
        reasons
            .into_iter()
            .map(|(reason, cells)| {
                format!(
                    "{}: {reason}",
                    cells.into_iter().collect::<Vec<_>>().join("; ")
                )
            })
            .collect()
    }

    fn shown(&self, measure: Option<&String>) -> Option<&Shown> {
        let tables = &self.plan.experiment.tables;
        match measure {
            None => tables.first(),
            Some(name) => tables.iter().find(|shown| shown.measure == *name),
        }
    }

    /// Every claim in every line, and whether the order of the methods is the paper's.
    pub(super) fn verdicts(&self) -> Vec<String> {
        let experiment = &self.plan.experiment;
        let mut lines = Vec::new();
        for claim in &experiment.claim {
            let Some(shown) = self.shown(claim.measure.as_ref()) else {
                continue;
            };
            for (row, protocol) in self.lines() {
                let grid = self.grid(shown, protocol, row);
                let verdict = match claim.judge(&grid) {
                    Verdict::Holds => "holds",
                    Verdict::Fails => "does not hold",
                    Verdict::Open => continue,
                };
                let about = || claim.methods.iter().chain(&claim.than);
                let runs = |method: &String| grid.values.get(method).map_or(0, BTreeMap::len);
                let all = about().all(|method| runs(method) as u64 == self.plan.seeds);
                let so_far = if all { "" } else { " so far" };
                let figures = about().filter_map(|method| {
                    let mean = grid.mean(method)?;
                    Some(format!(
                        "{} {:.*} (place {})",
                        title_of(method),
                        shown.digits,
                        mean * shown.factor,
                        grid.place(mean)
                    ))
                });
                let figures = figures.collect::<Vec<_>>().join(", ");
                let place = self.line_name(row, protocol);
                lines.push(format!(
                    "{}: **{verdict}{so_far}** ({place}; `{}`: {figures}).",
                    claim.text, shown.measure
                ));
            }
        }
        lines.extend(
            self.lines()
                .into_iter()
                .filter_map(|(row, protocol)| self.order(row, protocol)),
        );
        lines
    }

    /// Row and protocol.
    pub(super) fn line_name(&self, row: usize, protocol: usize) -> String {
        let experiment = &self.plan.experiment;
        format!(
            "{}, `{}`",
            experiment.row[row].name, experiment.protocol[protocol].name
        )
    }

    /// How far the methods are in the paper's order.
    fn order(&self, row: usize, protocol: usize) -> Option<String> {
        let grid = self.grid(&self.plan.experiment.tables[0], protocol, row);
        let both = self.plan.experiment.row[row]
            .paper
            .iter()
            .filter_map(|(method, figures)| {
                Some((*figures.first()? as f32, grid.mean(method)? as f32))
            });
        let (paper, ours): (Vec<f32>, Vec<f32>) = both.unzip();
        if paper.len() < 4 {
            return None;
        }
        let correlation = rank_correlation(&paper, &ours)?;
        Some(format!(
            "Spearman's correlation of the paper's order of {} methods and ours: {correlation:.2} ({}).",
            paper.len(),
            self.line_name(row, protocol)
        ))
    }

    /// Wilcoxon's test of every NRAE against every other method, where there are enough runs.
    pub(super) fn tests(&self) -> Vec<String> {
        let shown = &self.plan.experiment.tables[0];
        let mut lines = Vec::new();
        for (row, protocol) in self.lines() {
            let grid = self.grid(shown, protocol, row);
            for one in self.methods().into_iter().filter(|method| is_ours(method)) {
                let others = self.methods().into_iter().filter(|method| !is_ours(method));
                let tests = others.filter_map(|other| {
                    let pairs = grid.pairs(one, other);
                    let p = signed_rank_test(&pairs)?;
                    let better = pairs
                        .iter()
                        .filter(|(a, b)| if shown.higher { a > b } else { a < b })
                        .count();
                    Some(format!(
                        "{} {better} of {} (p {p:.3})",
                        title_of(other),
                        pairs.len()
                    ))
                });
                let tests = tests.collect::<Vec<_>>();
                if !tests.is_empty() {
                    lines.push(format!(
                        "{}: {} is better in so many runs of the same seed than {}.",
                        self.line_name(row, protocol),
                        title_of(one),
                        tests.join(", ")
                    ));
                }
            }
        }
        lines
    }

    /// What searches have chosen.
    pub(super) fn chosen(&self) -> Vec<String> {
        let mut lines: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
        for filled in &self.cells {
            if let Some(choice) = filled.choice {
                let text = filled.cell.tries[choice].to_string();
                let text = text
                    .trim()
                    .replace('\n', ", ")
                    .replace("[", "")
                    .replace("], ", ".");
                lines
                    .entry((filled.cell.row, filled.cell.protocol))
                    .or_default()
                    .push(format!("{} `{text}`", title_of(&filled.cell.method)));
            }
        }
        lines
            .into_iter()
            .map(|((row, protocol), chosen)| {
                format!("{}: {}.", self.line_name(row, protocol), chosen.join(", "))
            })
            .collect()
    }
}

fn is_ours(method: &str) -> bool {
    method.starts_with("nr") || method.starts_with("e-nr")
}
