//! What the library says beside results: a line each on standard error, and for the run folder.

use crate::data::write_atomically;
use crate::error::Result;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The lines so far, each once.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Messages;

static MESSAGES: Messages = Messages;

/// Begins to print what `log` takes from this crate: warnings, and with less weight notes, which
/// `--quiet` hides.
pub(super) fn install() {
    let quiet = std::env::args().any(|argument| argument == "--quiet");
    if log::set_logger(&MESSAGES).is_ok() {
        log::set_max_level(if quiet {
            LevelFilter::Warn
        } else {
            LevelFilter::Info
        });
    }
}

/// Writes the lines so far, and `more`, as warnings.txt of a run folder; nothing where there are
/// none.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(folder: &Path, more: &[String]) -> Result<()> {
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    lines.extend(more.iter().map(|text| format!("warning: {text}")));
    if lines.is_empty() {
        return Ok(());
    }
    write_atomically(&folder.join("warnings.txt"), |file| {
        lines.iter().try_for_each(|line| writeln!(file, "{line}"))
    })
}

impl Log for Messages {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with(env!("CARGO_CRATE_NAME")) && metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let (kind, hint) = match record.level() {
            Level::Error | Level::Warn => ("warning", ""),
            _ => ("note", " (--quiet hides this)"),
        };
        let line = format!("{kind}: {}{hint}", record.args());
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        if !lines.contains(&line) {
            // Nothing is left to do when even this cannot be written.
            let _ = writeln!(std::io::stderr(), "{line}");
            lines.push(line);
        }
    }

    fn flush(&self) {}
}
