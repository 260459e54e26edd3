//! Labels in a file of their own, of any kind: what colours pictures.

use super::Reading;
use super::formats::{Format, Source};
use crate::error::{Error, Result};
use std::ops::Range;
use std::path::Path;

/// So many different numbers are classes, though they are not whole; more are values.
const MOST_CLASSES: usize = 20;
/// More whole numbers than that are classes where each has so many samples on average; otherwise
/// they count or measure something.
const SAMPLES_PER_CLASS: usize = 5;
/// The class of samples whose own has no name, so that legends have a word for it.
const NO_NAME: &str = "(none)";

/// What a file says of each sample.
#[derive(Clone, Debug, PartialEq)]
pub enum SampleLabels {
    /// Classes, from 0 on.
    Classes(Vec<u32>),
    /// Values along a scale.
    Values(Vec<f32>),
    /// Names of classes; the first may be the header of their column.
    Names(Vec<String>),
}

impl SampleLabels {
    /// Reads them from any of the [formats](super::FORMATS), as [`read_labels`](super::read_labels)
    /// does, but numbers need not be whole, and text in `.npy`, `.npz` and text files names classes.
    ///
    /// # Errors
    /// When the file is missing, damaged, or has no labels, or a value is not finite.
    pub fn read(path: &Path) -> Result<Self> {
        let source = Source::open(path)?;
        let labels = (Format::of(&source)?.read_labels)(&source)?;
        labels.of_samples().map_err(|what| source.error(what))
    }

    /// Finite numbers: classes where few are different, or where they are whole numbers from 0 on
    /// that come again and again; else values.
    pub(super) fn of_numbers(values: Vec<f64>) -> Self {
        let whole = |value: &f64| {
            (value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(value))
                .then_some(*value as u32)
        };
        let distinct = sorted(&values, f64::total_cmp);
        let repeated = distinct.len() <= MOST_CLASSES.max(values.len() / SAMPLES_PER_CLASS);
        if repeated && let Some(classes) = values.iter().map(whole).collect() {
            return Self::Classes(classes);
        }
        if distinct.len() <= MOST_CLASSES {
            Self::Classes(ranks(&values, &distinct, f64::total_cmp))
        } else {
            Self::Values(values.into_iter().map(|value| value as f32).collect())
        }
    }

    /// The number of labels.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a file without labels is an error"
    )]
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Values(values) => values.len(),
            Self::Names(names) => names.len(),
        }
    }
}

impl Reading {
    /// The samples with those of `labels` that are `kept`; the file has `whole` samples. Values
    /// become the parameter, and names classes in the order of the alphabet, those that are empty
    /// `(none)`.
    ///
    /// # Errors
    /// When there are not as many labels as samples; `source` names the labels.
    pub fn labelled_by(
        mut self,
        mut labels: SampleLabels,
        kept: Range<usize>,
        whole: usize,
        source: &Path,
    ) -> Result<Self> {
        if let SampleLabels::Names(names) = &mut labels
            && names.len() == whole + 1
        {
            names.remove(0);
        }
        let data = &mut self.data;
        if labels.len() != whole || kept.len() != data.samples || kept.end > whole {
            return Err(Error::input(format!(
                "{} has {} labels for {whole} samples: give one label a sample",
                source.display(),
                labels.len(),
            )));
        }
        (data.labels, data.parameter, self.classes) = match labels {
            SampleLabels::Classes(classes) => (Some(classes[kept].to_vec()), None, None),
            SampleLabels::Values(values) => (None, Some(values[kept].to_vec()), None),
            SampleLabels::Names(mut names) => {
                for name in names.iter_mut().filter(|name| name.trim().is_empty()) {
                    *name = NO_NAME.to_owned();
                }
                let distinct = sorted(&names, String::cmp);
                let classes = ranks(&names[kept], &distinct, String::cmp);
                (Some(classes), None, Some(distinct))
            }
        };
        Ok(self)
    }
}

/// The different ones of `values` in order.
fn sorted<T: Clone>(values: &[T], order: fn(&T, &T) -> std::cmp::Ordering) -> Vec<T> {
    let mut distinct = values.to_vec();
    distinct.sort_by(order);
    distinct.dedup_by(|a, b| order(a, b).is_eq());
    distinct
}

