//! What a checkpoint was made from, so that a run only goes on with the same.

use super::provenance::sha256;
use super::{Config, Splits};
use crate::data::{find_data, hexadecimal};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Settings that say where files lie, whose content counts.
const FILES: [&str; 6] = [
    "data.labels",
    "data.test",
    "data.train",
    "data.validation",
    "grae.file",
    "neighbours.graph",
];

/// Others that may change while a run is stopped: how long it goes on, and how its data are held.
const FREE: [&str; 4] = [
    "data.folder",
    "train.data_memory_mib",
    "train.epochs",
    "train.patience",
];

/// What decides a run's bytes beside its device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Settings by their keys.
    pub settings: BTreeMap<String, String>,
    /// Samples of each split and files that are read, by the keys of their settings: shape and
    /// SHA-256.
    pub data: BTreeMap<String, String>,
}

impl Origin {
    /// That of a run of `config` on `splits`.
    ///
    /// # Errors
    /// When a file that the configuration names cannot be read.
    pub(super) fn of(config: &Config, splits: &Splits) -> Result<Self> {
        let table = toml::Table::try_from(config)
            .map_err(|error| Error::input(format!("the configuration cannot be kept: {error}")))?;
        let mut settings = BTreeMap::new();
        flatten("", &table, &mut settings);
        settings.retain(|key, _| !FREE.contains(&key.as_str()) && !FILES.contains(&key.as_str()));
        let sets = [
            ("data.train", Some(&splits.train)),
            ("data.validation", splits.validation.as_ref()),
            ("data.test", splits.test.as_ref()),
        ];
        let mut data = BTreeMap::new();
        for (key, set) in sets {
            if let Some(set) = set {
                let shape = [&[set.samples], &set.shape[..]].concat();
                data.insert(
                    key.to_owned(),
                    described(&format!("{shape:?}"), &sha256(set)),
                );
            }
        }
        let files = [
            ("grae.file", &config.grae.file),
            ("neighbours.graph", &config.neighbours.graph),
        ];
        for (key, file) in files {
            if let Some(file) = file {
                let path = find_data(file)?;
                let bytes = std::fs::read(&path).map_err(|source| Error::file(&path, source))?;
                let size = format!("{} bytes", bytes.len());
                data.insert(
                    key.to_owned(),
                    described(&size, &hexadecimal(Sha256::digest(bytes))),
                );
            }
        }
        Ok(Self { settings, data })
    }

    /// What differs in `now`, a sentence's parts: `train.batch was 10 and is 20`.
    pub(super) fn changes(&self, now: &Self) -> Vec<String> {
        let maps = [(&self.data, &now.data), (&self.settings, &now.settings)];
        maps.into_iter()
            .flat_map(|(was, is)| changes(was, is))
            .collect()
    }
}

/// What `settings` call their data, by the keys of those settings.
pub(crate) fn named_data(settings: &toml::Table) -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    flatten("", settings, &mut named);
    named.retain(|key, _| FILES.contains(&key.as_str()));
    named
}

/// What differs between two maps, a sentence's parts.
pub(super) fn changes(
    was: &BTreeMap<String, String>,
    is: &BTreeMap<String, String>,
) -> Vec<String> {
    let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let differences = keys.into_iter().filter_map(|key| {
        let [was, is] = [was, is].map(|map| map.get(key).map_or("unset", String::as_str));
        (was != is).then(|| format!("{key} was {was} and is {is}"))
    });
    differences.collect()
}

fn described(size: &str, sum: &str) -> String {
    format!("{size} with SHA-256 {sum}")
}

/// Every value of `table` under its dotted key.
pub(crate) fn flatten(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value {
            toml::Value::Table(table) => flatten(&format!("{key}."), table, into),
            toml::Value::String(text) => drop(into.insert(key, text.clone())),
            other => drop(into.insert(key, other.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_may_change_is_one() {
        let mut config = Config::default();
        let path = || Some("a".into());
        config.data.folder = path();
        config.data.labels = path();
        config.data.test = path();
        config.data.train = path();
        config.data.validation = path();
        config.grae.file = path();
        config.neighbours.graph = path();
        config.train.data_memory_mib = Some(1);
        config.train.epochs = Some(1);
        let mut keys = BTreeMap::new();
        flatten("", &toml::Table::try_from(&config).unwrap(), &mut keys);
        for key in FREE.into_iter().chain(FILES) {
            assert!(keys.contains_key(key), "{key}");
        }
    }
}
