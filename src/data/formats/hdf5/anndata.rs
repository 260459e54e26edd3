//! AnnData's `.h5ad`: cells by genes in `X`, what is known of each cell in `obs`.
//!
//! See <https://anndata.readthedocs.io/en/latest/fileformat-prose.html>.

use super::super::format::Labelled;
use super::super::labels::Labels;
use super::super::source::Source;
use super::file::{File, doubles, texts};
use crate::data::array::Values;
use hdf5_reader::group::Group;

/// A column of `obs`.
enum Cells {
    /// NaN where one is missing.
    Numbers(Vec<f64>),
    /// `None` where one is missing.
    Text(Vec<Option<String>>),
}

/// Columns of `obs` that usually name cells, the first that is there is taken.
const LABELS: [&str; 14] = [
    "cell_type",
    "celltype",
    "cell_types",
    "CellType",
    "celltypes",
    "annotation",
    "annotations",
    "label",
    "labels",
    "leiden",
    "louvain",
    "clusters",
    "cluster",
    "paul15_clusters",
];

/// The matrix that the part names, or `X`, with the column `label` of `obs` as labels, or the usual
/// one.
pub(super) fn samples(
    file: &File,
    source: &Source,
    label: Option<&str>,
) -> Result<Labelled, String> {
    let matrices = matrices(file)?;
    let path = match source.part().map(|part| part.trim_start_matches('/')) {
        None => "X",
        Some(part) => matrices
            .iter()
            .find(|name| *name == part || name.strip_prefix("obsm/") == Some(part))
            .ok_or_else(|| format!("has no matrix `{part}`: it holds {}", matrices.join(", ")))?,
    };
    let array = file.samples(path, source).map_err(|what| {
        let smaller = matrices.iter().find(|name| name.starts_with("obsm/"));
        match smaller {
            Some(smaller) if what.contains("made dense") => {
                format!("{what}; or give FILE:{smaller}")
            }
            _ => what,
        }
    })?;
    if label.is_some() {
        return Ok((array, Some(labels(file, label)?.of_samples()?)));
    }
    let Some((name, others)) = label_column(file) else {
        return Ok((array, None));
    };
    let mut words = format!("has its labels in obs/{name}");
    if !others.is_empty() {
        words += &format!("; --label-column takes {}", others.join(", "));
    }
    source.note(&words);
    Ok((array, Some(labels_in(file, &name)?.of_samples()?)))
}

/// The labels alone: the column of `obs` that `part` names, or the usual one.
pub(super) fn labels(file: &File, part: Option<&str>) -> Result<Labels, String> {
    let Some(part) = part else {
        let (name, _) = label_column(file)
            .ok_or("has no column of text in obs: name one with labels as FILE:COLUMN")?;
        return labels_in(file, &name);
    };
    let name = part.trim_start_matches('/');
    let name = name.strip_prefix("obs/").unwrap_or(name);
    if file.group(&format!("obs/{name}")).is_none()
        && file.dataset(&format!("obs/{name}")).is_none()
    {
        let names = column_names(file).join(", ");
        return Err(format!("has no column `{name}` in obs: it holds {names}"));
    }
    labels_in(file, name)
}

fn labels_in(file: &File, name: &str) -> Result<Labels, String> {
    Ok(match column(file, name)? {
        Cells::Text(names) => {
            let named = |name: Option<String>| name.unwrap_or_else(|| "(missing)".into());
            Labels::Text(names.into_iter().map(named).collect())
        }
        Cells::Numbers(values) => match values.iter().position(|value| value.is_nan()) {
            Some(row) => return Err(format!("has no value for cell {row} in obs/{name}")),
            None => Labels::Other(Values::Doubles(values.into())),
        },
    })
}

