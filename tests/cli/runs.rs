//! Folders of runs: listed, compared, searched.

use crate::SMALL;
use crate::test_dir::TestDir;

#[test]
fn several_methods_are_trained_listed_and_compared() {
    let bench = TestDir::new();
    let train = format!("train --data x.csv --validation 0.25 --epochs 2 {SMALL}");
    let told = bench.succeed(&format!("{train} --method ae,nrae-l --out runs/both"));
    assert!(
        told.contains("runs/both/ae") && told.contains("runs/both/nrae-l"),
        "{told}"
    );
    bench.succeed(&format!("{train} --method ae --lr 0.01 --out runs/other"));
    let listed = bench.succeed("runs");
    assert_eq!(listed.lines().count(), 4, "{listed}");
    let row = listed
        .lines()
        .find(|line| line.starts_with("runs/both/nrae-l"));
    let row: Vec<_> = row.unwrap().split_whitespace().collect();
    assert_eq!(row[1..4], ["nrae-l", "x.csv", "2"]);
    assert_eq!((row[5], row[7]), ("validation", "finished"));

    let compared = bench.succeed("compare runs/both/ae runs/other --plot curves.png");
    let other = compared.lines().find(|line| line.starts_with("runs/other"));
    let other = other.unwrap();
    assert!(other.ends_with("train.lr=0.01"), "{compared}");
    assert!(bench.bytes("curves.png").starts_with(b"\x89PNG"));
    let lines = bench.succeed("compare runs/both/ae runs/both/nrae-l --json --neighbourhoods 100");
    let rows: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows[1]["method"], "nrae-l");
    // Those of `eval` on the same samples.
    let measured = bench.succeed("eval runs/both/ae --json --geometry-samples 0 --device cpu");
    let measured: serde_json::Value =
        serde_json::from_str(measured.lines().next().unwrap()).unwrap();
    assert_eq!(rows[0]["neighbourhoods"], measured["neighbourhoods"]);
    let result: serde_json::Value =
        serde_json::from_slice(&bench.bytes("runs/both/ae/result.json")).unwrap();
    assert_eq!(
        rows[0]["errors"]["validation"]["mse"],
        result["validation_mse"]
    );

    std::fs::remove_file(bench.path("runs/other/result.json")).unwrap();
    assert!(
        bench
            .succeed("runs")
            .contains("resumable: nrae resume runs/other")
    );
    bench.refuse(
        "compare nowhere",
        &["nowhere is no run folder", "nrae runs"],
    );
    bench.refuse(
        "runs nowhere",
        &["there is no run in nowhere", "nrae train"],
    );
    bench.refuse(
        &format!("{train} --method ae,umap --out runs/bad"),
        &["no method `umap`"],
    );
    assert!(!bench.path("runs/bad").exists());
}

#[test]
fn a_search_says_what_is_best_and_what_comes_next() {
    let bench = TestDir::new();
    let small = SMALL.replace("--quiet", "").replace("--k 3", "");
    let search = format!(
        "search --data x.csv --validation 0.25 --epochs 2 {small} --over k=3,5 --over lr=1e-3 --seeds 1 --out found"
    );
    let output = bench.run(&search);
    let (told, progress) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(told.contains("nrae train found/best.toml"), "{told}");
    assert!(!told.contains('±'), "{told}");
    assert!(
        progress.contains("run 2/2  neighbours.k=5 train.lr=0.001, seed 1: validation"),
        "{progress}"
    );
    let results = String::from_utf8(bench.bytes("found/results.jsonl")).unwrap();
    assert!(
        results.contains(r#""choice":{"neighbours.k":3,"train.lr":0.001}"#),
        "{results}"
    );
    // Numbers come back as they were: nothing is trained again.
    let again = bench.run(&search);
    let progress = String::from_utf8(again.stderr).unwrap();
    assert_eq!(progress.matches("already done").count(), 2, "{progress}");
    bench.succeed(&format!("train found/best.toml {SMALL} --out best"));
}

#[test]
fn every_line_of_progress_has_a_validation_error() {
    let bench = TestDir::new();
    let train = "train --data x.csv --validation 0.25 --hidden 4 --k 3 --method ae --device cpu";
    // Errors are measured in every seventh epoch, and in the last.
    let output = bench.run(&format!("{train} --epochs 667 --out run"));
    let told = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("epoch "))
        .collect();
    assert_eq!(lines.len(), 10, "{told}");
    assert!(
        lines.iter().all(|line| line.contains("  validation 0.")),
        "{told}"
    );
    assert!(lines[0].starts_with("epoch 70/667") && lines[9].starts_with("epoch 667/667"));
}
