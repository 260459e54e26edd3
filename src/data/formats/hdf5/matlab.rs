//! MATLAB's version 7.3: a dataset for each variable, with its extents reversed.

use super::super::format::Labelled;
use super::super::labels::Labels;
use super::super::mat::{self, Variable};
use super::super::members::{choose, choose_labels};
use super::file::{File, raw};
use crate::data::number::Number;
use std::borrow::Cow;

/// The samples that `part` names or that have a usual name, with their labels, as of version 5.
pub(super) fn samples(file: &File, part: Option<&str>) -> Result<Labelled, String> {
    let names = file.datasets()?;
    let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let (samples, labels) = choose(&names, part)?;
    let variables: Vec<Variable> = std::iter::once(samples)
        .chain(labels)
        .map(|name| variable(file, name))
        .collect::<Result<_, _>>()?;
    mat::samples_of(&variables, Some(samples))
}

/// The labels alone.
pub(super) fn labels(file: &File, part: Option<&str>) -> Result<Labels, String> {
    let names = file.datasets()?;
    let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    variable(file, choose_labels(&names, part)?)?
        .values()
        .map(Labels::Other)
}

fn variable(file: &File, name: &str) -> Result<Variable<'static>, String> {
    let dataset = file
        .dataset(name)
        .ok_or_else(|| format!("has no variable {name} that can be read"))?;
    if dataset.attribute("MATLAB_empty").is_ok() {
        return Err(format!("has nothing in the variable {name}"));
    }
    let raw = raw(&dataset)?;
    Ok(Variable {
        name: name.to_owned(),
        shape: raw.shape.into_iter().rev().collect(),
        unsigned_bytes: raw.kind == Number::U8,
        kind: mat_code(raw.kind, name)?,
        data: Cow::Owned(raw.bytes),
        big: raw.big,
    })
}

/// Version 5's number of a type.
fn mat_code(kind: Number, name: &str) -> Result<u32, String> {
    Ok(match kind {
        Number::I8 => 1,
        Number::U8 | Number::Bool => 2,
        Number::I16 => 3,
        Number::U16 => 4,
        Number::I32 => 5,
        Number::U32 => 6,
        Number::F32 => 7,
        Number::F64 => 9,
        Number::I64 => 12,
        Number::U64 => 13,
        Number::F16 => {
            return Err(format!(
                "has halves in the variable {name}, which MATLAB does not write"
            ));
        }
    })
}
