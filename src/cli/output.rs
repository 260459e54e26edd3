//! Standard output, where a closed pipe is an error of ours and not a panic.

use crate::error::{Error, Result};
use crate::train::ranks::Launch;
use serde::Serialize;
use std::io::{ErrorKind, Write};

/// Prints a line for people.
pub(super) fn line(text: impl std::fmt::Display) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").map_err(Error::Output)
}

/// Prints a line about work that goes on: `Ok(false)` where nobody reads any more, which does not end
/// it.
pub(super) fn news(text: impl std::fmt::Display) -> Result<bool> {
    match line(text) {
        Err(Error::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

/// Prints a line on standard error, where somebody may read it.
pub(super) fn aside(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints an error of a process that does not lead, which nobody else may have: with its number.
pub(super) fn own(error: &Error, launch: Launch) {
    if !launch.leads() {
        aside(format!("nrae: rank {}: {error}", launch.rank));
    }
}

/// Prints a line of JSON for programs.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    line(text_of(value))
}

/// A line of JSON about work that goes on; see [`news`].
pub(super) fn json_news(value: &impl Serialize) -> Result<bool> {
    news(text_of(value))
}

fn text_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}
