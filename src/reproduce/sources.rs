//! The data that runs read, by their content: a run's settings name its data, and a name stays where its
//! file has changed.

use super::cell::RunSettings;
use super::recipe::in_place_of;
use crate::data::{Published, data_folders, named_content_sha256};
use crate::train::named_data;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Sums of data by their names, each taken once.
#[derive(Debug, Default)]
pub(super) struct Sources(Mutex<BTreeMap<String, Option<String>>>);

impl Sources {
    /// SHA-256 of what `run` reads, by its names for them. Curves and published sets have none, since
    /// theirs never change, nor has what is not here.
    pub(super) fn of(&self, run: &RunSettings) -> BTreeMap<String, String> {
        let sum = |name: String| {
            let sum = self.sum(&name)?;
            Some((name, sum))
        };
        names(run).into_iter().filter_map(sum).collect()
    }

    /// The first of `sums` whose data are here with other content.
    pub(super) fn changed<'a>(&self, sums: &'a BTreeMap<String, String>) -> Option<&'a str> {
        let changed =
            |(name, was): &(&String, &String)| self.sum(name).is_some_and(|is| is != **was);
        let (name, _) = sums.iter().find(changed)?;
        Some(name)
    }

    fn sum(&self, name: &str) -> Option<String> {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = sums.entry(name.to_owned()).or_insert_with(|| sum(name));
        sum.clone()
    }
}

/// What `run` calls its data.
fn names(run: &RunSettings) -> Vec<String> {
    let mut names: Vec<String> = named_data(&run.settings).into_values().collect();
    if let Some(recipe) = &run.data {
        names.push(recipe.from.clone());
        names.extend(recipe.test_from.clone());
    }
    names
}

fn sum(name: &str) -> Option<String> {
    match Published::named(Path::new(name)) {
        Some((set, _)) if set.is_present(&data_folders(None)) => None,
        _ => {
            let mut files = in_place_of(name).into_iter();
            named_content_sha256(name)
                .or_else(|| files.find_map(|file| named_content_sha256(&file)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_other_content_are_told_and_none_else() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] =
            ["one.npy", "two.npy"].map(|name| folder.path().join(name).display().to_string());
        std::fs::write(&one, "1").unwrap();
        std::fs::write(&two, "2").unwrap();
        let of_files = format!(
            "data = {{ from = {one:?}, test_from = \"digits:none\" }}\nsettings.neighbours.graph = {two:?}"
        );
        let run: RunSettings = toml::from_str(&of_files).unwrap();
        let sums = Sources::default().of(&run);
        assert_eq!(sums.keys().collect::<Vec<_>>(), [&one, &two]);
        let sources = Sources::default();
        assert_eq!(sources.changed(&sums), None);
        // Within a call data count as what they were first.
        std::fs::write(&two, "3").unwrap();
        assert_eq!(sources.changed(&sums), None);
        assert_eq!(Sources::default().changed(&sums), Some(&*two));
        std::fs::remove_file(&two).unwrap();
        assert_eq!(Sources::default().changed(&sums), None);
        let curve: RunSettings = toml::from_str("settings.data.synthetic = \"sin\"").unwrap();
        assert!(Sources::default().of(&curve).is_empty());
    }
}
