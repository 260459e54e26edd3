//! Tables of named columns, as text files hold them: which columns are features, which one holds
//! labels, and what becomes of missing values.

use super::column::{Cells, Column};
use super::source::Source;
use crate::data::array::{Array, Values};
use crate::data::reading::{Missing, TableOptions};
use crate::data::sample_labels::SampleLabels;
use crate::error::Result;

/// Samples from a table.
#[derive(Debug)]
pub(in crate::data) struct Table {
    /// [samples, features].
    pub(in crate::data) array: Array,
    /// One a sample.
    pub(in crate::data) labels: Option<SampleLabels>,
    /// Names of the features; empty where they have none.
    pub(in crate::data) columns: Vec<String>,
    /// Means of the features.
    pub(in crate::data) means: Vec<f64>,
}

/// Names of columns of labels, in small letters.
const LABELS: [&str; 12] = [
    "label",
    "labels",
    "class",
    "classes",
    "target",
    "targets",
    "species",
    "category",
    "variety",
    "diagnosis",
    "cell_type",
    "celltype",
];
/// Features of a table that is wide: its columns are not told one by one.
const MOST_NAMED: usize = 100;
/// The samples that `options` want of `columns`, all of one length; what is left out by itself is
/// said.
///
/// # Errors
/// When there is no such column, a feature is text, or values are missing and nothing says what to
/// do about it.
pub(super) fn samples(
    source: &Source,
    columns: &[Column],
    options: &TableOptions,
) -> Result<Table> {
    let (features, label) = choose(source, columns, options)?;
    if let Some(&text) = features.iter().find(|&&at| columns[at].is_text()) {
        return Err(source.error(format!(
            "has text in the column {}: name it as --label-column, or leave it out by --columns",
            columns[text].shown(text)
        )));
    }
    if features.is_empty() {
        return Err(source.error("has no column of numbers to take as features".into()));
    }
    let (values, kept) = rows(source, columns, &features, options)?;
    let mean = |feature: usize| {
        let column = values.iter().skip(feature).step_by(features.len());
        column.sum::<f64>() / kept.len() as f64
    };
    let means = (0..features.len()).map(mean).collect();
    let array = Array {
        shape: vec![kept.len(), features.len()],
        values: Values::Doubles(values.into()),
    };
    let labels = label.map(|at| columns[at].labels(&kept));
    let mut names: Vec<String> = features
        .iter()
        .map(|&at| columns[at].name.clone())
        .collect();
    if names.iter().all(String::is_empty) {
        names.clear();
    }
    Ok(Table {
        array,
        labels,
        columns: names,
        means,
    })
}

/// The column of labels, or the only one that is left.
///
/// # Errors
/// When none is chosen.
pub(super) fn labels(source: &Source, columns: &[Column]) -> Result<SampleLabels> {
    let (features, label) = choose(source, columns, &TableOptions::default())?;
    let only = || match features[..] {
        [only] => Some(only),
        _ => None,
    };
    let at = label.or_else(only).ok_or_else(|| {
        let names: Vec<String> = (0..columns.len()).map(|at| columns[at].shown(at)).collect();
        source.error(format!(
            "has the columns {}: choose that of the labels as FILE:COLUMN",
            names.join(", ")
        ))
    })?;
    Ok(columns[at].labels(&(0..columns[at].len()).collect::<Vec<_>>()))
}

