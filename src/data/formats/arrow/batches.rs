//! The columns of a file, batch by batch.

use super::super::caught::caught;
use super::super::column::{self, Column};
use super::super::source::Source;
use super::{Kind, check, thrift};
use crate::error::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, RecordBatch};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::reader::ChunkReader;
use std::fs::File;
use std::io::Cursor;

/// What pandas no longer writes.
const FEATHER_1: &str = "Feather of version 1";

/// A named field over all batches.
struct Field {
    name: String,
    cells: Cells,
}

/// What a field holds, one entry a row.
enum Cells {
    /// [rows, width]; NaN where a number is missing. Lists of one length have a width above 1.
    Numbers { values: Vec<f64>, width: usize },
    /// Empty where a text is missing.
    Text(Vec<String>),
    /// What is neither, by the name of its type.
    Other(String),
}

/// Where pandas keeps the names of rows.
const INDEX: &str = "__index_level_";

/// All columns of a file, or of the files of a folder. Lists of one length are a column for each of
/// their numbers; what is neither numbers nor text is left out, and said.
///
/// # Errors
/// When it cannot be read, is damaged, or has no row.
pub(super) fn columns(source: &Source, kind: Kind) -> Result<Vec<Column>> {
    let mut columns = Vec::new();
    let mut left_out = Vec::new();
    for Field { name, cells } in fields(source, kind)? {
        match cells {
            _ if name.starts_with(INDEX) => left_out.push(format!("{name} (names of rows)")),
            Cells::Other(kind) => left_out.push(format!("{name} ({kind})")),
            Cells::Text(texts) => {
                let cells = column::Cells::Text(texts);
                columns.push(Column { name, cells });
            }
            Cells::Numbers { values, width: 1 } => {
                let cells = column::Cells::Numbers(values);
                columns.push(Column { name, cells });
            }
            Cells::Numbers { values, width } => columns.extend((0..width).map(|at| {
                let values = values.iter().skip(at).step_by(width);
                Column {
                    name: format!("{name}.{at}"),
                    cells: column::Cells::Numbers(values.copied().collect()),
                }
            })),
        }
    }
    if !left_out.is_empty() {
        source.note(&format!(
            "has columns that are left out: {}",
            left_out.join(", ")
        ));
    }
    let rows: Vec<usize> = columns.iter().map(Column::len).collect();
    match rows.as_slice() {
        [] => Err(source.error("has no column of numbers or text with a row in it".into())),
        [rows, others @ ..] if others.iter().any(|other| other != rows) => {
            Err(source.error("is damaged: its columns have different lengths".into()))
        }
        [0, ..] => Err(source.error("has no rows".into())),
        _ => Ok(columns),
    }
}

/// The fields of a file, or of the files of a folder.
fn fields(source: &Source, kind: Kind) -> Result<Vec<Field>> {
    let refused = |what: String| {
        source.error(if what.contains("brotli") {
            "is packed with brotli, which nrae does not unpack: write it with compression='zstd'"
                .into()
        } else if what.contains(FEATHER_1) {
            format!("is {FEATHER_1}: write it again with pandas.read_feather(...).to_feather(...)")
        } else {
            format!("is damaged or cannot be read: {what}")
        })
    };
    if matches!(kind, Kind::Arrow) {
        let bytes = source.bytes()?;
        return caught(|| of_arrow(bytes)).map_err(refused);
    }
    if source.is_gzip() {
        let bytes = bytes::Bytes::copy_from_slice(source.bytes()?);
        return caught(|| of_parquet(bytes)).map_err(refused);
    }
    let mut paths = source.parts("parquet")?;
    if paths.is_empty() {
        paths.push(source.file().to_owned());
    }
    let mut all: Option<Vec<Field>> = None;
    for path in paths {
        let file = File::open(&path).map_err(|error| Error::file(&path, error))?;
        let more = caught(|| of_parquet(file)).map_err(refused)?;
        match &mut all {
            None => all = Some(more),
            Some(all) => together(all, more).map_err(refused)?,
        }
    }
    Ok(all.unwrap_or_default())
}

