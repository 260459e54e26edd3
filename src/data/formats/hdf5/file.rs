//! An open HDF5 file: its datasets, and what is in them.

use super::super::labels::Labels;
use super::super::source::Source;
use super::super::sparse::{Layout, dense, estimate};
use super::lzf;
use super::read::Kind;
use crate::data::array::{Array, count};
use crate::data::number::Number;
use hdf5_reader::error::{ByteOrder, Error};
use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Datatype, FilterRegistry, Hdf5File, OpenOptions};

/// So many datasets are listed at most, ...
const MOST: usize = 1000;
/// ... in groups so deep.
const DEEPEST: usize = 8;
/// A dataset is at most so many times as long as the file: no filter packs more tightly. ...
const MOST_GROWTH: u64 = 2000;
/// ... or it has at most so many bytes.
const SMALL: u64 = 64 << 20;

/// An open file.
pub(super) struct File {
    hdf5: Hdf5File,
    root: Group,
}

fn sentence(error: impl std::fmt::Display) -> String {
    format!("is damaged, or HDF5 that nrae cannot read: {error}")
}

impl File {
    pub(super) fn open(source: &Source) -> Result<Self, String> {
        let mut filters = FilterRegistry::new();
        filters.register(lzf::FILTER, Box::new(lzf::filter));
        let length = source.length().map_err(sentence)?;
        let most = length.saturating_mul(MOST_GROWTH).max(SMALL);
        let options = OpenOptions {
            filter_registry: Some(filters),
            max_read_bytes: usize::try_from(most).unwrap_or(usize::MAX),
            ..Default::default()
        };
        let hdf5 = if source.is_gzip() {
            let bytes = source
                .bytes()
                .map_err(|error| format!("cannot be read: {error}"))?;
            Hdf5File::from_bytes_with_options(bytes, options)
        } else {
            Hdf5File::open_with_options(source.file(), options)
        };
        let hdf5 = hdf5.map_err(|error| match error {
            Error::InvalidMagic => "is no HDF5, or does not begin as HDF5 does".into(),
            other => sentence(other),
        })?;
        let root = hdf5.root_group().map_err(sentence)?;
        Ok(Self { hdf5, root })
    }

    /// What is kept in the file.
    pub(super) fn kind(&self) -> Kind {
        let (groups, datasets) = self.root.member_names().unwrap_or_default();
        let has = |name: &str| groups.iter().chain(&datasets).any(|member| member == name);
        if has("X") && has("obs") && has("var") {
            return Kind::AnnData;
        }
        let matlab = datasets.iter().any(|name| {
            let dataset = self.root.dataset(name);
            dataset.is_ok_and(|dataset| dataset.attribute("MATLAB_class").is_ok())
        });
        if matlab { Kind::Matlab } else { Kind::Datasets }
    }

    /// Paths of all datasets of numbers or text with one extent at least, and of groups that hold a
    /// sparse matrix; with the number of their extents.
    pub(super) fn datasets(&self) -> Result<Vec<(String, usize)>, String> {
        let mut found = Vec::new();
        let mut seen = vec![self.root.address()];
        walk(&self.root, "", DEEPEST, &mut seen, &mut found)?;
        Ok(found)
    }

    /// A dataset, or `None` where there is none of this path.
    pub(super) fn dataset(&self, path: &str) -> Option<Dataset> {
        self.hdf5.dataset(path).ok()
    }

    /// A group, or `None` where there is none of this path.
    pub(super) fn group(&self, path: &str) -> Option<Group> {
        self.hdf5.group(path).ok()
    }

    /// The samples at `path`; of sparse ones it is said that they are made dense.
    pub(super) fn samples(&self, path: &str, source: &Source) -> Result<Array, String> {
        match self.group(path) {
            Some(group) => {
                let (array, words) = self.sparse(path, &group)?;
                source.note(&format!("holds {path} {words}"));
                Ok(array)
            }
            None => numbers(&self.hdf5.dataset(path).map_err(sentence)?),
        }
    }

    /// A sparse matrix as AnnData and 10x Genomics keep it: data, indices, indptr and the shape,
    /// which 10x keeps with the columns first.
    fn sparse(&self, path: &str, group: &Group) -> Result<(Array, String), String> {
        let whole = |name: &str| -> Result<Vec<u64>, String> {
            let dataset = group.dataset(name).map_err(sentence)?;
            let values = doubles(&dataset)?;
            Ok(values.into_iter().map(|value| value as u64).collect())
        };
        let pair = |extents: &[u64]| {
            <[u64; 2]>::try_from(extents)
                .map_err(|_| format!("has a sparse matrix {path} without a shape of two extents"))
        };
        let shape = ["shape", "h5sparse_shape"]
            .iter()
            .find_map(|name| integers(&group.attribute(name).ok()?));
        let kind = ["encoding-type", "h5sparse_format"]
            .iter()
            .find_map(|name| group.attribute(name).ok()?.read_string().ok())
            .unwrap_or_default();
        let shape = match shape {
            Some(shape) => pair(&shape)?,
            None => {
                let [features, samples] = pair(&whole("shape")?)?;
                [samples, features]
            }
        };
        let data = group.dataset("data").map_err(sentence)?;
        estimate(shape, data.num_elements().map_err(sentence)?)?;
        let (pointers, indices) = (whole("indptr")?, whole("indices")?);
        let layout = match kind.as_str() {
            "csc_matrix" | "csc" => Layout::Columns { pointers, indices },
            _ => Layout::Rows { pointers, indices },
        };
        dense(shape, &numbers(&data)?.values, &layout)
    }

