//! NumPy's `.npy`.

use super::format::{Format, Reader};
use super::labels::Labels;
use super::number::Number;
use super::source::read_bytes;
use crate::data::array::{Array, Values, count};
use crate::data::{Bytes, write_atomically};
use crate::error::{Error, Result};
use memmap2::Mmap;
use npyz::{DType, Endianness, NpyFile, NpyHeader, Order, TypeChar, WriterBuilder};
use std::path::Path;
use std::sync::Arc;

pub(super) const FORMAT: Format = Format {
    name: ".npy",
    files: "`.npy` (numbers of any type): [N, n], [N, H, W], [N, C, H, W] or [N, H, W, C] of any number of channels, [N, C, L] with `--layout ncl`",
    labels: "`--labels FILE`",
    parts: "",
    detect: |source| source.begins_with(MAGIC),
    reader: Reader::Array(|source| {
        let array = match map(source.file())? {
            Some(mapped) => mapped,
            None => {
                let bytes = source.bytes()?;
                let array = parse(bytes).map_err(|what| source.error(what))?;
                if let Some(what) = conversion(bytes) {
                    source.note(&what);
                }
                array
            }
        };
        Ok((array, None))
    }),
    read_labels: |source| labels(source.bytes()?).map_err(|what| source.error(what)),
};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The array in the bytes of a file; an error is the end of a sentence that begins with the file's
/// name.
pub(super) fn parse(bytes: &[u8]) -> Result<Array, String> {
    let (file, shape) = open(bytes)?;
    let (number, big) = number(&file.dtype())?;
    let data = &bytes[bytes.len() - count(&shape).unwrap_or(0) * number.size()..];
    let values = number.read(data, big);
    if file.order() == Order::Fortran && shape.len() > 1 {
        let order: Vec<usize> = (0..shape.len()).collect();
        return Ok(Array::of_columns(&values, &shape, &order));
    }
    Ok(Array { shape, values })
}

