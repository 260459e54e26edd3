//! What holds of what the paper says, in words.

use super::claims::Verdict;
use super::experiment::{Claim, Shown};
use super::grid::Grid;
use super::report::{Section, title_of};
use crate::eval::rank_correlation;

/// How a claim fares under a protocol: a case is a row, or a method where a claim compares two rows.
#[derive(Debug, Default)]
struct Tally {
    /// Cases in which every run that decides has ended, and how many of them it holds in.
    complete: (usize, usize),
    /// The same of cases that lack some runs.
    so_far: (usize, usize),
    /// Cases without a run of a method that it needs.
    open: usize,
}

impl Tally {
    fn count(&mut self, verdict: Option<&Verdict>) {
        let Some(verdict) = verdict else {
            self.open += 1;
            return;
        };
        let (cases, holds) = if verdict.complete {
            &mut self.complete
        } else {
            &mut self.so_far
        };
        *cases += 1;
        *holds += usize::from(verdict.holds);
    }

    /// What it comes to; `None` where it is about nothing.
    fn in_words(&self) -> Option<String> {
        let cases = |count: usize| format!("{count} {}", if count == 1 { "case" } else { "cases" });
        let (complete, so_far) = (self.complete, self.so_far);
        let mut parts = Vec::new();
        if complete.0 > 0 {
            parts.push(format!("holds in {} of {}", complete.1, cases(complete.0)));
        }
        if so_far.0 > 0 {
            parts.push(match complete.0 {
                0 => format!("so far holds in {} of {}", so_far.1, cases(so_far.0)),
                _ => format!("so far in {} of {} more", so_far.1, cases(so_far.0)),
            });
        }
        let have = if self.open == 1 { "has" } else { "have" };
        let open = format!("{} {have} no runs for it yet", cases(self.open));
        match (parts.is_empty(), self.open) {
            (true, 0) => None,
            (true, _) => Some(open),
            (false, 0) => Some(parts.join(", ")),
            (false, _) => Some(format!("{} ({open})", parts.join(", "))),
        }
    }
}