    /// Labels: numbers or text, one extent long.
    pub(super) fn labels(&self, path: &str) -> Result<Labels, String> {
        let dataset = self.hdf5.dataset(path).map_err(sentence)?;
        match is_text(&dataset) {
            true => Ok(Labels::Text(texts(&dataset)?)),
            false => Ok(Labels::Other(numbers(&dataset)?.values)),
        }
    }
}

/// Adds what is in `group`, whose path is `prefix`, to `found`.
fn walk(
    group: &Group,
    prefix: &str,
    deepest: usize,
    seen: &mut Vec<u64>,
    found: &mut Vec<(String, usize)>,
) -> Result<(), String> {
    let (groups, datasets) = group.member_names().map_err(sentence)?;
    let path = |name: &str| format!("{prefix}{name}");
    for name in datasets.iter().take(MOST.saturating_sub(found.len())) {
        // One damaged dataset does not hide the others.
        if let Ok(dataset) = group.dataset(name)
            && !dataset.shape().is_empty()
            && (is_text(&dataset) || number(dataset.dtype()).is_some())
        {
            found.push((path(name), dataset.shape().len()));
        }
    }
    for name in groups.iter().filter(|name| !name.starts_with('#')) {
        let Ok(inner) = group.group(name) else {
            continue;
        };
        if seen.contains(&inner.address()) || deepest == 0 || found.len() >= MOST {
            continue;
        }
        seen.push(inner.address());
        let is_sparse = |name: &&str| inner.dataset(name).is_ok();
        if ["data", "indices", "indptr"].iter().all(is_sparse) {
            found.push((path(name), 2));
        } else {
            walk(
                &inner,
                &format!("{}/", path(name)),
                deepest - 1,
                seen,
                found,
            )?;
        }
    }
    Ok(())
}

/// An attribute of whole numbers.
fn integers(attribute: &hdf5_reader::Attribute) -> Option<Vec<u64>> {
    let signed = || {
        let values = attribute.read_1d::<i64>().ok()?;
        values
            .into_iter()
            .map(|value| u64::try_from(value).ok())
            .collect()
    };
    let small = || {
        let values = attribute.read_1d::<i32>().ok()?;
        values
            .into_iter()
            .map(|value| u64::try_from(value).ok())
            .collect()
    };
    attribute
        .read_1d::<u64>()
        .ok()
        .or_else(signed)
        .or_else(small)
}

fn is_text(dataset: &Dataset) -> bool {
    match dataset.dtype() {
        Datatype::String { .. } => true,
        Datatype::VarLen { base, .. } => base.is_vlen_string_base(),
        _ => false,
    }
}

/// All texts of a dataset.
pub(super) fn texts(dataset: &Dataset) -> Result<Vec<String>, String> {
    dataset.read_strings().map_err(sentence)
}

/// A dataset of numbers of any type.
pub(super) fn numbers(dataset: &Dataset) -> Result<Array, String> {
    let raw = raw(dataset)?;
    let values = raw.kind.read(&raw.bytes, raw.big);
    if count(&raw.shape) != Some(values.len()) {
        return Err(format!(
            "is damaged: shape {:?} of its dataset {} does not agree with the {} values that it has",
            raw.shape,
            dataset.name(),
            values.len()
        ));
    }
    Ok(Array {
        shape: raw.shape,
        values,
    })
}

/// The numbers of a dataset as f64.
pub(super) fn doubles(dataset: &Dataset) -> Result<Vec<f64>, String> {
    let values = numbers(dataset)?.values;
    Ok((0..values.len()).map(|at| values.get_double(at)).collect())
}

/// Numbers as the file has them.
pub(super) struct Raw {
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Vec<u8>,
    pub(super) kind: Number,
    pub(super) big: bool,
}

/// A dataset of numbers, not yet converted.
pub(super) fn raw(dataset: &Dataset) -> Result<Raw, String> {
    let name = dataset.name();
    let shape = dataset.shape().iter().map(|&extent| {
        usize::try_from(extent).map_err(|_| format!("has a dataset {name} of extent {extent}"))
    });
    let shape = shape.collect::<Result<Vec<_>, _>>()?;
    let Some((kind, order)) = number(dataset.dtype()) else {
        return Err(format!(
            "holds {} in the dataset {name}, where numbers are needed",
            described(dataset.dtype())
        ));
    };
    let bytes = dataset.read_raw_bytes().map_err(sentence)?;
    Ok(Raw {
        shape,
        bytes,
        kind,
        big: order == ByteOrder::BigEndian,
    })
}

/// The type of numbers, where they are some.
fn number(kind: &Datatype) -> Option<(Number, ByteOrder)> {
    Some(match *kind {
        Datatype::FixedPoint {
            size,
            signed,
            byte_order,
        } => {
            let kind = match (size, signed) {
                (1, true) => Number::I8,
                (1, false) => Number::U8,
                (2, true) => Number::I16,
                (2, false) => Number::U16,
                (4, true) => Number::I32,
                (4, false) => Number::U32,
                (8, true) => Number::I64,
                (8, false) => Number::U64,
                _ => return None,
            };
            (kind, byte_order)
        }
        Datatype::FloatingPoint { size, byte_order } => {
            let kind = match size {
                2 => Number::F16,
                4 => Number::F32,
                8 => Number::F64,
                _ => return None,
            };
            (kind, byte_order)
        }
        // As h5py keeps truth values.
        Datatype::Enum { ref base, .. } => match number(base)? {
            (Number::I8 | Number::U8, order) => (Number::Bool, order),
            other => other,
        },
        _ => return None,
    })
}

/// What is in a dataset, for a sentence.
fn described(kind: &Datatype) -> &'static str {
    match kind {
        Datatype::String { .. } | Datatype::VarLen { .. } => "text",
        Datatype::Compound { .. } => "records",
        Datatype::Reference { .. } => "references",
        _ => "no plain numbers",
    }
}