/// The place of each of `values` among `distinct`.
fn ranks<T>(values: &[T], distinct: &[T], order: fn(&T, &T) -> std::cmp::Ordering) -> Vec<u32> {
    let rank = |value| distinct.partition_point(|other| order(other, value).is_lt()) as u32;
    values.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, content: &[u8]) -> Result<SampleLabels> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        SampleLabels::read(&path)
    }

    /// An `.npy` of `shape` (3,) of text of 2 characters.
    fn text(kind: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (3,), }}\n");
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
    }

    #[test]
    fn numbers_are_classes_or_values_and_text_names_classes() {
        let classes = |numbers: &[u32]| SampleLabels::Classes(numbers.to_vec());
        assert_eq!(read("l.csv", b"y\n3\n0\n").unwrap(), classes(&[3, 0]));
        assert_eq!(read("l.csv", b"1\n-1\n1\n").unwrap(), classes(&[1, 0, 1]));
        let many: String = (0..30)
            .map(|i| format!("{}\n", f64::from(i) / 8.0))
            .collect();
        let values: Vec<f32> = (0..30_u8).map(|i| f32::from(i) / 8.0).collect();
        assert_eq!(
            read("l.csv", many.as_bytes()).unwrap(),
            SampleLabels::Values(values)
        );
        // Whole numbers of which each comes once or twice measure something.
        let ages: String = (0..60).map(|i| format!("{}\n", i / 2)).collect();
        let ages = read("l.csv", ages.as_bytes()).unwrap();
        assert!(matches!(ages, SampleLabels::Values(_)), "{ages:?}");
        let hundred: String = (0..500).map(|i| format!("{}\n", i % 100)).collect();
        let hundred = read("l.csv", hundred.as_bytes()).unwrap();
        assert!(matches!(hundred, SampleLabels::Classes(_)), "{hundred:?}");
        let names = |names: [&str; 3]| SampleLabels::Names(names.map(str::to_owned).to_vec());
        assert_eq!(
            read("l.tsv", b"kind\nb\na\n").unwrap(),
            names(["kind", "b", "a"])
        );
        let wide: Vec<u8> = "b\0a\0cd"
            .chars()
            .flat_map(|character| u32::from(character).to_le_bytes())
            .collect();
        assert_eq!(
            read("l.npy", &text("<U2", &wide)).unwrap(),
            names(["b", "a", "cd"])
        );
        assert_eq!(
            read("l.npy", &text("|S2", b"b\0a\0cd")).unwrap(),
            names(["b", "a", "cd"])
        );
    }

    #[test]
    fn a_header_is_no_name_and_values_are_the_parameter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, "0\n1\n2\n").unwrap();
        let data = || crate::data::read_dataset(&path, &Default::default()).unwrap();
        let names = ["kind", "b", "a", "b"].map(str::to_owned).to_vec();
        let named = data()
            .labelled_by(SampleLabels::Names(names.clone()), 0..3, 3, &path)
            .unwrap();
        assert_eq!(named.data.labels, Some(vec![1, 0, 1]));
        assert_eq!(named.classes.unwrap(), ["a", "b"]);
        let some = ["b", "", " "].map(str::to_owned).to_vec();
        let some = data()
            .labelled_by(SampleLabels::Names(some), 0..3, 3, &path)
            .unwrap();
        assert_eq!(some.data.labels, Some(vec![1, 0, 0]));
        assert_eq!(some.classes.unwrap(), ["(none)", "b"]);
        let valued = SampleLabels::Values(vec![-1.0, 1.0, 0.0, 9.0]);
        // Of four samples, these are the first three.
        let valued = data().labelled_by(valued, 0..3, 4, &path).unwrap();
        assert_eq!(valued.data.labels, None);
        assert_eq!(valued.data.parameter, Some(vec![-1.0, 1.0, 0.0]));
        let refused = data()
            .labelled_by(SampleLabels::Names(names), 0..2, 2, &path)
            .unwrap_err();
        assert!(
            refused.to_string().contains("4 labels for 2 samples"),
            "{refused}"
        );
    }
}