impl Section<'_> {
    /// The first table of `measure`; the first of all where none is given.
    pub(super) fn shown(&self, measure: Option<&String>) -> Option<&Shown> {
        let tables = &self.plan.experiment.tables;
        match measure {
            None => tables.first(),
            Some(name) => tables.iter().find(|shown| shown.measure == *name),
        }
    }

    /// The verdicts on `claim` by row and protocol, in the lines that it is about; `None` where a method
    /// has no figures.
    fn judged(&self, claim: &Claim, shown: &Shown) -> Vec<((usize, usize), Option<Verdict>)> {
        if let Some(rows) = &claim.rows {
            return self.judged_across(claim, shown, rows);
        }
        let grids = self
            .lines()
            .into_iter()
            .map(|line| (line, self.grid(shown, line.0, line.1)));
        grids
            .filter(|(_, grid)| claim.applies(grid))
            .map(|(line, grid)| (line, claim.judge(&grid)))
            .collect()
    }

    /// The verdicts on a `claim` that compares two `rows`, by method in the lines of the first.
    fn judged_across(
        &self,
        claim: &Claim,
        shown: &Shown,
        rows: &[String; 2],
    ) -> Vec<((usize, usize), Option<Verdict>)> {
        let all = &self.plan.experiment.row;
        let at = rows
            .each_ref()
            .map(|name| all.iter().position(|row| row.name == *name));
        let [Some(first), Some(second)] = at else {
            return Vec::new();
        };
        let lines = self.lines().into_iter().filter(|(row, _)| *row == first);
        let judge = |line: (usize, usize), method: &String| {
            // Each row takes the place of a method.
            let grids = [first, second].map(|row| self.grid(shown, row, line.1));
            let names = rows
                .each_ref()
                .map(|row| format!("{} with {row}", title_of(method)));
            let cells = names.iter().cloned().zip(&grids);
            let cells =
                cells.filter_map(|(name, grid)| Some((name, grid.cells.get(method)?.clone())));
            let grid = Grid {
                cells: cells.collect(),
                ..grids[0].clone()
            };
            let [one, other] = names;
            let claim = Claim {
                methods: vec![one],
                than: Some(other),
                ..claim.clone()
            };
            claim.applies(&grid).then(|| (line, claim.judge(&grid)))
        };
        let methods = |line| {
            claim
                .methods
                .iter()
                .filter_map(move |method| judge(line, method))
        };
        lines.flat_map(methods).collect()
    }

    /// Each claim in a line: by protocol, in how many cases it holds.
    pub(super) fn claims_in_short(&self) -> Vec<String> {
        let experiment = &self.plan.experiment;
        let short = |claim: &Claim| {
            let judged = self.judged(claim, self.shown(claim.measure.as_ref())?);
            let protocols = experiment.protocol.iter().enumerate();
            let told = protocols.filter_map(|(at, protocol)| {
                let mut tally = Tally::default();
                let here = judged.iter().filter(|((_, protocol), _)| *protocol == at);
                here.for_each(|(_, verdict)| tally.count(verdict.as_ref()));
                Some(format!("`{}` {}", protocol.name, tally.in_words()?))
            });
            let told = told.collect::<Vec<_>>();
            (!told.is_empty()).then(|| format!("{}: {}.", claim.text, told.join("; ")))
        };
        experiment.claim.iter().filter_map(short).collect()
    }

    /// Every claim in every line, and whether the order of the methods is the paper's.
    pub(super) fn verdicts(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for claim in &self.plan.experiment.claim {
            let Some(shown) = self.shown(claim.measure.as_ref()) else {
                continue;
            };
            for ((row, protocol), verdict) in self.judged(claim, shown) {
                let Some(verdict) = verdict else {
                    continue;
                };
                let holds = if verdict.holds {
                    "holds"
                } else {
                    "does not hold"
                };
                let so_far = if verdict.complete { "" } else { " so far" };
                lines.push(format!(
                    "{}: **{holds}{so_far}** ({}; `{}`: {}).",
                    claim.text,
                    self.line_name(row, protocol),
                    shown.measure,
                    verdict.figures(shown)
                ));
            }
        }
        let orders = self.lines().into_iter();
        lines.extend(orders.filter_map(|(row, protocol)| self.order(row, protocol)));
        lines
    }

    /// How far the methods are in the paper's order, where every run of them has ended.
    fn order(&self, row: usize, protocol: usize) -> Option<String> {
        let grid = self.grid(&self.plan.experiment.tables[0], row, protocol);
        if !grid.all_complete() {
            return None;
        }
        let paper = self.plan.experiment.row[row].paper.iter();
        let both = paper.filter_map(|(method, figures)| {
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
}

impl Verdict {
    /// The means that it was judged by, and of how many runs they are; with their places, where all methods
    /// have these runs.
    fn figures(&self, shown: &Shown) -> String {
        let (grid, claim) = (&self.grid, &self.claim);
        let runs = claim.own().next().and_then(|one| grid.cells.get(one));
        let runs = runs.map_or(0, |runs| runs.figures.len());
        let figure = |method: &String| {
            let mean = grid.mean(method)?;
            let place = match (grid.place(mean), grid.last_place(mean)) {
                _ if !claim.is_of_places() => String::new(),
                (first, last) if first == last => format!(" (place {first})"),
                (first, last) => format!(" (place {first} to {last})"),
            };
            let (title, mean) = (title_of(method), shown.number(mean));
            Some(format!("{title} {mean}{place}"))
        };
        let figures = claim
            .own()
            .filter_map(figure)
            .collect::<Vec<_>>()
            .join(", ");
        let each = if runs == 1 { "run" } else { "runs" };
        format!("{figures}, by {runs} {each} each")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_tells_complete_cases_from_others() {
        let tally = |complete, so_far, open| {
            let tally = Tally {
                complete,
                so_far,
                open,
            };
            tally.in_words()
        };
        assert_eq!(tally((0, 0), (0, 0), 0), None);
        let words = |complete, so_far, open| tally(complete, so_far, open).unwrap();
        assert_eq!(
            words((4, 3), (0, 0), 2),
            "holds in 3 of 4 cases (2 cases have no runs for it yet)"
        );
        assert_eq!(
            words((4, 3), (1, 1), 0),
            "holds in 3 of 4 cases, so far in 1 of 1 case more"
        );
        assert_eq!(words((0, 0), (2, 1), 0), "so far holds in 1 of 2 cases");
        assert_eq!(words((0, 0), (0, 0), 1), "1 case has no runs for it yet");
    }
}
