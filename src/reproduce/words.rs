//! A section of a report in words: what was not run, what the scale changes, which differences are more
//! than chance, what searches have chosen.

use super::cache::Outcome;
use super::experiment::{Shown, name_of};
use super::report::{Section, title_of};
use super::statistics::signed_rank_test;
use crate::train::flatten;
use std::collections::{BTreeMap, BTreeSet};

impl Section<'_> {
    /// Why cells have no figures, those of the same reason and line together.
    pub(super) fn not_run(&self) -> Vec<String> {
        let experiment = &self.plan.experiment;
        let mut methods: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        let mut add = |reason: String, line: String, method: &str| {
            let methods = methods.entry((reason, line)).or_default();
            methods.push(title_of(method));
        };
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
                (None, None) if !filled.runs.is_empty() => continue,
                (None, None) if self.made.late.contains(&place) => "no time was left for it".into(),
                (None, None) => "not run yet".into(),
            };
            add(
                reason,
                self.line_name(cell.row, cell.protocol),
                &cell.method,
            );
        }
        let kept: BTreeSet<usize> = self.cells.iter().map(|filled| filled.cell.row).collect();
        for row in kept {
            for (method, reason) in &experiment.row[row].without {
                add(reason.clone(), self.row_name(row), method);
            }
        }
        let methods = methods.into_iter();
        methods
            .map(|((reason, line), methods)| format!("{line}, {}: {reason}", methods.join(", ")))
            .collect()
    }

    /// Row and protocol.
    pub(super) fn line_name(&self, row: usize, protocol: usize) -> String {
        format!(
            "{}, `{}`",
            self.row_name(row),
            self.plan.experiment.protocol[protocol].name
        )
    }

    /// What the scale changes of the settings that the experiment has, whose texts are of its full size.
    pub(super) fn scale_in_words(&self) -> Option<String> {
        let (experiment, scale) = (&self.plan.experiment, name_of(self.plan.scale));
        let amount = experiment.amount(self.plan.scale).ok()?;
        let mut parts = Vec::new();
        if !amount.settings.is_empty() {
            parts.push(listing(&amount.settings));
        }
        parts.extend(by_text(&amount.row, listing, "for"));
        for (method, settings) in &amount.method {
            parts.push(format!("{} for {}", listing(settings), title_of(method)));
        }
        let counts =
            |[train, validation, test]: [usize; 3]| format!("{train}, {validation} and {test}");
        if let Some(samples) = amount.samples {
            let samples = counts(samples);
            parts.push(format!(
                "at most {samples} training, validation and test samples"
            ));
        }
        parts.extend(by_text(
            &amount.samples_of,
            |&samples| counts(samples),
            "of",
        ));
        if amount.tries == Some(0) {
            parts.push("no search".into());
        }
        (!parts.is_empty()).then(|| {
            format!(
                "Scale `{scale}` sets, over all that is said here: {}.",
                parts.join("; ")
            )
        })
    }

    /// Wilcoxon's test of every NRAE against every other method, where there are enough runs: of every table
    /// that is not of times.
    pub(super) fn tests(&self) -> Vec<String> {
        let tables = self.plan.experiment.tables.iter();
        let mut lines: Vec<String> = tables
            .filter(|shown| !shown.is_time())
            .flat_map(|shown| self.tests_of(shown))
            .collect();
        if !lines.is_empty() {
            lines.insert(
                0,
                "Each p-value is of a single comparison, and not corrected for their number."
                    .into(),
            );
        }
        lines
    }

    fn tests_of(&self, shown: &Shown) -> Vec<String> {
        let mut lines = Vec::new();
        for (row, protocol) in self.lines() {
            let grid = self.grid(shown, row, protocol);
            for one in self.methods().into_iter().filter(|method| is_ours(method)) {
                let others = self.methods().into_iter().filter(|method| !is_ours(method));
                let tests: Vec<String> = others
                    .filter_map(|other| {
                        let tested = tested(&grid.pairs(one, other), shown.higher)?;
                        Some(format!("{} {tested}", title_of(other)))
                    })
                    .collect();
                if !tests.is_empty() {
                    lines.push(format!(
                        "{}: by `{}`, {} is better in so many runs of the same seed than {}.",
                        self.line_name(row, protocol),
                        shown.measure,
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
            if let Some(choice) = filled.choice.filter(|_| !filled.runs.is_empty()) {
                let text = listing(&filled.cell.tries[choice]);
                lines
                    .entry((filled.cell.row, filled.cell.protocol))
                    .or_default()
                    .push(format!("{} {text}", title_of(&filled.cell.method)));
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

/// How many of `pairs` are better on the left, and the p-value of that; `None` where there are too few.
fn tested(pairs: &[(f64, f64)], higher: bool) -> Option<String> {
    let p = signed_rank_test(pairs)?;
    let count =
        |counts: &dyn Fn(f64, f64) -> bool| pairs.iter().filter(|(a, b)| counts(*a, *b)).count();
    let better = count(&|a, b| if higher { a > b } else { a < b });
    let equal = match count(&|a, b| a == b) {
        0 => String::new(),
        equal => format!(", {equal} equal"),
    };
    Some(format!("{better} of {}{equal} (p {p:.3})", pairs.len()))
}

/// What `text` says of every row, rows of which it says the same together: `1, 2 and 3 of A, B`.
fn by_text<T>(rows: &BTreeMap<String, T>, text: impl Fn(&T) -> String, of: &str) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (row, said) in rows {
        groups.entry(text(said)).or_default().push(row);
    }
    let groups = groups.into_iter();
    groups
        .map(|(text, rows)| format!("{text} {of} {}", rows.join(", ")))
        .collect()
}

/// Settings in words: `` `net.latent = 1, train.lr = 0.1` ``.
fn listing(settings: &toml::Table) -> String {
    let mut flat = BTreeMap::new();
    flatten("", settings, &mut flat);
    let items = flat.iter().map(|(key, value)| format!("{key} = {value}"));
    format!("`{}`", items.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_which_the_same_is_said_are_together() {
        let rows = [("a", 1), ("b", 2), ("c", 1)].map(|(row, said)| (row.to_owned(), said));
        let told = by_text(&rows.into(), |said| format!("{said}"), "of");
        assert_eq!(told, ["1 of a, c", "2 of b"]);
    }

    #[test]
    fn a_test_tells_equal_pairs() {
        let mut pairs: Vec<(f64, f64)> = (1..=5).map(|d| (0.0, f64::from(d))).collect();
        assert_eq!(tested(&pairs, false).unwrap(), "5 of 5 (p 0.062)");
        pairs.extend([(f64::INFINITY, f64::INFINITY), (1.0, 1.0)]);
        assert_eq!(tested(&pairs, false).unwrap(), "5 of 7, 2 equal (p 0.062)");
        assert_eq!(tested(&pairs, true).unwrap(), "0 of 7, 2 equal (p 0.062)");
        assert_eq!(tested(&pairs[1..], true), None);
    }
}
