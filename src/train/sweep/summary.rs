//! What the seeds of each choice of a sweep gave, in order and as a table.

use super::{Choice, Trial, describe};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the seeds of one choice gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChoiceSummary {
    /// What was tried.
    pub choice: Choice,
    /// Runs, those that diverged included.
    pub runs: usize,
    /// Runs that diverged.
    pub diverged: usize,
    /// Mean and standard deviation of the validation error; of a single run, no deviation (NaN).
    pub validation_mse: [f64; 2],
    /// Mean and standard deviation of the test error, where there are test data.
    pub test_mse: Option<[f64; 2]>,
}

/// The choices in the order of their mean validation error; one with a run that diverged comes
/// after all without.
pub(super) fn summarise(trials: &[Trial]) -> Vec<ChoiceSummary> {
    let mut groups: BTreeMap<&Choice, Vec<&Trial>> = BTreeMap::new();
    trials
        .iter()
        .for_each(|trial| groups.entry(&trial.choice).or_default().push(trial));
    let mut summaries: Vec<ChoiceSummary> = groups
        .into_iter()
        .map(|(choice, trials)| {
            let values = |of: fn(&Trial) -> Option<f64>| {
                trials
                    .iter()
                    .filter_map(|trial| of(trial))
                    .collect::<Vec<_>>()
            };
            let (validation, test) = (values(|t| t.validation_mse), values(|t| t.test_mse));
            ChoiceSummary {
                choice: choice.clone(),
                runs: trials.len(),
                diverged: trials.len() - validation.len(),
                validation_mse: mean_and_deviation(&validation),
                test_mse: (!test.is_empty()).then(|| mean_and_deviation(&test)),
            }
        })
        .collect();
    summaries.sort_by(|a, b| {
        (a.diverged > 0)
            .cmp(&(b.diverged > 0))
            .then(a.validation_mse[0].total_cmp(&b.validation_mse[0]))
    });
    summaries
}

/// The summaries as a table in Markdown.
pub fn table(summaries: &[ChoiceSummary]) -> String {
    let mut text =
        "| settings | validation MSE | test MSE | runs |\n|---|---|---|---|\n".to_owned();
    for summary in summaries {
        let figure = |[mean, deviation]: [f64; 2]| {
            if deviation.is_nan() {
                format!("{mean:.6}")
            } else {
                format!("{mean:.6} ± {deviation:.6}")
            }
        };
        let diverged = if summary.diverged > 0 {
            format!(", {} diverged", summary.diverged)
        } else {
            String::new()
        };
        text += &format!(
            "| {} | {} | {} | {}{diverged} |\n",
            describe(&summary.choice),
            figure(summary.validation_mse),
            summary.test_mse.map_or("-".into(), figure),
            summary.runs
        );
    }
    text
}

pub(crate) fn mean_and_deviation(values: &[f64]) -> [f64; 2] {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    // Of one value this is 0 / 0.
    [mean, (squares.sum::<f64>() / (count - 1.0)).sqrt()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_mean_comes_first_and_divergence_last() {
        let trial = |k: &str, seed, validation_mse| Trial {
            choice: Choice::from([("k".to_owned(), k.to_owned())]),
            seed,
            validation_mse,
            test_mse: Some(1.0),
            train_mse: None,
            seconds: 0.0,
        };
        let trials = [
            trial("a", 1, Some(2.0)),
            trial("a", 2, Some(4.0)),
            trial("b", 1, Some(0.1)),
            trial("b", 2, None),
            trial("c", 1, Some(2.5)),
        ];
        let summaries = summarise(&trials);
        assert_eq!(
            summaries
                .iter()
                .map(|s| s.choice["k"].as_str())
                .collect::<Vec<_>>(),
            ["c", "a", "b"]
        );
        assert_eq!(summaries[1].validation_mse, [3.0, 2.0_f64.sqrt()]);
        assert_eq!((summaries[2].runs, summaries[2].diverged), (2, 1));
        // One run has no deviation.
        let table = table(&summaries);
        assert!(
            table.contains("| k=c | 2.500000 | 1.000000 | 1 |"),
            "{table}"
        );
        assert!(table.contains("| k=a | 3.000000 ± 1.414214 |"), "{table}");
    }
}
