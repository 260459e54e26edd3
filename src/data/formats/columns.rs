//! Tables by their columns, as Parquet, Arrow and AnnData hold them: which columns are features, and
//! which one holds the labels.

use super::format::Table;
use super::labels::Labels;
use crate::data::array::{Array, Values};

/// A named column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) cells: Cells,
}

impl Column {
    /// The number of rows, as far as it is known.
    fn rows(&self) -> usize {
        match &self.cells {
            Cells::Numbers { values, width } => values.len() / (*width).max(1),
            Cells::Text(texts) => texts.len(),
            Cells::Other { rows, .. } => *rows,
        }
    }
}

/// What a column holds, one entry a row.
#[derive(Debug)]
pub(super) enum Cells {
    /// [rows, width]; NaN where a number is missing. Lists of one length have a width above 1.
    Numbers { values: Vec<f64>, width: usize },
    /// `[rows]`; `None` where a text is missing.
    Text(Vec<Option<String>>),
    /// What is neither, by the name of its type.
    Other { kind: String, rows: usize },
}

/// Names that a column of labels has.
const LABELS: [&str; 7] = [
    "label",
    "labels",
    "class",
    "classes",
    "target",
    "species",
    "cell_type",
];
/// Names that a column of row numbers has.
const INDICES: [&str; 4] = ["__index_level_0__", "Unnamed: 0", "index", "_index"];

/// The features of `columns` with the labels among them: the column that `part` names, the one with
/// a usual name, or the only text. An error is the end of a sentence that begins with the file's
/// name.
pub(super) fn table(columns: Vec<Column>, part: Option<&str>) -> Result<Table, String> {
    let label = label_column(&columns, part)?;
    let (mut features, mut labels, mut left_out) = (Vec::new(), None, Vec::new());
    let mut notes = Vec::new();
    if let (Some(at), None) = (label, part) {
        notes.push(format!("has its labels in the column {}", columns[at].name));
    }
    let rows = columns.iter().map(Column::rows).max();
    if rows == Some(0) {
        return Err("has no rows".into());
    }
    for (at, column) in columns.into_iter().enumerate() {
        let index = INDICES.contains(&column.name.as_str());
        match column.cells {
            cells if Some(at) == label => labels = Some(labels_in(&column.name, cells)?),
            Cells::Numbers { values, width } if !index && width > 0 => {
                features.push((column.name, values, width));
            }
            Cells::Numbers { .. } => left_out.push(format!("{} (row numbers)", column.name)),
            Cells::Text(_) => left_out.push(format!("{} (text)", column.name)),
            Cells::Other { kind, .. } => left_out.push(format!("{} ({kind})", column.name)),
        }
    }
    if features.is_empty() {
        return Err(match left_out.as_slice() {
            [] => "has no column of numbers".into(),
            _ => format!("has no column of numbers, only {}", left_out.join(", ")),
        });
    }
    if !left_out.is_empty() {
        notes.push(format!(
            "has columns that are left out: {}",
            left_out.join(", ")
        ));
    }
    Ok(Table {
        array: side_by_side(features)?,
        labels,
        notes,
    })
}

/// The labels alone: those of [`table`].
pub(super) fn labels(columns: Vec<Column>, part: Option<&str>) -> Result<Labels, String> {
    let chosen = match (label_column(&columns, part)?, columns.len()) {
        (None, 1) => Some(0),
        (chosen, _) => chosen,
    };
    match chosen.and_then(|at| columns.into_iter().nth(at)) {
        Some(column) => labels_in(&column.name, column.cells),
        None => Err("has no column of a usual name for labels: name one as FILE:COLUMN".into()),
    }
}

fn label_column(columns: &[Column], part: Option<&str>) -> Result<Option<usize>, String> {
    let names = || columns.iter().map(|column| column.name.as_str());
    if let Some(part) = part {
        let found = names().position(|name| name == part);
        let listed = || names().collect::<Vec<_>>().join(", ");
        return found
            .map(Some)
            .ok_or_else(|| format!("has no column `{part}` for labels: it holds {}", listed()));
    }
    let usual = |wanted: &&str| {
        let plain =
            |cells: &Cells| matches!(cells, Cells::Text(_) | Cells::Numbers { width: 1, .. });
        columns
            .iter()
            .position(|column| plain(&column.cells) && column.name.eq_ignore_ascii_case(wanted))
    };
    if let (Some(at), true) = (
        LABELS.iter().find_map(|name| usual(&name)),
        columns.len() > 1,
    ) {
        return Ok(Some(at));
    }
    let texts = columns.iter().enumerate().filter(|(_, column)| {
        matches!(column.cells, Cells::Text(_)) && !INDICES.contains(&column.name.as_str())
    });
    match texts.map(|(at, _)| at).collect::<Vec<_>>().as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|&at| columns[at].name.as_str())
                .collect();
            Err(format!(
                "has text in the columns {}: name the one with the labels as FILE:COLUMN; the others are then left out",
                names.join(", ")
            ))
        }
    }
}

fn labels_in(name: &str, cells: Cells) -> Result<Labels, String> {
    match cells {
        Cells::Text(names) => {
            let missing = names.iter().filter(|name| name.is_none()).count();
            if missing == names.len() {
                return Err(format!("has no label in the column {name}"));
            }
            let named = names.into_iter();
            Ok(Labels::Text(
                named
                    .map(|name| name.unwrap_or_else(|| "(missing)".into()))
                    .collect(),
            ))
        }
        Cells::Numbers { values, width: 1 } => match values.iter().position(|value| value.is_nan())
        {
            Some(row) => Err(format!("has no label in row {row} of the column {name}")),
            None => Ok(Labels::Other(Values::Doubles(values))),
        },
        Cells::Numbers { width, .. } => Err(format!(
            "has lists of {width} numbers in the column {name}, which are no labels"
        )),
        Cells::Other { kind, .. } => Err(format!(
            "has {kind} in the column {name}, which are no labels"
        )),
    }
}

/// The columns one beside the other, [rows, features].
fn side_by_side(features: Vec<(String, Vec<f64>, usize)>) -> Result<Array, String> {
    let rows = features[0].1.len() / features[0].2;
    missing(&features, rows)?;
    let width = features.iter().map(|(_, _, width)| width).sum();
    let mut values = vec![0.0; rows * width];
    let mut first = 0;
    for (name, column, extent) in features {
        if column.len() != rows * extent {
            return Err(format!("is damaged: its column {name} has not {rows} rows"));
        }
        for (row, cells) in column.chunks_exact(extent).enumerate() {
            values[row * width + first..][..extent].copy_from_slice(cells);
        }
        first += extent;
    }
    Ok(Array {
        shape: vec![rows, width],
        values: Values::Doubles(values),
    })
}

/// Refuses missing numbers, with counts.
fn missing(features: &[(String, Vec<f64>, usize)], rows: usize) -> Result<(), String> {
    let mut incomplete = vec![false; rows];
    let mut names = Vec::new();
    for (name, column, extent) in features {
        let gaps = column
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_nan());
        let before = names.len();
        for (at, _) in gaps {
            if names.len() == before {
                names.push(name.as_str());
            }
            if let Some(row) = incomplete.get_mut(at / extent) {
                *row = true;
            }
        }
    }
    let count = incomplete.iter().filter(|&&gap| gap).count();
    if count == 0 {
        return Ok(());
    }
    let more = names.len().saturating_sub(5);
    names.truncate(5);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Err(format!(
        "has missing values in {count} of {rows} rows, in the columns {}{more}: drop these rows or fill them in",
        names.join(", ")
    ))
}
