//! Standard output, where a closed pipe is an error of ours and not a panic.

use crate::error::{Error, Result};
use serde::Serialize;
use std::io::Write;

/// Prints a line for people.
pub(super) fn line(text: impl std::fmt::Display) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").map_err(Error::Output)
}

/// Prints a line of JSON for programs.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    line(serde_json::to_string(value).expect("plain data"))
}
