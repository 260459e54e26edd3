//! Damaged files of `tests/data/containers`: they end in samples or a sentence, never in a panic.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const FILES: [&str; 15] = [
    "csr.npz",
    "csc.npz",
    "coo.npz",
    "snappy.parquet",
    "zstd.parquet",
    "lists.parquet",
    "categories.parquet",
    "lz4.feather",
    "stream.arrow",
    "named.h5",
    "groups.h5",
    "v73.mat",
    "dense.h5ad",
    "csr.h5ad",
    "csc.h5ad",
];
/// Files that fuzzing has found, with what is said of each: another crate panics at the first, and
/// in the other counts to thousands of millions.
const FOUND: [(&str, &str); 2] = [
    ("levels.parquet", "is damaged"),
    ("truths.parquet", "its metadata have a list of truth values"),
];
/// Damages of each file.
const CASES: u32 = 300;

#[test]
fn what_fuzzing_has_found_is_a_sentence() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/damaged");
    for (name, what) in FOUND {
        let refused = read_dataset(&folder.join(name), &ReadOptions::default()).unwrap_err();
        let refused = refused.to_string();
        let known = refused.contains(what) || refused.contains("leaves out");
        assert!(refused.contains(name) && known, "{refused}");
    }
}

#[test]
fn no_damage_of_a_container_panics() {
    let bench = TestDir::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/containers");
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let damage = (changes, any::<prop::sample::Index>(), any::<bool>());
    for name in FILES {
        let whole = fs::read(folder.join(name)).unwrap();
        let path = bench.path(name);
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            ..Config::default()
        };
        // The same damages each time: these crates are not ours.
        let generator = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, generator);
        let run = runner.run(&damage, |(changes, length, cut)| {
            let mut content = whole.clone();
            for (at, value) in changes {
                let at = at.index(content.len());
                content[at] = value;
            }
            if cut {
                content.truncate(length.index(content.len()));
            }
            fs::write(&path, &content).unwrap();
            if let Ok(reading) = read_dataset(&path, &ReadOptions::default()) {
                let Dataset {
                    samples,
                    values,
                    labels,
                    ..
                } = &reading.data;
                prop_assert_eq!(samples * reading.data.features(), values.len());
                prop_assert!(
                    labels
                        .as_ref()
                        .is_none_or(|labels| labels.len() == *samples)
                );
            }
            let _ = (read_array(&path), SampleLabels::read(&path));
            Ok(())
        });
        run.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
