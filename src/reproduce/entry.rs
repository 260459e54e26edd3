//! One cell of a table: the figures of its runs, and what is said of those without.

use super::cache::{Ended, Outcome};
use super::experiment::Shown;
use super::grid::{Grid, Runs};
use super::report::Filled;

/// What the measure of `shown` sees of a cell, in which runs have `collapsed` from so much training error on.
/// Where runs that were measured do not have it, those that diverged do not either: AE has no `elbo`.
pub(super) fn runs(shown: &Shown, filled: &Filled, collapsed: Option<f64>) -> Runs {
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
pub(super) fn entry(grid: &Grid, shown: &Shown, method: &str) -> String {
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
    fn a_standard_error_is_less_than_a_deviation() {
        let error = shown("measure = \"test_mse\"\nstandard_error = true");
        let cells = [
            ("ae", seen(&error, &[1.0, 2.0, 3.0, 4.0], [0, 0])),
            ("vae", Runs::default()),
        ];
        assert_eq!(line(&error, 4, cells), ["2.50 ± 0.65", "not run"]);
    }

    #[test]
    fn a_share_of_time_does_not_count_where_others_were_trained_alone() {
        let seconds = shown("measure = \"train_seconds\"");
        let run = |at_once: usize, seconds: f64| Ended {
            at_once,
            ..Ended::example(Outcome::Done, &[("train_seconds", seconds)])
        };
        let least = |all: [Ended; 2]| {
            let mut cell = runs(&seconds, &filled(all), None);
            cell.all_as_the_least();
            line(&seconds, 2, [("ae", cell), ("vae", Runs::default())])[0].clone()
        };
        assert_eq!(least([run(1, 5.0), run(4, 2.0)]), "5.00");
        assert_eq!(least([run(4, 3.0), run(4, 2.0)]), "2.00");
        // Its errors count as any.
        let error = shown("measure = \"test_mse\"");
        let both = [1, 4].map(|at_once| Ended {
            at_once,
            ..Ended::example(Outcome::Done, &[("test_mse", 1.0)])
        });
        assert_eq!(runs(&error, &filled(both), None).figures.len(), 2);
    }
}