/// What is said of an array that is converted, as the end of a sentence; `None` where it is read as
/// it is.
pub(super) fn conversion(bytes: &[u8]) -> Option<String> {
    let (file, shape) = open(bytes).ok()?;
    let (number, big) = number(&file.dtype()).ok()?;
    let order = (file.order() == Order::Fortran && shape.len() > 1).then_some(" in Fortran order");
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

/// The type of the elements, and whether their high bytes come first.
fn number(dtype: &DType) -> Result<(Number, bool), String> {
    let DType::Plain(kind) = dtype else {
        return Err(format!(
            "has records ({}), but numbers of one type are needed: save each field as an array of its own",
            dtype.descr()
        ));
    };
    let number = match (kind.type_char(), kind.size_field()) {
        (TypeChar::Bool, 1) => Number::Bool,
        (TypeChar::Uint, 1) => Number::U8,
        (TypeChar::Uint, 2) => Number::U16,
        (TypeChar::Uint, 4) => Number::U32,
        (TypeChar::Uint, 8) => Number::U64,
        (TypeChar::Int, 1) => Number::I8,
        (TypeChar::Int, 2) => Number::I16,
        (TypeChar::Int, 4) => Number::I32,
        (TypeChar::Int, 8) => Number::I64,
        (TypeChar::Float, 2) => Number::F16,
        (TypeChar::Float, 4) => Number::F32,
        (TypeChar::Float, 8) => Number::F64,
        _ => {
            return Err(format!(
                "has elements of type {}, but real numbers are needed: convert it with .astype('float64')",
                dtype.descr()
            ));
        }
    };
    Ok((number, kind.endianness() == Endianness::Big))
}

/// From this size on a file of bytes is mapped into memory rather than read.
const LARGE: u64 = 256 << 20;

/// A large `.npy` of bytes, mapped into memory; `None` for any other file.
///
/// # Errors
/// When the file cannot be opened, or its header does not agree with its length.
fn map(path: &Path) -> Result<Option<Array>> {
    let refused = |source| Error::file(path, source);
    let file = std::fs::File::open(path).map_err(refused)?;
    if file.metadata().map_err(refused)?.len() < LARGE {
        return Ok(None);
    }
    // SAFETY: the mapping is only read. Another program that shortens the file while it is in use
    // would end this one, as it would end any program that maps files; training data are not
    // written to meanwhile.
    let map = Arc::new(unsafe { Mmap::map(&file) }.map_err(refused)?);
    if !map.starts_with(MAGIC) {
        return Ok(None);
    }
    let (npy, shape) =
        open(&map).map_err(|what| Error::input(format!("{} {what}", path.display())))?;
    let DType::Plain(kind) = npy.dtype() else {
        return Ok(None);
    };
    let fortran = npy.order() == Order::Fortran && shape.len() > 1;
    if (kind.type_char(), kind.size_field()) != (TypeChar::Uint, 1) || fortran {
        return Ok(None);
    }
    let elements = shape.iter().product::<usize>();
    let first = map.len() - elements;
    Ok(Some(Array {
        shape,
        values: Values::Bytes(Bytes::mapped(map, first..first + elements)),
    }))
}

/// Whole numbers >= 0 of any integer type, as labels come in; `None` where the elements are not
/// integers.
pub(super) fn parse_integers(bytes: &[u8]) -> Result<Option<Vec<i64>>, String> {
    let (file, _) = open(bytes)?;
    let DType::Plain(kind) = file.dtype() else {
        return Ok(None);
    };
    macro_rules! read {
        ($type:ty) => {
            file.into_vec::<$type>()
                .map_err(|error| format!("cannot be read: {error}"))?
                .into_iter()
                .map(|v| v as i64)
                .collect()
        };
    }
    Ok(Some(match (kind.type_char(), kind.size_field()) {
        (TypeChar::Uint, 1) => read!(u8),
        (TypeChar::Uint, 2) => read!(u16),
        (TypeChar::Uint, 4) => read!(u32),
        (TypeChar::Uint, 8) => read!(u64),
        (TypeChar::Int, 1) => read!(i8),
        (TypeChar::Int, 2) => read!(i16),
        (TypeChar::Int, 4) => read!(i32),
        (TypeChar::Int, 8) => read!(i64),
        _ => return Ok(None),
    }))
}

/// Elements of text; `None` where they are no text.
fn parse_text(bytes: &[u8]) -> Result<Option<Vec<String>>, String> {
    let (file, shape) = open(bytes)?;
    let (DType::Plain(kind), Some(size)) = (file.dtype(), file.dtype().num_bytes()) else {
        return Ok(None);
    };
    // A code point that is too large for one was written in the other byte order.
    let code = |four: &[u8; 4]| match u32::from_le_bytes(*four) {
        code if code > 0x0010_FFFF => code.swap_bytes(),
        code => code,
    };
    let name = |element: &[u8]| match kind.type_char() {
        TypeChar::UnicodeStr => {
            let codes = element.as_chunks().0.iter().map(code);
            codes.filter_map(char::from_u32).collect()
        }
        _ => String::from_utf8_lossy(element).into_owned(),
    };
    let elements = count(&shape).unwrap_or(0);
    Ok(match kind.type_char() {
        TypeChar::UnicodeStr | TypeChar::ByteStr if size > 0 => {
            let data = &bytes[bytes.len() - elements * size..];
            let names = data.chunks_exact(size).map(name);
            Some(
                names
                    .map(|name: String| name.trim_end_matches('\0').to_owned())
                    .collect(),
            )
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
    let (_, shape) = open(&bytes).map_err(sentence)?;
    let Some(integers) = parse_integers(&bytes).map_err(sentence)? else {
        return Err(sentence("does not hold integers".into()));
    };
    let small = |value: i64| {
        u32::try_from(value).map_err(|_| sentence(format!("holds {value}, which is no index")))
    };
    Ok((
        shape,
        integers.into_iter().map(small).collect::<Result<_>>()?,
    ))
}

/// The file behind its header, and its shape, which has been checked against the bytes that follow.
fn open(bytes: &[u8]) -> Result<(NpyFile<&[u8]>, Vec<usize>), String> {
    // Versions 2 and 3 have a length of 32 bits, which is not to be trusted with an allocation.
    if bytes.get(6).is_some_and(|&version| version > 1) {
        let length = bytes.get(8..12).map_or(u32::MAX, |field| {
            u32::from_le_bytes(field.try_into().expect("four bytes"))
        });
        if length as usize > bytes.len() {
            return Err("is cut short: its header does not fit in the file".into());
        }
    }
    let mut rest = bytes;
    let header = NpyHeader::from_reader(&mut rest)
        .map_err(|error| format!("is no valid .npy file: {error}"))?;
    let file = NpyFile::with_header(header, rest);
    let shape: Vec<usize> = file
        .shape()
        .iter()
        .map(|&extent| usize::try_from(extent).unwrap_or(usize::MAX))
        .collect();
    if file.dtype().descr().contains("|O") {
        return Err("has Python objects as elements, such as None or rows of unlike lengths: save numbers, \
                    numpy.save(FILE, numpy.array(ROWS, dtype='float32'))"
            .into());
    }
    let size = file.dtype().num_bytes().unwrap_or(0);
    let needed = count(&shape).and_then(|elements| elements.checked_mul(size));
    match needed {
        Some(needed) if needed == rest.len() => Ok((file, shape)),
        _ => Err(format!(
            "is cut short or damaged: shape {shape:?} of type {} does not agree with the {} bytes of data that it has",
            file.dtype().descr(),
            rest.len()
        )),
    }
}

/// Writes f32 as `.npy`, in C order.
///
/// # Errors
/// When the file cannot be written.
pub fn write_npy(path: &Path, shape: &[usize], values: &[f32]) -> Result<()> {
    write(path, shape, values)
}

/// Writes f64 as `.npy`, in C order.
///
/// # Errors
/// When the file cannot be written.
pub fn write_npy_doubles(path: &Path, shape: &[usize], values: &[f64]) -> Result<()> {
    write(path, shape, values)
}

/// Writes u8 as `.npy`, in C order.
///
/// # Errors
/// When the file cannot be written.
pub fn write_npy_bytes(path: &Path, shape: &[usize], values: &[u8]) -> Result<()> {
    write(path, shape, values)
}

/// Writes u32 as `.npy`, in C order.
///
/// # Errors
/// When the file cannot be written.
pub fn write_npy_integers(path: &Path, shape: &[usize], values: &[u32]) -> Result<()> {
    write(path, shape, values)
}

fn write<T: npyz::AutoSerialize + Copy>(path: &Path, shape: &[usize], values: &[T]) -> Result<()> {
    assert_eq!(
        count(shape),
        Some(values.len()),
        "the shape must count the values"
    );
    let shape: Vec<u64> = shape.iter().map(|&extent| extent as u64).collect();
    write_atomically(path, |file| {
        let mut writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(&shape)
            .writer(file)
            .begin_nd()?;
        writer.extend(values.iter().copied())?;
        writer.finish()
    })
}
