//! An experiment as its file in `experiments/` describes it: plain data.

use super::recipe::Recipe;
use super::{Measure, Sketch};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use toml::Table;

/// How much of an experiment is run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Minutes on two cores, to see that everything works
    Tiny,
    /// What the reports in `results/` show
    Small,
    /// The paper's size
    Full,
}

/// A file of `experiments/`. Settings are those of a run's `config.toml`; of several that set the
/// same key the later counts, in this order: the experiment's, the row's, the method's, the
/// protocol's, the protocol's for the method, what a search tries, the scale's, the scale's for the
/// row, the scale's for the method.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
    /// One line: what of the paper it is.
    pub title: String,
    /// What is done, in a few sentences.
    pub about: String,
    /// What the paper leaves open, what was taken, and why.
    pub choices: Vec<String>,
    /// Methods in the order of the table's columns.
    pub methods: Vec<String>,
    /// What is measured of every run beside its errors.
    #[serde(default)]
    pub measures: Vec<Measure>,
    /// What the tables show, the main one first.
    pub tables: Vec<Shown>,
    /// What the first run of every cell leaves for a picture.
    pub picture: Option<Sketch>,
    /// Settings of every run.
    #[serde(default)]
    pub settings: Table,
    /// Settings of a method in every protocol.
    #[serde(default)]
    pub method: BTreeMap<String, Table>,
    /// Rows of the tables.
    pub row: Vec<Row>,
    /// The protocols, the most telling first.
    pub protocol: Vec<Protocol>,
    /// How much each scale runs.
    pub scale: BTreeMap<Scale, Amount>,
    /// What the paper says, to be checked.
    #[serde(default)]
    pub claim: Vec<Claim>,
}

/// A table of an experiment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The measure, as `docs/measures.md` names it.
    pub measure: String,
    /// What its figures are multiplied by.
    #[serde(default = "one")]
    pub factor: f64,
    /// Digits after the point.
    pub digits: usize,
    /// Whether more is better.
    #[serde(default)]
    pub higher: bool,
    /// Whether the best and the worst run are left out, where a cell has all its runs.
    #[serde(default)]
    pub trimmed: bool,
    /// Whether the standard error of the mean stands behind ±, instead of the deviation.
    #[serde(default)]
    pub standard_error: bool,
    /// A method whose figure in the same line is the unit of the others.
    pub unit: Option<String>,
    /// The paper's figures by row and method, in the units of the table: mean and, where it is given,
    /// deviation.
    #[serde(default)]
    pub paper: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
}

fn one() -> f64 {
    1.0
}

/// A data set, or a variant of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its name in the tables.
    pub name: String,
    /// Its name where it has fewer images than the paper's, whose name for the size it then must not bear.
    pub set: Option<String>,
    /// Methods that it has, where not all.
    pub methods: Option<Vec<String>>,
    /// Its settings.
    #[serde(default)]
    pub settings: Table,
    /// How its samples are made, where settings alone do not say so.
    pub data: Option<Recipe>,
    /// Methods that are left out here, with the reason.
    #[serde(default)]
    pub without: BTreeMap<String, String>,
    /// The row whose search chooses for this one too: networks of one kind are searched once.
    pub search: Option<String>,
    /// The paper's figures by method, in the units of the first table: mean and, where it is given,
    /// deviation.
    #[serde(default)]
    pub paper: BTreeMap<String, Vec<f64>>,
    /// What of it a curve is drawn over, and its number there: rows of the same have one picture.
    pub over: Option<(String, f64)>,
    /// Training error from which on a run has collapsed: it shows about the same whatever the latent, and counts
    /// as the worst that there is.
    pub collapsed: Option<f64>,
    /// Images that the paper has here; a row with fewer has both numbers in its name.
    pub paper_samples: Option<usize>,
}

/// How settings are chosen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// `released` where the authors released settings, `tuned` where a search chooses them, or another.
    pub name: String,
    /// What it means here.
    pub about: String,
    /// Methods that it has, where not all.
    pub methods: Option<Vec<String>>,
    /// Its settings.
    #[serde(default)]
    pub settings: Table,
    /// Its settings for a method.
    #[serde(default)]
    pub method: BTreeMap<String, Table>,
    /// Whether images in between are held out of moved ones in every run, and not only where a
    /// setting is searched.
    #[serde(default)]
    pub between: bool,
    /// Settings of the runs that search, over all others.
    #[serde(default)]
    pub search: Table,
    /// What the search tries of a method; a method that is not here is not searched.
    #[serde(default)]
    pub tries: BTreeMap<String, Vec<Table>>,
}

