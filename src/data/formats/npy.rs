//! NumPy's `.npy`.

use super::format::{Format, Reader};
use super::labels::Labels;
use super::npy_header::{Header, MAGIC, header_bytes};
use super::npy_mapped::map;
use super::source::{Source, read_bytes};
use crate::data::array::{Array, count};
use crate::data::number::Number;
use crate::data::write_atomically;
use crate::error::{Error, Result};
use std::path::Path;

pub(super) const FORMAT: Format = Format {
    name: ".npy",
    files: "`.npy` (numbers of any type): [N, n], [N, H, W], [N, C, H, W] or [N, H, W, C] of any number of channels, [N, C, L] with `--layout ncl`",
    labels: "`--labels FILE`",
    parts: "",
    detect: |source| source.begins_with(MAGIC),
    reader: Reader::Array(|source| Ok((read(source)?, None))),
    read_labels: |source| labels(source.bytes()?).map_err(|what| source.error(what)),
};

fn read(source: &Source) -> Result<Array> {
    if let Some(mapped) = map(source)? {
        return Ok(mapped);
    }
    let bytes = source.bytes()?;
    let array = parse(bytes).map_err(|what| source.error(what))?;
    if let Some(what) = conversion(bytes) {
        source.note(&what);
    }
    Ok(array)
}

/// The array in the bytes of a file; an error is the end of a sentence that begins with the file's
/// name.
pub(super) fn parse(bytes: &[u8]) -> Result<Array, String> {
    let (header, data) = open(bytes)?;
    let values = number(&header)?.read(data, header.big);
    let shape = header.shape;
    if header.fortran && shape.len() > 1 {
        let order: Vec<usize> = (0..shape.len()).collect();
        return Ok(Array::of_columns(&values, &shape, &order));
    }
    Ok(Array { shape, values })
}

/// What is said of an array that is converted, as the end of a sentence; `None` where it is read as
/// it is.
pub(super) fn conversion(bytes: &[u8]) -> Option<String> {
    let (header, _) = open(bytes).ok()?;
    let number = number(&header).ok()?;
    let big = header.big && number.size() > 1;
    let order = (header.fortran && header.shape.len() > 1).then_some(" in Fortran order");
    let plain = matches!(number, Number::U8 | Number::F32 | Number::F64) && !big;
    (!plain || order.is_some()).then(|| {
        let ends = if big { " with high bytes first" } else { "" };
        format!(
            "holds {}{ends}{}: converted",
            number.name(),
            order.unwrap_or_default()
        )
    })
}

/// The type of the elements.
pub(super) fn number(header: &Header) -> Result<Number, String> {
    Ok(match (header.kind, header.size) {
        ('b', 1) => Number::Bool,
        ('u', 1) => Number::U8,
        ('u', 2) => Number::U16,
        ('u', 4) => Number::U32,
        ('u', 8) => Number::U64,
        ('i', 1) => Number::I8,
        ('i', 2) => Number::I16,
        ('i', 4) => Number::I32,
        ('i', 8) => Number::I64,
        ('f', 2) => Number::F16,
        ('f', 4) => Number::F32,
        ('f', 8) => Number::F64,
        _ => {
            return Err(format!(
                "has elements of type {}, but real numbers are needed: convert it with .astype('float64')",
                header.description
            ));
        }
    })
}

/// Whole numbers of any integer type, as labels come in; `None` where the elements are not
/// integers.
pub(super) fn parse_integers(bytes: &[u8]) -> Result<Option<Vec<i64>>, String> {
    let (header, data) = open(bytes)?;
    if !matches!((header.kind, header.size), ('u' | 'i', 1 | 2 | 4 | 8)) {
        return Ok(None);
    }
    let append = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
    let unused = 64 - 8 * header.size;
    let integer = |element: &[u8]| {
        let number = match header.big {
            true => element.iter().fold(0, append),
            false => element.iter().rev().fold(0, append),
        };
        match header.kind {
            // Fills with the sign.
            'i' => (number << unused).cast_signed() >> unused,
            _ => number.cast_signed(),
        }
    };
    Ok(Some(data.chunks_exact(header.size).map(integer).collect()))
}

