//! The one error type. Every message is a sentence that names the file, the field or the shapes,
//! and says what to do.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

/// What can go wrong. [`Error::exit_code`] is the exit status of the command line for it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something the user gave cannot be used: a file's content, a setting, a pair of shapes.
    #[error("{0}")]
    Input(String),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// No usable GPU, or the one in use was lost or ran out of memory.
    #[error("{0}")]
    Device(String),
    /// The loss or its gradient stopped being finite.
    #[error("{0}")]
    Diverged(String),
    /// A file could not be downloaded.
    #[error("{0}")]
    Network(String),
    /// Standard output could not be written to.
    #[error("standard output cannot be written to: {0}")]
    Output(std::io::Error),
}

/// A result with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Something the user gave cannot be used; `message` is the complete sentence.
    pub fn input(message: impl Into<String>) -> Self {
        Self::Input(message.into())
    }

    /// The data called `what` are no longer those that were read first.
    pub(crate) fn changed(what: impl std::fmt::Display) -> Self {
        Self::Input(format!(
            "{what} has changed since it was read first: start again with what is there now, or resume where only its date is another"
        ))
    }

    /// The operating system refused an operation on `path`.
    pub fn file(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::File {
            path: path.as_ref().to_owned(),
            source,
        }
    }

    /// The same, where something the user gave cannot be used for `what`, which begins the
    /// sentence.
    pub fn within(self, what: &str) -> Self {
        match self {
            Self::Input(message) => Self::Input(format!("{what}: {message}")),
            other => other,
        }
    }

    /// Ends what is running with this error, deep within what cannot fail but for a file that somebody
    /// changes meanwhile: as a panic that prints nothing, which [`Error::caught`] turns back.
    pub fn unwind(self) -> ! {
        resume_unwind(Box::new(self))
    }

    /// What `body` gives.
    ///
    /// # Errors
    /// The error that it has [ended with](Error::unwind).
    pub fn caught<T>(body: impl FnOnce() -> T) -> Result<T> {
        // What it was changing goes with it.
        catch_unwind(AssertUnwindSafe(body)).map_err(|panic| match panic.downcast() {
            Ok(error) => *error,
            Err(panic) => resume_unwind(panic),
        })
    }

    /// Exit status: 2 for what the user can correct in the input, 1 for what happened while
    /// running.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::File { .. } | Self::Device(_) => 2,
            Self::Diverged(_) | Self::Network(_) | Self::Output(_) => 1,
        }
    }
}

/// The one of `choices` whose name `typed` may be, misspelt: the last of those that are most alike.
pub(crate) fn nearest<'a, T>(
    typed: &str,
    choices: &'a [T],
    name: impl Fn(&'a T) -> &'a str,
) -> Option<&'a T> {
    let likeness = |choice| strsim::normalized_damerau_levenshtein(name(choice), typed);
    choices
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|choice| likeness(choice) > 0.6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_unwinds_is_caught_and_other_panics_go_on() {
        let error = Error::caught::<()>(|| Error::input("changed").unwind());
        assert_eq!(error.unwrap_err().to_string(), "changed");
        assert_eq!(Error::caught(|| 3).unwrap(), 3);
        let other = catch_unwind(|| Error::caught(|| resume_unwind(Box::new(7))));
        assert_eq!(*other.unwrap_err().downcast::<i32>().unwrap(), 7);
    }
}