/// How much a scale runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Runs of every cell, with seeds 1, 2, ...
    pub seeds: u64,
    /// Tries of a search, of those that the protocol lists; all where it is not given, none for 0.
    pub tries: Option<usize>,
    /// Methods, where not all.
    pub methods: Option<Vec<String>>,
    /// Rows, where not all.
    pub rows: Option<Vec<String>>,
    /// Protocols, where not all.
    pub protocols: Option<Vec<String>>,
    /// Its settings.
    #[serde(default)]
    pub settings: Table,
    /// Its settings for a row.
    #[serde(default)]
    pub row: BTreeMap<String, Table>,
    /// Its settings for a method.
    #[serde(default)]
    pub method: BTreeMap<String, Table>,
    /// Training, validation and test images at most.
    pub samples: Option<[usize; 3]>,
    /// The same of rows that have numbers of their own.
    #[serde(default)]
    pub samples_of: BTreeMap<String, [usize; 3]>,
}

/// Something that the paper says and a table can show. What is not given is not asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// In words.
    pub text: String,
    /// The measure; the first table's where it is not given.
    pub measure: Option<String>,
    /// The methods that it is about.
    pub methods: Vec<String>,
    /// Each of them is among the first so many: no more methods than that are at least as good.
    pub places: Option<usize>,
    /// At least one of them is among the first so many.
    pub one_in: Option<usize>,
    /// Each mean is better than `factor` times that of `than`.
    pub than: Option<String>,
    /// Each mean in the first of these rows is better than `factor` times that of the same method in the second.
    pub rows: Option<[String; 2]>,
    /// See `than` and `rows`.
    #[serde(default = "one")]
    pub factor: f64,
    /// Each mean is at least this.
    pub least: Option<f64>,
}

/// Names and texts of files of `experiments/`.
macro_rules! built_in {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../../experiments/", $name, ".toml")))),*]
    };
}

/// The experiments that come with the program, in the order of `nrae reproduce all`.
const BUILT_IN: [(&str, &str); 13] = built_in![
    "table1" "figure5" "table2" "figure6" "figure7" "figure8" "figure9" "figure10" "table3"
    "table4" "table5" "small-sets" "ablations"
];

impl Protocol {
    /// Whether `method` is run under it.
    pub(super) fn has(&self, method: &String) -> bool {
        lists(&self.methods, method)
    }
}

impl Row {
    /// Its name without the paper's for a size.
    pub(super) fn set_name(&self) -> &str {
        self.set.as_ref().unwrap_or(&self.name)
    }

    /// Whether `method` is run on it.
    pub(super) fn has(&self, method: &String) -> bool {
        lists(&self.methods, method) && !self.without.contains_key(method)
    }
}

/// Whether `list`, where there is one, has `name`.
pub(super) fn lists(list: &Option<Vec<String>>, name: &String) -> bool {
    list.as_ref().is_none_or(|list| list.contains(name))
}

impl Experiment {
    /// Every experiment: those that come with the program, with those of the files NAME.toml in
    /// `folder` instead and besides.
    ///
    /// # Errors
    /// When a file cannot be read or says something that cannot be.
    pub fn all(folder: Option<&Path>) -> Result<Vec<Self>> {
        let mut texts: Vec<(String, String, String)> = BUILT_IN
            .iter()
            .map(|(name, text)| {
                (
                    name.to_string(),
                    text.to_string(),
                    format!("experiments/{name}.toml"),
                )
            })
            .collect();
        let mut files: Vec<_> = match folder {
            None => Vec::new(),
            Some(folder) => std::fs::read_dir(folder)
                .map_err(|source| Error::file(folder, source))?
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
                .collect(),
        };
        files.sort();
        for path in files {
            let text =
                std::fs::read_to_string(&path).map_err(|source| Error::file(&path, source))?;
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let found = (name, text, path.display().to_string());
            match texts.iter_mut().find(|(name, ..)| *name == found.0) {
                Some(built_in) => *built_in = found,
                None => texts.push(found),
            }
        }
        texts
            .into_iter()
            .map(|(name, text, source)| Self::parse(&name, &text, &source))
            .collect()
    }

