//! A configuration put together from a file and from single settings, later ones winning.

use super::Config;
use crate::error::{Error, Result, nearest};
use crate::graph::Search;
use clap::ValueEnum;
use std::path::Path;

/// A configuration in the making.
#[derive(Clone, Debug)]
pub struct Settings {
    table: toml::Table,
    source: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            table: toml::Table::new(),
            source: "the configuration".into(),
        }
    }
}

impl Settings {
    /// Begins with a TOML file.
    ///
    /// # Errors
    /// When the file is missing or no TOML.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        let table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].lines().count().max(1)
            });
            Error::input(format!(
                "{} is no valid TOML on line {line}: {}",
                path.display(),
                error.message()
            ))
        })?;
        Ok(Self {
            table,
            source: path.display().to_string(),
        })
    }

    /// Sets `key`, a dotted path such as `neighbours.lambda`.
    ///
    /// # Errors
    /// When a part of the path is no table.
    pub fn set(&mut self, key: &str, value: impl Into<toml::Value>) -> Result<()> {
        let mut table = &mut self.table;
        let (path, last) = key
            .rsplit_once('.')
            .map_or((None, key), |(path, last)| (Some(path), last));
        for part in path.into_iter().flat_map(|path| path.split('.')) {
            let entry = table
                .entry(part)
                .or_insert_with(|| toml::Value::Table(toml::Table::new()));
            table = entry.as_table_mut().ok_or_else(|| {
                Error::input(format!(
                    "`{key}` cannot be set: `{part}` is a value, not a group of settings"
                ))
            })?;
        }
        table.insert(last.to_owned(), value.into());
        Ok(())
    }

    /// Sets the seed, which TOML holds up to 2^63 - 1.
    ///
    /// # Errors
    /// When it is larger.
    pub fn set_seed(&mut self, seed: u64) -> Result<()> {
        let value = i64::try_from(seed).map_err(|_| {
            Error::input(format!(
                "the seed {seed} is too large: choose one from 0 to {}",
                i64::MAX
            ))
        })?;
        self.set("seed", value)
    }

    /// Removes `key`, a dotted path, so that its default counts again.
    pub fn unset(&mut self, key: &str) {
        let mut parts: Vec<_> = key.split('.').collect();
        let last = parts.pop().unwrap_or_default();
        let group = parts.into_iter().try_fold(&mut self.table, |table, part| {
            table.get_mut(part)?.as_table_mut()
        });
        if let Some(table) = group {
            table.remove(last);
        }
    }

    /// Whether `key`, a dotted path, is set.
    pub fn has(&self, key: &str) -> bool {
        let mut parts = key.split('.');
        let first = parts.next().and_then(|part| self.table.get(part));
        parts
            .try_fold(first, |value, part| Some(value?.as_table()?.get(part)))
            .flatten()
            .is_some()
    }

    /// What is set.
    pub(super) fn table(&self) -> &toml::Table {
        &self.table
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Sets from `key=value` as typed on a command line: a TOML value, or else a string. The key may
    /// be the name of a flag, such as `k`.
    ///
    /// # Errors
    /// When there is no `=`, or a part of the key is no table.
    pub fn set_text(&mut self, assignment: &str) -> Result<()> {
        let Some((key, text)) = assignment.split_once('=') else {
            return Err(Error::input(format!(
                "`--set {assignment}` has no `=`: write --set key.sub=value"
            )));
        };
        let (key, text) = (full_key(key.trim(), text.trim()), text.trim());
        let parsed = format!("value = {text}")
            .parse::<toml::Table>()
            .ok()
            .and_then(|mut table| table.remove("value"));
        self.set(
            &key,
            parsed.unwrap_or_else(|| toml::Value::String(text.to_owned())),
        )
    }

    /// The finished configuration.
    ///
    /// # Errors
    /// Those of [`Config::from_table`].
    pub fn finish(self) -> Result<Config> {
        Config::from_table(self.table, &self.source)
    }
}

impl Config {
    /// Reads a configuration that has been put together from a file and from settings.
    ///
    /// # Errors Names an unknown key with the nearest known one, a value of the wrong type, or a
    /// value out of range. `source` begins the sentence.
    pub fn from_table(table: toml::Table, source: &str) -> Result<Self> {
        refuse_old_names(&table, source)?;
        let config: Self = table
            .try_into()
            .map_err(|error: toml::de::Error| Error::input(explain(&error, source)))?;
        config.check()?;
        Ok(config)
    }
}

/// Flags of the command line, by name, with the setting that each stands for.
const FLAGS: [(&str, &str); 25] = [
    ("seed", "seed"),
    ("method", "method"),
    ("data", "data.train"),
    ("labels", "data.labels"),
    ("columns", "data.columns"),
    ("label-column", "data.label_column"),
    ("id-column", "data.id_column"),
    ("missing", "data.missing"),
    ("synthetic", "data.synthetic"),
    ("limit", "data.limit"),
    ("layout", "data.layout"),
    ("size", "data.size"),
    ("scaling", "data.scaling"),
    ("net", "net.preset"),
    ("latent", "net.latent"),
    ("hidden", "net.hidden"),
    ("activation", "net.activation"),
    ("k", "neighbours.k"),
    ("lambda", "neighbours.lambda"),
    ("epochs", "train.epochs"),
    ("batch", "train.batch"),
    ("lr", "train.lr"),
    ("schedule", "train.schedule"),
    ("patience", "train.patience"),
    ("data-memory-mib", "train.data_memory_mib"),
];

