//! HDF5, with what is kept in it: datasets under any name (h5py), annotated matrices (AnnData), and
//! MATLAB's version 7.3.

#[cfg(feature = "hdf5")]
mod anndata;
#[cfg(feature = "hdf5")]
mod file;
#[cfg(feature = "hdf5")]
mod lzf;
#[cfg(feature = "hdf5")]
mod matlab;

#[cfg(not(feature = "hdf5"))]
use super::format::left_out;
use super::format::{Format, Reader};
use super::labels::Labels;
use super::source::Source;
use super::table::Table;
use crate::data::reading::TableOptions;
use crate::error::Result;

pub(super) const FORMAT: Format = Format {
    name: "HDF5 (.h5, .h5ad, .mat version 7.3)",
    files: "HDF5 `.h5`, AnnData `.h5ad`, `.mat` version 7.3 (feature `hdf5`)",
    labels: "a dataset of the usual name; a column of `obs`",
    parts: "a dataset such as `group/x`, `train`, `test`; `obsm/X_pca`, `layers/NAME`",
    detect,
    reader: Reader::Table(read::table),
    read_labels: read::labels,
};

const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// HDF5 begins at byte 0, or behind a block of 512 bytes or a power of two times as many.
fn detect(source: &Source) -> Result<bool> {
    let name = source.name();
    let named = [".h5", ".hdf5", ".h5ad", ".he5"];
    Ok(source.begins_with(MAGIC)?
        || source.begins_with(b"MATLAB 7")?
        || named.iter().any(|ending| name.ends_with(ending)) && source.is_plain())
}

#[cfg(not(feature = "hdf5"))]
mod read {
    use super::*;

    pub(super) fn table(source: &Source, _: &TableOptions) -> Result<Table> {
        Err(left_out(source, "HDF5", "hdf5"))
    }

    pub(super) fn labels(source: &Source) -> Result<Labels> {
        Err(left_out(source, "HDF5", "hdf5"))
    }
}

#[cfg(feature = "hdf5")]
mod read {
    use super::super::format::Labelled;
    use super::super::members::{choose, choose_labels};
    use super::file::File;
    use super::*;
    use super::{anndata, matlab};

    pub(super) fn table(source: &Source, options: &TableOptions) -> Result<Table> {
        let but_the_label = TableOptions {
            label_column: None,
            ..options.clone()
        };
        let read = || {
            let file = File::open(source)?;
            let (array, labels) = match file.kind() {
                Kind::AnnData if !but_the_label.chooses() => {
                    anndata::samples(&file, source, options.label_column.as_deref())?
                }
                Kind::AnnData => {
                    return Err("takes --label-column, but no other flag of tables".into());
                }
                _ if options.chooses() => {
                    return Err("is no table: --columns, --label-column, --id-column and --missing are for those".into());
                }
                Kind::Matlab => matlab::samples(&file, source.part())?,
                Kind::Datasets => datasets(&file, source)?,
            };
            Ok((array, labels))
        };
        let (array, labels) = read().map_err(|what: String| source.error(what))?;
        Ok(Table {
            array,
            labels,
            columns: Vec::new(),
            means: Vec::new(),
        })
    }

    pub(super) fn labels(source: &Source) -> Result<Labels> {
        let read = || {
            let file = File::open(source)?;
            match file.kind() {
                Kind::AnnData => anndata::labels(&file, source.part()),
                Kind::Matlab => matlab::labels(&file, source.part()),
                Kind::Datasets => {
                    let names = file.datasets()?;
                    file.labels(choose_labels(&names_of(&names), plain(source.part()))?)
                }
            }
        };
        read().map_err(|what| source.error(what))
    }

    /// What a file is.
    pub(super) enum Kind {
        AnnData,
        Matlab,
        Datasets,
    }

    /// The samples that the part names or that have a usual name, with their labels; the only
    /// dataset of samples where none has.
    fn datasets(file: &File, source: &Source) -> Result<Labelled, String> {
        let names = file.datasets()?;
        let part = plain(source.part());
        let (samples, labels) = choose(&names_of(&names), part).or_else(|what| {
            let tables: Vec<_> = names.iter().filter(|(_, extents)| *extents > 1).collect();
            match (tables.as_slice(), part) {
                ([(only, _)], None) => Ok((only.as_str(), None)),
                _ => Err(what),
            }
        })?;
        let array = file.samples(samples, source)?;
        let labels = labels.map(|name| file.labels(name)?.of_samples());
        Ok((array, labels.transpose()?))
    }

    fn names_of(datasets: &[(String, usize)]) -> Vec<&str> {
        datasets.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// A path without the slash that it may begin with.
    fn plain(part: Option<&str>) -> Option<&str> {
        part.map(|part| part.trim_start_matches('/'))
    }
}
