//! What the library says beside results: a line each on standard error, and for the run folder.

use crate::data::write_atomically;
use crate::error::Result;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The lines so far, each once.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What a printed line ends with.
const HINT: &str = " (--no-warnings hides this)";

struct Messages {
    printed: LevelFilter,
}

/// Begins to keep what this crate says through `log`, warnings and notes, and to print it unless it
/// is to be `hidden`; `--quiet` hides notes.
pub(super) fn install(hidden: bool) {
    let quiet = std::env::args().any(|argument| argument == "--quiet");
    let printed = match (hidden, quiet) {
        (true, _) => LevelFilter::Off,
        (_, true) => LevelFilter::Warn,
        _ => LevelFilter::Info,
    };
    if log::set_logger(Box::leak(Box::new(Messages { printed }))).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

/// Prints a warning about a result, unless warnings are hidden.
///
/// # Errors
/// When standard output is closed.
pub(super) fn warn(text: &str) -> Result<()> {
    if std::env::args().any(|argument| argument == "--no-warnings") {
        return Ok(());
    }
    super::output::line(format!("warning: {text}{HINT}"))
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
        let kind = if record.level() <= Level::Warn {
            "warning"
        } else {
            "note"
        };
        let line = format!("{kind}: {}", record.args());
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.contains(&line) {
            return;
        }
        if record.level() <= self.printed {
            // Nothing is left to do when even this cannot be written.
            let _ = writeln!(std::io::stderr(), "{line}{HINT}");
        }
        lines.push(line);
    }

    fn flush(&self) {}
}