/// Adds the rows of a further file.
fn together(all: &mut [Field], more: Vec<Field>) -> Result<(), String> {
    let names = |columns: &[Field]| -> Vec<String> {
        columns.iter().map(|column| column.name.clone()).collect()
    };
    if names(all) != names(&more) {
        return Err(format!(
            "its parts have the columns {} and {}",
            names(all).join(", "),
            names(&more).join(", ")
        ));
    }
    let mut pairs = all.iter_mut().zip(more);
    pairs.try_for_each(|(column, more)| extend(column, more.cells))
}

fn of_parquet<T: ChunkReader + 'static>(file: T) -> Result<Vec<Field>, String> {
    let length = file.len();
    thrift::footer(&file)?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default())
        .map_err(|error| error.to_string())?;
    check::places(metadata.metadata(), length)?;
    thrift::pages(&file, metadata.metadata())?;
    let schema = metadata.schema().clone();
    let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .build()
        .map_err(|error| error.to_string())?;
    gathered(&schema, batches)
}

fn of_arrow(bytes: &[u8]) -> Result<Vec<Field>, String> {
    if bytes.starts_with(b"FEA1") {
        return Err(FEATHER_1.into());
    }
    check::lengths(bytes)?;
    let (file, text) = (Cursor::new(bytes), |error: ArrowError| error.to_string());
    if bytes.starts_with(check::MAGIC) {
        let batches = FileReader::try_new(file, None).map_err(text)?;
        gathered(&batches.schema(), batches)
    } else {
        let batches = StreamReader::try_new(file, None).map_err(text)?;
        gathered(&batches.schema(), batches)
    }
}

/// The columns of `schema` over all batches.
fn gathered(
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<Vec<Field>, String> {
    let empty = |field: &arrow_schema::FieldRef| Field {
        name: field.name().clone(),
        cells: Cells::Other(field.data_type().to_string()),
    };
    let mut columns: Vec<Field> = schema.fields().iter().map(empty).collect();
    for batch in batches {
        let batch = batch.map_err(|error| error.to_string())?;
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            let more = cells(array).map_err(|what| format!("its column {} {what}", column.name))?;
            extend(column, more)?;
        }
    }
    Ok(columns)
}

/// Adds the cells of a further batch.
fn extend(field: &mut Field, more: Cells) -> Result<(), String> {
    let lists = |width: usize, other: usize| {
        Err(format!(
            "its column {} has lists of {width} and of {other} numbers",
            field.name
        ))
    };
    match (&mut field.cells, more) {
        (
            Cells::Numbers { values, width },
            Cells::Numbers {
                values: more,
                width: other,
            },
        ) => {
            if *width != other && !values.is_empty() && !more.is_empty() {
                return lists(*width, other);
            }
            if !more.is_empty() {
                *width = other;
            }
            values.extend(more);
        }
        (Cells::Text(texts), Cells::Text(more)) => texts.extend(more),
        // Before the first batch nothing is known of a field.
        (cells, more) => *cells = more,
    }
    Ok(())
}

