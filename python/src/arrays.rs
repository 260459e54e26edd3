//! Arrays of NumPy in and out.

use crate::error::raised;
use nrae::data::{Array, Dataset, Layout, Values};
use numpy::{Element, PyArray, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn};
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use std::path::Path;

/// Elements in the order of rows, each converted on its way: the one copy that is made.
fn elements<T: Element + Copy, U>(
    array: &PyReadonlyArrayDyn<'_, T>,
    convert: impl Fn(T) -> U,
) -> Vec<U> {
    // A slice of an array in Fortran's order would have its columns one after the other.
    match array.as_slice().ok().filter(|_| array.is_c_contiguous()) {
        Some(slice) => slice.iter().map(|&value| convert(value)).collect(),
        None => array
            .as_array()
            .iter()
            .map(|&value| convert(value))
            .collect(),
    }
}

/// An array of any type and order, as a file of it would be read: bytes stay bytes, what f32 holds
/// exactly becomes f32, and others become f64, which is rounded where that costs nothing.
pub(crate) fn array(x: &Bound<'_, PyAny>) -> PyResult<Array> {
    macro_rules! read {
        ($($type:ty => $kind:ident $convert:expr),* $(,)?) => {
            $(if let Ok(array) = x.extract::<PyReadonlyArrayDyn<'_, $type>>() {
                let shape = array.shape().to_vec();
                let values = Values::$kind(elements(&array, $convert).into());
                return Ok(Array { shape, values }.rounded());
            })*
        };
    }
    read! {
        u8 => Bytes |value| value,
        f32 => Floats |value| value,
        f64 => Doubles |value| value,
        bool => Bytes u8::from,
        i8 => Floats f32::from,
        u16 => Floats f32::from,
        i16 => Floats f32::from,
        half::f16 => Floats half::f16::to_f32,
        u32 => Doubles f64::from,
        i32 => Doubles f64::from,
        u64 => Doubles |value| value as f64,
        i64 => Doubles |value| value as f64,
    }
    let kind = match x.cast::<PyUntypedArray>() {
        Ok(array) => array.dtype().to_string(),
        Err(_) => x.get_type().to_string(),
    };
    Err(PyTypeError::new_err(format!(
        "an array of real numbers is needed, not of {kind}"
    )))
}

/// Samples, with the axes of `layout`.
pub(crate) fn dataset(x: &Bound<'_, PyAny>, layout: &str) -> PyResult<Dataset> {
    let layout = crate::settings::named::<Layout>("layout", layout)?;
    Dataset::from_array(array(x)?, layout, Path::new("X")).map_err(raised)
}

/// Rows of f32.
pub(crate) fn rows(x: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
    Ok(match array(x)?.values {
        Values::Floats(values) => values.into(),
        values => values.to_floats(),
    })
}

/// `values` as an array of `shape`, without a copy.
pub(crate) fn given<'py, T: Element>(
    py: Python<'py>,
    values: Vec<T>,
    shape: &[usize],
) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    PyArray::from_vec(py, values).reshape(shape.to_vec())
}

/// Samples [N, n]: f32, or f64 where the scaling is that of f64.
pub(crate) fn samples<'py>(
    py: Python<'py>,
    values: Values,
    features: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let shape = [values.len() / features, features];
    Ok(match values {
        Values::Doubles(values) => given(py, values.into(), &shape)?.into_any(),
        Values::Floats(values) => given(py, values.into(), &shape)?.into_any(),
        values => given(py, values.to_floats(), &shape)?.into_any(),
    })
}

/// What the layout `auto` stands for on an array of `shape`; `None` for vectors.
#[pyfunction]
pub(crate) fn chosen_layout(shape: Vec<usize>, bytes: bool) -> Option<&'static str> {
    Layout::chosen(&shape, bytes).map(Layout::name)
}