/// Paths of the matrices with a row for each cell.
fn matrices(file: &File) -> Result<Vec<String>, String> {
    let names = file.datasets()?.into_iter().filter(|(name, extents)| {
        let place = ["obsm/", "layers/"]
            .iter()
            .any(|folder| name.starts_with(folder));
        *extents == 2 && (place || name == "X" || name == "raw/X")
    });
    Ok(names.map(|(name, _)| name).collect())
}

/// Columns of `obs` but the names of the cells.
fn column_names(file: &File) -> Vec<String> {
    let Some(obs) = file.group("obs") else {
        return Vec::new();
    };
    let index = obs
        .attribute("_index")
        .and_then(|attribute| attribute.read_string())
        .unwrap_or_else(|_| "_index".into());
    let (groups, datasets) = obs.member_names().unwrap_or_default();
    let names = groups.into_iter().chain(datasets);
    names
        .filter(|name| *name != index && name != "_index" && name != "__categories")
        .collect()
}

/// The column of `obs` that gives labels, and the other ones that could: the first of a usual name,
/// else the first of text.
fn label_column(file: &File) -> Option<(String, Vec<String>)> {
    let is_text = |name: &String| matches!(column(file, name), Ok(Cells::Text(_)));
    let mut named: Vec<String> = column_names(file).into_iter().filter(is_text).collect();
    let usual = LABELS
        .iter()
        .find_map(|usual| named.iter().position(|name| name == usual));
    if named.is_empty() {
        return None;
    }
    let chosen = named.remove(usual.unwrap_or(0));
    Some((chosen, named))
}

/// A column of `obs`: an array; categories with codes; or values with a mask for those that are
/// missing.
fn column(file: &File, name: &str) -> Result<Cells, String> {
    let path = format!("obs/{name}");
    if let Some(group) = file.group(&path) {
        return composed(&group, name);
    }
    let dataset = file
        .dataset(&path)
        .ok_or_else(|| format!("has no column {name} in obs that can be read"))?;
    // Before version 0.7 the categories were kept beside the columns.
    if let Some(categories) = file.dataset(&format!("obs/__categories/{name}")) {
        return coded(&texts(&categories)?, &doubles(&dataset)?);
    }
    if let Ok(names) = texts(&dataset) {
        return Ok(Cells::Text(names.into_iter().map(Some).collect()));
    }
    let values = doubles(&dataset)?;
    Ok(Cells::Numbers(values))
}

fn composed(group: &Group, name: &str) -> Result<Cells, String> {
    let member = |member: &str| {
        group
            .dataset(member)
            .map_err(|_| format!("has a column {name} in obs without {member}"))
    };
    if group.dataset("codes").is_ok() {
        let codes = doubles(&member("codes")?)?;
        let categories = member("categories")?;
        let names = texts(&categories).or_else(|_| {
            let values = doubles(&categories)?;
            Ok::<_, String>(values.iter().map(f64::to_string).collect())
        })?;
        return coded(&names, &codes);
    }
    let (values, mask) = (member("values")?, doubles(&member("mask")?)?);
    let kept = |at: usize| mask.get(at).is_none_or(|&missing| missing == 0.0);
    if let Ok(names) = texts(&values) {
        let names = names.into_iter().enumerate();
        return Ok(Cells::Text(
            names.map(|(at, name)| kept(at).then_some(name)).collect(),
        ));
    }
    let values = doubles(&values)?.into_iter().enumerate();
    let values = values.map(|(at, value)| if kept(at) { value } else { f64::NAN });
    Ok(Cells::Numbers(values.collect()))
}

/// The category of each code; -1 is none.
fn coded(categories: &[String], codes: &[f64]) -> Result<Cells, String> {
    let name = |&code: &f64| match categories.get(code as usize) {
        _ if code < 0.0 => Ok(None),
        Some(name) => Ok(Some(name.clone())),
        None => Err(format!(
            "is damaged: it has the category {code} of {}",
            categories.len()
        )),
    };
    Ok(Cells::Text(
        codes.iter().map(name).collect::<Result<_, _>>()?,
    ))
}