/// The places of the features, and of the labels.
///
/// # Errors
/// When there is no such column.
fn choose(
    source: &Source,
    columns: &[Column],
    options: &TableOptions,
) -> Result<(Vec<usize>, Option<usize>)> {
    let named = columns.iter().any(|column| !column.name.is_empty());
    let place = |wanted: &str| {
        let by_name = columns.iter().position(|column| column.name == wanted);
        let by_place = || wanted.parse().ok().filter(|&at: &usize| at < columns.len());
        by_name.or_else(by_place).ok_or_else(|| {
            let names: Vec<&str> = columns
                .iter()
                .take(20)
                .map(|column| &*column.name)
                .collect();
            source.error(format!(
                "has no column `{wanted}`: it has {} of them, counted from 0{}",
                columns.len(),
                if named {
                    format!(": {}", names.join(", "))
                } else {
                    String::new()
                }
            ))
        })
    };
    let given = |name: &Option<String>| name.as_deref().map(place).transpose();
    let (mut label, id) = (given(&options.label_column)?, given(&options.id_column)?);
    let part = || Some(source.part()?.split(',').map(str::to_owned).collect());
    let features = match options.columns.clone().or_else(part) {
        Some(names) => names
            .iter()
            .map(|name| place(name.trim()))
            .collect::<Result<_>>()?,
        None => {
            let left = (0..columns.len()).filter(|at| Some(*at) != label && Some(*at) != id);
            let by_themselves =
                left_by_themselves(source, columns, left.collect(), &mut label, named);
            match trained_on(columns, options) {
                Some(features) => {
                    label = label.filter(|at| !features.contains(at));
                    features
                }
                None => by_themselves,
            }
        }
    };
    Ok((features, label))
}

/// The columns with the names of the features that a model was trained on, where all of them are here.
fn trained_on(columns: &[Column], options: &TableOptions) -> Option<Vec<usize>> {
    let names = &options.trained.as_ref()?.names;
    let place = |name: &String| columns.iter().position(|column| column.name == *name);
    let features: Vec<usize> = names.iter().map(place).collect::<Option<_>>()?;
    (!features.is_empty()).then_some(features)
}

/// The features among the columns `left` that nobody has named: not those that count the rows, hold
/// labels, text, or nothing. `label` becomes the column of labels.
fn left_by_themselves(
    source: &Source,
    columns: &[Column],
    left: Vec<usize>,
    label: &mut Option<usize>,
    named: bool,
) -> Vec<usize> {
    let (mut features, mut text) = (Vec::new(), Vec::new());
    let alone = left.len() == 1;
    for at in left {
        let column = &columns[at];
        if alone {
            features.push(at);
        } else if column.is_empty() {
            source.note_columns(&format!(
                "has nothing in the column {}, which is left out",
                column.shown(at)
            ));
        } else if column.counts_rows(at, named) {
            source.note_columns(&format!(
                "has an index in the column {}, which is left out; --columns takes it",
                column.shown(at)
            ));
        } else if label.is_none() && LABELS.contains(&column.name.to_lowercase().as_str()) {
            source.note_columns(&format!(
                "has labels in the column {}; --columns or --label-column say otherwise",
                column.shown(at)
            ));
            *label = Some(at);
        } else if column.is_text() {
            text.push(at);
        } else {
            features.push(at);
        }
    }
    // Names of classes come again and again, names of samples do not.
    let classes = |at: &usize| {
        let (distinct, rows) = (columns[*at].distinct(), columns[*at].len());
        distinct > 1 && (distinct <= 20 || distinct <= rows / 5) && distinct < rows
    };
    // Few classes have a colour each, many, such as countries, a shade that nobody can tell.
    let few = |at: &usize| classes(at) && columns[*at].distinct() <= 20;
    let first = text
        .iter()
        .position(few)
        .or_else(|| text.iter().position(classes));
    if label.is_none()
        && let Some(first) = first
    {
        let at = text.remove(first);
        source.note_columns(&format!(
            "has text in the column {}, which is taken as labels; --label-column names another",
            columns[at].shown(at)
        ));
        *label = Some(at);
    }
    if !text.is_empty() {
        let shown = |&at: &usize| match columns[at].example() {
            Some(example) => format!("{} (such as `{example}`)", columns[at].shown(at)),
            None => columns[at].shown(at),
        };
        let names: Vec<String> = text.iter().map(shown).collect();
        source.note_columns(&format!(
            "has text in {}, left out; --label-column takes one as labels",
            names.join(", ")
        ));
    }
    without_years(source, columns, features)
}

