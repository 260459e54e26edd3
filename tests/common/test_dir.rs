//! A folder in which tests run the binary.

#![allow(dead_code, reason = "not every test file uses every helper")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder to run in, with a small data file.
pub(crate) struct TestDir {
    pub(crate) folder: tempfile::TempDir,
    /// What `NRAE_DATA` says; unset where it is none.
    data: Option<PathBuf>,
}

impl TestDir {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows = (0..40).map(|i| {
            format!(
                "{},{},{}\n",
                (i as f32 * 0.3).sin(),
                (i as f32 * 0.3).cos(),
                i as f32 / 40.0
            )
        });
        std::fs::write(folder.path().join("x.csv"), rows.collect::<String>()).unwrap();
        Self { folder, data: None }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nrae"));
        command
            .current_dir(self.folder.path())
            .args(arguments.split_whitespace());
        // What the machine has set must not decide what the tests see.
        command
            .env_remove("NRAE_DATA")
            .env_remove("NRAE_ADAPTER")
            .env_remove("NRAE_KERNELS")
            .env_remove("NRAE_MAP_FROM")
            .env("NRAE_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
        if let Some(data) = &self.data {
            command.env("NRAE_DATA", data);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs, expects success, and returns standard output.
    pub(crate) fn succeed(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs, expects exit status 2 and one sentence with every one of `parts`.
    pub(crate) fn refuse(&self, arguments: &str, parts: &[&str]) {
        let output = self.run(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
        let sentences = message
            .lines()
            .filter(|line| line.starts_with("nrae: "))
            .count();
        assert_eq!(sentences, 1, "{arguments}: {message}");
        for part in parts {
            assert!(
                message.contains(part),
                "{arguments} should say `{part}`: {message}"
            );
        }
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self, arguments: &str) -> serde_json::Value {
        serde_json::from_str(&self.succeed(arguments)).unwrap()
    }

    /// The same, with the sets that ship with the project in the data directory.
    pub(crate) fn with_shipped_data(mut self) -> Self {
        self.data = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("data"));
        self
    }

    /// The same, with a folder of its own as the data directory.
    pub(crate) fn with_data(mut self, folder: &str) -> Self {
        self.data = Some(self.path(folder));
        self
    }

    /// The notes and warnings that a run folder keeps.
    pub(crate) fn kept(&self, run: &str) -> String {
        String::from_utf8(self.bytes(&format!("{run}/warnings.txt"))).unwrap()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }
}