    /// Reads the text of a file; `source` names it.
    fn parse(name: &str, text: &str, source: &str) -> Result<Self> {
        let mut experiment: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                1 + text[..span.start.min(text.len())].matches('\n').count()
            });
            Error::input(format!(
                "{source}, line {line}: {}",
                error.message().trim_end()
            ))
        })?;
        name.clone_into(&mut experiment.name);
        match experiment.mistake() {
            Some(what) => Err(Error::input(format!("{source}: {what}"))),
            None => Ok(experiment),
        }
    }

    /// The first name in it that nothing has.
    fn mistake(&self) -> Option<String> {
        if self.tables.is_empty() || self.row.is_empty() || self.protocol.is_empty() {
            return Some("an experiment needs at least one table, row and protocol".into());
        }
        let mixed = |claim: &&Claim| {
            let others = claim.than.is_some() || claim.is_of_places() || claim.least.is_some();
            claim.rows.is_some() && others
        };
        if let Some(claim) = self.claim.iter().find(mixed) {
            return Some(format!(
                "the claim `{}` compares two rows, so that it takes `factor` alone beside `rows`",
                claim.text
            ));
        }
        let rows: Vec<&String> = self.row.iter().map(|row| &row.name).collect();
        let protocols: Vec<&String> = self.protocol.iter().map(|one| &one.name).collect();
        let amounts = || self.scale.values();
        let missing = |known: &[&String], name: &String| !known.contains(&name);
        let methods: Vec<&String> = self.methods.iter().collect();
        let lists = [
            (
                "row",
                &rows,
                amounts()
                    .flat_map(|a| {
                        a.rows
                            .iter()
                            .flatten()
                            .chain(a.samples_of.keys())
                            .chain(a.row.keys())
                    })
                    .chain(self.row.iter().filter_map(|row| row.search.as_ref()))
                    .chain(self.tables.iter().flat_map(|shown| shown.paper.keys()))
                    .chain(
                        self.claim
                            .iter()
                            .flat_map(|claim| claim.rows.iter().flatten()),
                    )
                    .collect::<Vec<_>>(),
            ),
            (
                "protocol",
                &protocols,
                amounts()
                    .flat_map(|a| a.protocols.iter().flatten())
                    .collect(),
            ),
            (
                "method",
                &methods,
                amounts()
                    .flat_map(|a| a.methods.iter().flatten().chain(a.method.keys()))
                    .chain(
                        self.claim
                            .iter()
                            .flat_map(|claim| claim.methods.iter().chain(&claim.than)),
                    )
                    .chain(self.tables.iter().filter_map(|shown| shown.unit.as_ref()))
                    .chain(self.row.iter().flat_map(|row| row.methods.iter().flatten()))
                    .chain(self.row.iter().flat_map(|row| row.paper.keys()))
                    .chain(
                        self.tables
                            .iter()
                            .flat_map(|shown| shown.paper.values().flat_map(|of| of.keys())),
                    )
                    .chain(self.method.keys())
                    .chain(self.protocol.iter().flat_map(|one| {
                        one.method
                            .keys()
                            .chain(one.tries.keys())
                            .chain(one.methods.iter().flatten())
                    }))
                    .collect(),
            ),
        ];
        lists.into_iter().find_map(|(what, known, named)| {
            let unknown = named.into_iter().find(|name| missing(known, name))?;
            Some(format!("there is no {what} `{unknown}` in it"))
        })
    }

    /// What `scale` runs.
    ///
    /// # Errors
    /// When the file does not say.
    pub fn amount(&self, scale: Scale) -> Result<&Amount> {
        self.scale.get(&scale).ok_or_else(|| {
            Error::input(format!(
                "experiment {} has no [scale.{}]",
                self.name,
                name_of(scale)
            ))
        })
    }
}

/// The name of a scale.
pub(super) fn name_of(scale: Scale) -> &'static str {
    match scale {
        Scale::Tiny => "tiny",
        Scale::Small => "small",
        Scale::Full => "full",
    }
}

/// Sets what `over` sets in `table`, key by key.
pub(super) fn merge(table: &mut Table, over: &Table) {
    for (key, value) in over {
        match (table.get_mut(key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => merge(below, above),
            _ => drop(table.insert(key.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_experiments_that_come_with_the_program_are_sound() {
        for experiment in Experiment::all(None).unwrap() {
            assert_eq!(experiment.scale.len(), 3, "{}", experiment.name);
            assert!(!experiment.choices.is_empty(), "{}", experiment.name);
        }
    }

    #[test]
    fn a_wrong_name_is_a_sentence_with_the_file() {
        let text = include_str!("../../experiments/figure7.toml");
        let message = |text: &str| {
            Experiment::parse("x", text, "x.toml")
                .unwrap_err()
                .to_string()
        };
        let wrong = message(&text.replace("than = \"ae\"", "than = \"aee\""));
        assert!(
            wrong.contains("x.toml") && wrong.contains("`aee`"),
            "{wrong}"
        );
        let wrong = message(&format!(
            "{text}\n[scale.tiny.row]\nsquare.train.epochs = 1\n"
        ));
        assert!(wrong.contains("no row `square`"), "{wrong}");
        let rows = "than = \"ae\"\nrows = [\"Swiss roll\", \"Swiss roll\"]";
        let wrong = message(&text.replace("than = \"ae\"", rows));
        assert!(wrong.contains("compares two rows"), "{wrong}");
        let wrong = message(&text.replacen("title", "titel", 1));
        assert!(
            wrong.contains("x.toml, line") && wrong.contains("titel"),
            "{wrong}"
        );
    }

    #[test]
    fn later_settings_win_key_by_key() {
        let mut table: Table = "a.b = 1\na.c = 2\nd = [1]".parse().unwrap();
        merge(&mut table, &"a.b = 3\nd = [2]\ne = 4".parse().unwrap());
        assert_eq!(table, "a.b = 3\na.c = 2\nd = [2]\ne = 4".parse().unwrap());
    }
}