/// An array as cells.
fn cells(array: &dyn Array) -> Result<Cells, String> {
    let numbers = |values| Ok(Cells::Numbers { values, width: 1 });
    match array.data_type() {
        DataType::Int8 => numbers(primitive::<Int8Type>(array, f64::from)),
        DataType::Int16 => numbers(primitive::<Int16Type>(array, f64::from)),
        DataType::Int32 => numbers(primitive::<Int32Type>(array, f64::from)),
        DataType::Int64 => numbers(primitive::<Int64Type>(array, |value| value as f64)),
        DataType::UInt8 => numbers(primitive::<UInt8Type>(array, f64::from)),
        DataType::UInt16 => numbers(primitive::<UInt16Type>(array, f64::from)),
        DataType::UInt32 => numbers(primitive::<UInt32Type>(array, f64::from)),
        DataType::UInt64 => numbers(primitive::<UInt64Type>(array, |value| value as f64)),
        DataType::Float16 => numbers(primitive::<Float16Type>(array, f64::from)),
        DataType::Float32 => numbers(primitive::<Float32Type>(array, f64::from)),
        DataType::Float64 => numbers(primitive::<Float64Type>(array, |value| value)),
        DataType::Decimal128(_, scale) => {
            let unit = 10.0_f64.powi(-i32::from(*scale));
            numbers(primitive::<Decimal128Type>(array, |value| {
                value as f64 * unit
            }))
        }
        DataType::Boolean => {
            let values = array.as_boolean().iter();
            numbers(
                values
                    .map(|value| value.map_or(f64::NAN, |value| f64::from(u8::from(value))))
                    .collect(),
            )
        }
        DataType::Utf8 => Ok(texts(array.as_string::<i32>().iter())),
        DataType::LargeUtf8 => Ok(texts(array.as_string::<i64>().iter())),
        DataType::Utf8View => Ok(texts(array.as_string_view().iter())),
        DataType::Dictionary(..) => dictionary(array),
        DataType::List(_) => lists(array.as_list::<i32>().iter()),
        DataType::LargeList(_) => lists(array.as_list::<i64>().iter()),
        DataType::FixedSizeList(..) => lists(array.as_fixed_size_list().iter()),
        kind => Ok(Cells::Other(kind.to_string())),
    }
}

fn primitive<T: ArrowPrimitiveType>(
    array: &dyn Array,
    number: impl Fn(T::Native) -> f64,
) -> Vec<f64> {
    let values = array.as_primitive::<T>().iter();
    values
        .map(|value| value.map_or(f64::NAN, &number))
        .collect()
}

fn texts<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Cells {
    Cells::Text(
        texts
            .map(|text| text.unwrap_or_default().to_owned())
            .collect(),
    )
}

/// Categories.
fn dictionary(array: &dyn Array) -> Result<Cells, String> {
    let array = array.as_any_dictionary();
    let keys = cells(array.keys())?;
    let Cells::Numbers { values: keys, .. } = keys else {
        return Err("has keys that are no numbers".into());
    };
    let place = |key: &f64| (!key.is_nan()).then_some(*key as usize);
    Ok(match cells(array.values())? {
        Cells::Text(names) => {
            let name = |key| place(key).and_then(|at| names.get(at).cloned());
            Cells::Text(
                keys.iter()
                    .map(|key| name(key).unwrap_or_default())
                    .collect(),
            )
        }
        Cells::Numbers { values, width: 1 } => {
            let value = |key| place(key).and_then(|at| values.get(at).copied());
            let values = keys.iter().map(|key| value(key).unwrap_or(f64::NAN));
            Cells::Numbers {
                values: values.collect(),
                width: 1,
            }
        }
        _ => Cells::Other(array.values().data_type().to_string()),
    })
}

/// Lists of one length, as embeddings come in.
fn lists(lists: impl Iterator<Item = Option<ArrayRef>>) -> Result<Cells, String> {
    let (mut all, mut width) = (Vec::new(), None);
    for (row, list) in lists.enumerate() {
        let Some(list) = list else {
            return Err(format!("has no list in row {row}"));
        };
        match cells(&list)? {
            Cells::Numbers {
                values,
                width: inner,
            } => {
                if *width.get_or_insert(values.len()) != values.len() || inner == 0 {
                    return Err(format!(
                        "has a list of {} numbers in row {row}, where others have {}",
                        values.len(),
                        width.unwrap_or(0)
                    ));
                }
                all.extend(values);
            }
            _ => return Ok(Cells::Other(format!("lists of {}", list.data_type()))),
        }
    }
    Ok(Cells::Numbers {
        values: all,
        width: width.unwrap_or(0),
    })
}
