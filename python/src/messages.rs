//! What the library has to say goes to Python's logger `nrae`.

use log::{Level, Log, Metadata, Record};
use pyo3::prelude::*;

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with("nrae") && metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let method = match record.level() {
            Level::Error => "error",
            Level::Warn => "warning",
            _ => "info",
        };
        // Nothing can be done about a message that cannot be told.
        Python::attach(|py| {
            let logger = py
                .import("logging")
                .and_then(|logging| logging.call_method1("getLogger", ("nrae",)));
            let _ = logger
                .and_then(|logger| logger.call_method1(method, ("%s", record.args().to_string())));
        });
    }

    fn flush(&self) {}
}

/// Installs the logger, once.
pub(crate) fn install() {
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}
