//! Batches that are too large for a device: here one that may bind no more than it is told.

use crate::test_dir::TestDir;
use std::process::Output;

const ROWS: usize = 256;
const COLUMNS: usize = 64;

/// A folder with samples of 64 KiB.
fn bench() -> TestDir {
    let bench = TestDir::new();
    let value = |row: usize, column: usize| ((row * 7 + column * column) as f32 * 0.037).sin();
    let line = |row| {
        let values: Vec<String> = (0..COLUMNS)
            .map(|column| value(row, column).to_string())
            .collect();
        values.join(",") + "\n"
    };
    std::fs::write(
        bench.path("wide.csv"),
        (0..ROWS).map(line).collect::<String>(),
    )
    .unwrap();
    bench
}

/// Trains three steps of the whole data with this largest binding, in bytes.
fn train(bench: &TestDir, out: &str, largest: Option<usize>, more: &str) -> Output {
    let mut command = bench.command(&format!(
        "train --data wide.csv --validation 0 --hidden 16 --k 3 --batch {ROWS} --epochs 3 --schedule constant --device gpu --out {out} {more}"
    ));
    if let Some(bytes) = largest {
        command.env("NRAE_LARGEST_BINDING", bytes.to_string());
    }
    command.output().unwrap()
}

/// The losses of a run's epochs.
fn losses(bench: &TestDir, out: &str) -> Vec<f64> {
    let text = String::from_utf8(bench.bytes(&format!("{out}/metrics.jsonl"))).unwrap();
    let loss =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["loss"].as_f64();
    text.lines().map(|line| loss(line).unwrap()).collect()
}

#[test]
fn a_batch_is_computed_in_parts_where_it_is_too_large() {
    let bench = bench();
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    for method in ["nrae-q", "nrae-l"] {
        let more = format!("--method {method}");
        let [whole, cut] = ["whole", "cut"].map(|name| format!("{name}-{method}"));
        let output = train(&bench, &whole, None, &more);
        assert!(
            output.status.success() && !said(&output).contains("parts"),
            "{}",
            said(&output)
        );
        // The samples alone fit; those of a batch, with their neighbours, do not.
        // What follows the training has batches of its own size, of which this may bind too little.
        let output = train(&bench, &cut, Some(64 << 10), &more);
        let note = "a batch of 256 is too large for the device at once, so that each step is computed in 2 parts of 128";
        assert!(said(&output).contains(note), "{}", said(&output));
        let (whole, cut) = (losses(&bench, &whole), losses(&bench, &cut));
        assert_eq!((whole.len(), cut.len()), (3, 3));
        for (whole, cut) in whole.iter().zip(&cut) {
            assert!(
                (whole - cut).abs() < 1e-5 * whole.abs(),
                "{method}: {whole} {cut}"
            );
        }
        assert!(cut[2] < cut[0], "{cut:?}");
    }
    let output = train(&bench, "vae", Some(64 << 10), "--method vae");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("binds at most"), "{}", said(&output));
    // No part is small enough for a weight.
    let output = train(&bench, "none", Some(2 << 10), "--method ae");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}