/// `features` without years, which say when and not what, as dates in words do; where two others
/// are left. Columns of one value alone are said.
fn without_years(source: &Source, columns: &[Column], mut features: Vec<usize>) -> Vec<usize> {
    let others = features
        .iter()
        .filter(|&&at| !columns[at].has_years())
        .count();
    if others >= 2 {
        features.retain(|&at| {
            let years = columns[at].has_years();
            if years {
                source.note_columns(&format!(
                    "has years in the column {}, which is left out; --columns takes it",
                    columns[at].shown(at)
                ));
            }
            !years
        });
    }
    let constant = features.iter().filter(|&&at| columns[at].is_constant());
    let constant: Vec<String> = constant.map(|&at| columns[at].shown(at)).collect();
    if !constant.is_empty() && features.len() <= MOST_NAMED {
        source.note_columns(&format!(
            "has one value alone in {}, which tells nothing of a sample; --columns leaves it out",
            constant.join(", ")
        ));
    }
    features
}

/// The values [kept, features], and the rows that are kept: all but those that `missing` drops.
///
/// # Errors
/// When nothing is left, or a column of features is empty.
fn rows(
    source: &Source,
    columns: &[Column],
    features: &[usize],
    options: &TableOptions,
) -> Result<(Vec<f64>, Vec<usize>)> {
    let cells: Vec<&[f64]> = features
        .iter()
        .map(|&at| match &columns[at].cells {
            Cells::Numbers(values) => values.as_slice(),
            Cells::Text(_) => unreachable!("features are numbers"),
        })
        .collect();
    let count = columns[features[0]].len();
    let holes: Vec<usize> = cells
        .iter()
        .map(|values| values.iter().filter(|value| value.is_nan()).count())
        .collect();
    if holes.iter().all(|&holes| holes == 0) {
        let values = (0..count).flat_map(|row| cells.iter().map(move |values| values[row]));
        return Ok((values.collect(), (0..count).collect()));
    }
    let whole: Vec<usize> = (0..count)
        .filter(|&row| cells.iter().all(|values| !values[row].is_nan()))
        .collect();
    let (bad, most) = (
        count - whole.len(),
        (0..holes.len()).max_by_key(|&at| holes[at]),
    );
    let most = most.expect("there are features");
    let told = format!(
        "has no value somewhere in {bad} of {count} rows, most often in the column {} ({} times)",
        columns[features[most]].shown(features[most]),
        holes[most]
    );
    match options.missing {
        Some(Missing::Refuse) => Err(source.error(format!("{told}: fill them in"))),
        Some(Missing::Drop) if whole.is_empty() => Err(source.error(format!(
            "{told}, so no row is left: leave that column out by --columns, or choose --missing mean"
        ))),
        Some(Missing::Drop) => {
            source.note(&format!("{told}: {bad} rows left out"));
            let values = whole.iter().flat_map(|&row| cells.iter().map(move |values| values[row]));
            Ok((values.collect(), whole))
        }
        None | Some(Missing::Mean) => {
            let trained = options.trained.as_ref().map(|trained| &trained.means);
            let trained = trained.filter(|means| means.len() == features.len());
            let empty = holes.iter().position(|&holes| holes == count);
            if let (Some(empty), None) = (empty, trained) {
                return Err(source.error(format!(
                    "has nothing in the column {}, so it has no mean: leave it out by --columns",
                    columns[features[empty]].shown(features[empty])
                )));
            }
            let filled = holes.iter().sum::<usize>();
            let of_what = match (trained, options.missing) {
                (Some(_), _) => " in the data that the model was trained on",
                (None, None) => "; --missing drop leaves these rows out",
                (None, Some(_)) => "",
            };
            let what = if filled == 1 { "cell" } else { "cells" };
            source.note(&format!(
                "{told}: {filled} empty {what} filled in with the mean of their column{of_what}"
            ));
            let mean = |(values, holes): (&&[f64], &usize)| {
                let given = values.iter().filter(|value| !value.is_nan());
                given.sum::<f64>() / (count - holes) as f64
            };
            let means = match trained {
                Some(means) => means.clone(),
                None => cells.iter().zip(&holes).map(mean).collect(),
            };
            let fill = |row: usize| {
                let row = cells.iter().zip(&means).map(move |(values, mean)| (values[row], *mean));
                row.map(|(value, mean)| if value.is_nan() { mean } else { value })
            };
            Ok(((0..count).flat_map(fill).collect(), (0..count).collect()))
        }
    }
}
