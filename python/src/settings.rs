//! Settings of a run, which come as JSON by their keys or the names of flags.

use crate::error::raised;
use nrae::error::{Error, Result};
use nrae::train::{Config, Settings, key_of};
use pyo3::prelude::*;
use std::path::PathBuf;

/// The value of an enumeration that the command line calls `name`.
pub(crate) fn named<T: clap::ValueEnum>(what: &str, name: &str) -> PyResult<T> {
    T::from_str(name, false).map_err(|_| {
        let names: Vec<String> = T::value_variants()
            .iter()
            .filter_map(|value| Some(value.to_possible_value()?.get_name().to_owned()))
            .collect();
        raised(Error::input(format!(
            "{what} is {name:?}, but it is one of {}",
            names.join(", ")
        )))
    })
}

/// The configuration with the settings in `json`, an object. `weight` is that of the first term that
/// the method adds.
pub(crate) fn configuration(json: &str) -> Result<Config> {
    let table: toml::Table = serde_json::from_str(json)
        .map_err(|error| Error::input(format!("the settings cannot be used: {error}")))?;
    let mut settings = Settings::default();
    for (key, value) in &table {
        if key != "weight" {
            settings.set(key_of(key), value.clone())?;
        }
    }
    if let Some(weight) = table.get("weight") {
        let method = settings.clone().finish()?.method()?;
        let Some(term) = method.base.terms.first() else {
            return Err(Error::input(format!(
                "weight has no meaning for {}, which adds no term",
                method.name()
            )));
        };
        settings.set(&format!("{}.weight", term.name()), weight.clone())?;
    }
    settings.finish()
}

/// `config` as JSON.
pub(crate) fn json(config: &Config) -> PyResult<String> {
    serde_json::to_string(config)
        .map_err(|error| raised(Error::input(format!("the configuration is lost: {error}"))))
}

/// The default configuration as JSON.
#[pyfunction]
pub(crate) fn defaults() -> PyResult<String> {
    json(&Config::default())
}

/// The configuration in a TOML file, as JSON.
#[pyfunction]
pub(crate) fn read_config(path: PathBuf) -> PyResult<String> {
    let config = Settings::from_file(&path).and_then(Settings::finish);
    json(&config.map_err(raised)?)
}

/// The fraction of `samples` that a run with the settings in `json` holds out for validation.
#[pyfunction]
pub(crate) fn validation_fraction(json: &str, samples: usize) -> PyResult<f64> {
    Ok(configuration(json)
        .map_err(raised)?
        .validation_fraction(samples))
}
