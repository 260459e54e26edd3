//! The table of unsafe code in docs/reliability.md names the files that have some, and no others.

use std::collections::BTreeSet;
use std::path::Path;

/// The Rust files below `folder` with a line of code that says `unsafe`.
fn files_with_unsafe_code(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with_unsafe_code(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
            let says = |line: &str| {
                line.contains("unsafe {")
                    || line.contains("unsafe impl")
                    || line.contains("unsafe fn")
            };
            if text.lines().map(code).any(|line| says(&line)) {
                found.insert(path.display().to_string());
            }
        }
    }
}

#[test]
fn the_table_of_unsafe_code_is_complete() {
    let mut found = BTreeSet::new();
    for folder in ["src", "python/src", "tests", "benches", "fuzz/src"] {
        files_with_unsafe_code(Path::new(folder), &mut found);
    }
    // Which looks for the word.
    found.remove("tests/unsafe_code.rs");
    let text = std::fs::read_to_string("docs/reliability.md").unwrap();
    let (_, section) = text.split_once("## Unsafe code").unwrap();
    let listed: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| Some(line.split_once('`')?.0.to_owned()))
        .collect();
    assert_eq!(found, listed);
}