/// Elements of text; `None` where they are no text.
fn parse_text(bytes: &[u8]) -> Result<Option<Vec<String>>, String> {
    let (header, data) = open(bytes)?;
    // A code point that is too large for one was written in the other byte order.
    let code = |four: &[u8; 4]| match u32::from_le_bytes(*four) {
        code if code > 0x0010_FFFF => code.swap_bytes(),
        code => code,
    };
    let name = |element: &[u8]| -> String {
        let name: String = match header.kind {
            'U' => {
                let codes = element.as_chunks().0.iter().map(code);
                codes.filter_map(char::from_u32).collect()
            }
            _ => String::from_utf8_lossy(element).into_owned(),
        };
        name.trim_end_matches('\0').to_owned()
    };
    Ok(match header.kind {
        'U' | 'S' | 'a' if header.size > 0 => {
            Some(data.chunks_exact(header.size).map(name).collect())
        }
        _ => None,
    })
}

/// Labels of any type.
pub(super) fn labels(bytes: &[u8]) -> Result<Labels, String> {
    if let Some(names) = parse_text(bytes)? {
        return Ok(Labels::Text(names));
    }
    Ok(match parse_integers(bytes)? {
        Some(integers) => Labels::Whole(integers),
        None => Labels::Other(parse(bytes)?.values),
    })
}

/// Reads an `.npy` of integers from 0 to 2^32 - 1 of any type: its shape and elements.
///
/// # Errors
/// When the file is missing, damaged, no `.npy` of integers, or holds others.
pub fn read_integers(path: &Path) -> Result<(Vec<usize>, Vec<u32>)> {
    let bytes = read_bytes(path)?;
    let sentence = |what: String| Error::input(format!("{} {what}", path.display()));
    if !bytes.starts_with(MAGIC) {
        return Err(sentence("is no .npy file".into()));
    }
    let (header, _) = open(&bytes).map_err(sentence)?;
    let Some(integers) = parse_integers(&bytes).map_err(sentence)? else {
        return Err(sentence("does not hold integers".into()));
    };
    let small = |value: i64| {
        u32::try_from(value).map_err(|_| sentence(format!("holds {value}, which is no index")))
    };
    Ok((
        header.shape,
        integers.into_iter().map(small).collect::<Result<_>>()?,
    ))
}

/// The header, whose shape has been checked against the data, and the data.
pub(super) fn open(bytes: &[u8]) -> Result<(Header, &[u8]), String> {
    let header = Header::read(bytes)?;
    let data = &bytes[header.length..];
    let needed = count(&header.shape).and_then(|elements| elements.checked_mul(header.size));
    match needed {
        Some(needed) if needed == data.len() => Ok((header, data)),
        _ => Err(format!(
            "is cut short or damaged: shape {:?} of type {} does not agree with the {} bytes of data that it has",
            header.shape,
            header.description,
            data.len()
        )),
    }
}

/// Writes f32 as `.npy`, in C order.
///
/// # Errors
/// When the file cannot be written.
pub fn write_npy(path: &Path, shape: &[usize], values: &[f32]) -> Result<()> {
    write(path, 'f', shape, values)
}

/// Writes f64 as `.npy`, in C order.
///
/// # Errors
/// When the file cannot be written.
pub fn write_npy_doubles(path: &Path, shape: &[usize], values: &[f64]) -> Result<()> {
    write(path, 'f', shape, values)
}

/// Writes u8 as `.npy`, in C order.
///
/// # Errors
/// When the file cannot be written.
pub fn write_npy_bytes(path: &Path, shape: &[usize], values: &[u8]) -> Result<()> {
    write(path, 'u', shape, values)
}

/// Writes u32 as `.npy`, in C order.
///
/// # Errors
/// When the file cannot be written.
pub fn write_npy_integers(path: &Path, shape: &[usize], values: &[u32]) -> Result<()> {
    write(path, 'u', shape, values)
}

/// Writes values of a kind of numbers, `f`, `u` or `i`.
fn write<T: bytemuck::NoUninit>(
    path: &Path,
    kind: char,
    shape: &[usize],
    values: &[T],
) -> Result<()> {
    assert_eq!(
        count(shape),
        Some(values.len()),
        "the shape must count the values"
    );
    let order = match size_of::<T>() {
        1 => '|',
        _ if cfg!(target_endian = "big") => '>',
        _ => '<',
    };
    let header = header_bytes(&format!("{order}{kind}{}", size_of::<T>()), shape);
    write_atomically(path, |file| {
        file.write_all(&header)?;
        file.write_all(bytemuck::cast_slice(values))
    })
}
