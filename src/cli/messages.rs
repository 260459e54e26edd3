//! What the library says beside results: a line each on standard error, and for the run folder.

use crate::data::{COLUMN_NOTES, write_atomically};
use crate::error::Result;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The lines so far, each once.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What a printed line ends with.
const HINT: &str = " (--no-warnings hides this)";

struct Messages {
    /// What is printed; warnings about results are where those of the library are.
    printed: OnceLock<LevelFilter>,
    /// Whether a model is there already, that the columns were told of.
    trained: OnceLock<bool>,
}

static MESSAGES: Messages = Messages {
    printed: OnceLock::new(),
    trained: OnceLock::new(),
};

/// Begins to keep what this crate says through `log`, warnings and notes, and to print what is of
/// the level `printed`; of columns only where no model has been `trained` on them.
pub(super) fn install(printed: LevelFilter, trained: bool) {
    if log::set_logger(&MESSAGES).is_ok() {
        MESSAGES.printed.get_or_init(|| printed);
        MESSAGES.trained.get_or_init(|| trained);
        log::set_max_level(LevelFilter::Info);
    }
}

/// Prints a warning about a result, unless warnings are hidden.
///
/// # Errors
/// When standard output is closed.
pub(super) fn warn(text: &str) -> Result<()> {
    if !MESSAGES.prints(Level::Warn) {
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

impl Messages {
    fn prints(&self, level: Level) -> bool {
        self.printed.get().is_some_and(|&printed| level <= printed)
    }
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
        let told = record.target() == COLUMN_NOTES && self.trained.get() == Some(&true);
        if self.prints(record.level()) && !told {
            // Nothing is left to do when even this cannot be written.
            let _ = writeln!(std::io::stderr(), "{line}{HINT}");
        }
        lines.push(line);
    }

    fn flush(&self) {}
}
