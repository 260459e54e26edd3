//! Arrays as files hold them.

use super::Bytes;
use crate::error::{Error, Result};
use std::path::Path;

/// The elements of an array, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// u8, kept as they are: a quarter of the memory.
    Bytes(Bytes),
    /// f32; f64 and text are rounded to it.
    Floats(Vec<f32>),
}

impl Values {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `at` as f32.
    pub fn get(&self, at: usize) -> f32 {
        match self {
            Self::Bytes(values) => f32::from(values[at]),
            Self::Floats(values) => values[at],
        }
    }

    /// Elements in `range` as f32, written to the beginning of `to`.
    pub fn copy_floats(&self, range: std::ops::Range<usize>, to: &mut [f32]) {
        match self {
            Self::Bytes(values) => to
                .iter_mut()
                .zip(&values[range])
                .for_each(|(to, from)| *to = f32::from(*from)),
            Self::Floats(values) => to[..range.len()].copy_from_slice(&values[range]),
        }
    }

    /// All elements as f32.
    pub fn to_floats(&self) -> Vec<f32> {
        match self {
            Self::Bytes(values) => values.iter().map(|&value| f32::from(value)).collect(),
            Self::Floats(values) => values.clone(),
        }
    }
}

/// An array of any number of dimensions, in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Extent of each dimension.
    pub shape: Vec<usize>,
    /// The elements.
    pub values: Values,
}

/// # Errors
/// When a value is NaN or infinite, named by its position.
pub(super) fn check_finite(path: &Path, array: &Array) -> Result<()> {
    let Values::Floats(values) = &array.values else {
        return Ok(());
    };
    let Some(at) = values.iter().position(|value| !value.is_finite()) else {
        return Ok(());
    };
    let width: usize = array.shape.iter().skip(1).product::<usize>().max(1);
    Err(Error::input(format!(
        "{} has the value {} in sample {} (feature {}): remove or fill in values that are not finite numbers",
        path.display(),
        values[at],
        at / width,
        at % width
    )))
}

/// Number of elements of `shape`, where it can be counted.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
}