/// The key of the setting that a flag of the command line stands for; any other name as it is.
pub fn key_of(flag: &str) -> &str {
    let row = FLAGS.iter().find(|(name, _)| *name == flag);
    row.map_or(flag, |(_, key)| key)
}

/// As [`key_of`], and what `--validation` and `--test` stand for: a fraction where `value` is a
/// number, else a file; and `--graph`: a way to find one, else a file.
pub(super) fn full_key(name: &str, value: &str) -> String {
    match name {
        "graph" if Search::from_str(value, false).is_ok() => "neighbours.search".to_owned(),
        "graph" => "neighbours.graph".to_owned(),
        "validation" | "test" if value.parse::<f64>().is_ok() => format!("data.{name}_fraction"),
        "validation" | "test" => format!("data.{name}"),
        _ => key_of(name).to_owned(),
    }
}

/// Names of settings before version 0.1.0, with those of today.
const OLD_NAMES: [(&str, &str); 12] = [
    ("divergence", "kl"),
    ("discrepancy", "mmd"),
    ("contraction", "contractive"),
    ("embedding", "grae"),
    ("locally_linear", "lle"),
    ("isometry", "isometric"),
    ("neighbours.drawn", "neighbours.num_sampled"),
    ("train.learning_rate", "train.lr"),
    ("train.clip", "train.grad_clip_norm"),
    ("train.memory", "train.data_memory_mib"),
    ("data.validation_share", "data.validation_fraction"),
    ("data.test_share", "data.test_fraction"),
];

/// An error that names the new key where `table` has an old one.
fn refuse_old_names(table: &toml::Table, source: &str) -> Result<()> {
    let has = |key: &str| match key.split_once('.') {
        Some((group, key)) => table
            .get(group)
            .is_some_and(|group| group.get(key).is_some()),
        None => table.contains_key(key),
    };
    match OLD_NAMES.iter().find(|(old, _)| has(old)) {
        Some((old, new)) => Err(Error::input(format!(
            "{source} has the key `{old}`, which is called `{new}` since version 0.1.0"
        ))),
        None => Ok(()),
    }
}

/// The sentence for what the TOML reader refused; an unknown key comes with the nearest one that
/// exists.
fn explain(error: &toml::de::Error, source: &str) -> String {
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field")
        && let Some(unknown) = quoted.next()
    {
        // Of a key and a flag of the same name, the key, which comes last.
        let flags = FLAGS.map(|(flag, key)| (flag, format!("`{flag}`, which is `{key}`")));
        let keys = quoted.map(|key| (key, format!("`{key}`")));
        let names: Vec<_> = flags.into_iter().chain(keys).collect();
        let hint = match nearest(unknown, &names, |(name, _)| name) {
            Some((_, shown)) => format!(": did you mean {shown}?"),
            None => ": `nrae train --help` lists the flags, and the config.toml of a run every key"
                .into(),
        };
        return format!("{source} has the unknown key `{unknown}`{hint}");
    }
    format!("{source} cannot be used: {}", message.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_settings_win_and_types_are_those_of_toml() {
        let mut settings = Settings::default();
        for text in [
            "net.latent=3",
            "net.hidden=[8, 4]",
            "method=ae",
            "data.train=a b.npy",
            "net.latent = 5",
            "net.activation=tanh",
        ] {
            settings.set_text(text).unwrap();
        }
        let config = settings.finish().unwrap();
        assert_eq!(
            (config.net.latent, config.net.hidden, config.method.as_str()),
            (5, vec![8, 4], "ae")
        );
        assert_eq!(config.data.train.unwrap(), Path::new("a b.npy"));
    }

    #[test]
    fn a_written_configuration_reads_back() {
        let config = Config {
            seed: 9,
            ..Config::default()
        };
        let text = toml::to_string(&config).unwrap();
        assert_eq!(
            Config::from_table(text.parse().unwrap(), "x").unwrap(),
            config
        );
    }

    #[test]
    fn mistakes_are_sentences() {
        for (text, expected) in [
            (
                "neighbours.lamda=1",
                "unknown key `lamda`: did you mean `lambda`?",
            ),
            (
                "neighbours.drawn=2",
                "has the key `neighbours.drawn`, which is called `neighbours.num_sampled`",
            ),
            ("divergence.weight=2", "is called `kl`"),
            ("net.latent=0", "net.latent is 0"),
            ("net.latent=two", "invalid type"),
            (
                "method=nrea-q",
                "there is no method `nrea-q`: did you mean `nrae-q`?",
            ),
            ("train.lr=nan", "train.lr must be"),
            ("data.validation_fraction=1.5", "data.validation_fraction"),
            ("seed=-1", "invalid value"),
        ] {
            let mut settings = Settings::default();
            settings.set_text(text).unwrap();
            let message = settings.finish().unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
        assert!(
            Settings::default()
                .set_text("k")
                .unwrap_err()
                .to_string()
                .contains("has no `=`")
        );
        let mut settings = Settings::default();
        settings.set_text("seed=1").unwrap();
        assert!(
            settings
                .set_text("seed.x=1")
                .unwrap_err()
                .to_string()
                .contains("`seed` is a value")
        );
    }
}
