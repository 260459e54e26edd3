//! A column of a table, and what it seems to hold: features, labels, years, or what tells rows apart.

use crate::data::sample_labels::SampleLabels;

/// A column.
#[derive(Debug)]
pub(in crate::data) struct Column {
    /// Its name; empty where it has none.
    pub(super) name: String,
    pub(super) cells: Cells,
}

/// What a column holds.
#[derive(Debug)]
pub(super) enum Cells {
    /// NaN where one is missing.
    Numbers(Vec<f64>),
    /// Empty where one is missing.
    Text(Vec<String>),
}

/// Names of columns that count the rows.
const COUNTERS: [&str; 7] = [
    "",
    "id",
    "index",
    "row",
    "rownames",
    "row_number",
    "unnamed: 0",
];

impl Column {
    pub(super) fn len(&self) -> usize {
        match &self.cells {
            Cells::Numbers(values) => values.len(),
            Cells::Text(values) => values.len(),
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.cells, Cells::Text(_))
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        match &self.cells {
            Cells::Numbers(values) => values.iter().all(|value| value.is_nan()),
            Cells::Text(values) => values.iter().all(String::is_empty),
        }
    }

    /// Whether it tells the rows apart and nothing else: it counts them, by its name and its numbers or
    /// as the one without a name, or has a whole number for each that is called an identifier.
    pub(super) fn counts_rows(&self, at: usize, named: bool) -> bool {
        let name = self.name.to_lowercase();
        if at == 0 && named && name.is_empty() {
            return true;
        }
        let Cells::Numbers(values) = &self.cells else {
            return false;
        };
        let counts = || values.windows(2).all(|w| w[1] == w[0] + 1.0);
        let differ = || {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            values.iter().all(|value| value.fract() == 0.0)
                && sorted.windows(2).all(|w| w[0] < w[1])
        };
        named && (COUNTERS.contains(&name.as_str()) && counts() || self.is_identifier() && differ())
    }

    /// Whether its name is that of an identifier: `id`, `PID`, `customer_id`, `PassengerId`, but not
    /// `fluid`.
    fn is_identifier(&self) -> bool {
        let Some(before) = self.name.len().checked_sub(2) else {
            return false;
        };
        let Some((before, end)) = self.name.split_at_checked(before) else {
            return false;
        };
        match end {
            "id" => ["", "p", "u"].contains(&before) || before.ends_with(['_', '-', '.', ' ']),
            "Id" => !before.ends_with(char::is_uppercase),
            "ID" => before.len() <= 1 || !before.ends_with(char::is_uppercase),
            _ => false,
        }
    }

    /// Whether it holds years, by its name and its numbers.
    pub(super) fn has_years(&self) -> bool {
        let Cells::Numbers(values) = &self.cells else {
            return false;
        };
        let year = |value: &f64| {
            value.is_nan() || (value.fract() == 0.0 && (1000.0..3000.0).contains(value))
        };
        self.name.eq_ignore_ascii_case("year") && values.iter().all(year)
    }

    /// Whether several rows have the same number in it.
    pub(super) fn is_constant(&self) -> bool {
        match &self.cells {
            Cells::Numbers(values) => values.len() > 1 && values.iter().all(|v| *v == values[0]),
            Cells::Text(_) => false,
        }
    }

    /// The first text in it, cut to a few characters.
    pub(super) fn example(&self) -> Option<String> {
        match &self.cells {
            Cells::Text(values) => {
                let first = values.iter().find(|text| !text.is_empty())?;
                Some(first.chars().take(24).collect())
            }
            Cells::Numbers(_) => None,
        }
    }

    /// Different texts.
    pub(super) fn distinct(&self) -> usize {
        match &self.cells {
            Cells::Text(values) => values
                .iter()
                .collect::<std::collections::HashSet<_>>()
                .len(),
            Cells::Numbers(_) => 0,
        }
    }

    pub(super) fn shown(&self, at: usize) -> String {
        if self.name.is_empty() {
            format!("{at} (which has no name)")
        } else {
            format!("`{}`", self.name)
        }
    }

    /// What it says of the rows that are kept.
    pub(super) fn labels(&self, kept: &[usize]) -> SampleLabels {
        match &self.cells {
            Cells::Numbers(values) if values.iter().all(|value| value.is_finite()) => {
                SampleLabels::of_numbers(kept.iter().map(|&row| values[row]).collect())
            }
            Cells::Numbers(values) => {
                SampleLabels::Names(kept.iter().map(|&row| values[row].to_string()).collect())
            }
            Cells::Text(values) => {
                SampleLabels::Names(kept.iter().map(|&row| values[row].clone()).collect())
            }
        }
    }
}
