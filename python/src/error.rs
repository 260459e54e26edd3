//! The library's errors as exceptions.

use nrae::error::Error;
use pyo3::PyErr;
use pyo3::exceptions::{PyFloatingPointError, PyOSError, PyRuntimeError, PyValueError};

/// The exception for `error`.
pub(crate) fn raised(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Input(_) => PyValueError::new_err(message),
        Error::File { .. } => PyOSError::new_err(message),
        Error::Diverged(_) => PyFloatingPointError::new_err(message),
        Error::Device(_) | Error::Network(_) | Error::Output(_) => PyRuntimeError::new_err(message),
    }
}
