//! Measurements of speed.

use crate::test_dir::TestDir;

#[test]
fn bench_holds_rates_against_a_limit_of_the_same_run() {
    let bench = TestDir::new();
    for (arguments, rows, unit) in [
        ("gemm --only 32x512x512", 3, "GFLOP/s"),
        ("jet --only squares", 1, "GB/s"),
    ] {
        let told = bench.succeed(&format!(
            "bench {arguments} --json --seconds 0.01 --device cpu"
        ));
        let lines: Vec<serde_json::Value> = told
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 1 + rows, "{told}");
        assert!(
            lines[0]["pass"].as_str().unwrap().starts_with("limit: ")
                && lines[0]["rate"] == lines[1]["limit"],
            "{told}"
        );
        for line in &lines {
            // JSON has no other numbers than finite ones.
            assert!(
                ["milliseconds", "rate", "limit", "share"]
                    .iter()
                    .all(|of| line[of].as_f64().unwrap() > 0.0),
                "{line}"
            );
            assert_eq!(line["unit"], unit, "{line}");
        }
    }
    let told = bench.succeed("bench knn --data x.csv --limit 30 --k 3 --json --seconds 0.01");
    let line: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&line["samples"], &line["features"]),
        (&30.into(), &3.into())
    );
    assert!(
        ["seconds", "gflops", "share"]
            .iter()
            .all(|of| line[of].as_f64().unwrap() > 0.0),
        "{line}"
    );
}

#[test]
fn bench_step_measures_each_batch() {
    let bench = TestDir::new();
    let told = bench.succeed(
        "bench step --workload toy --method ae --batch 4,8 --json --seconds 0 --device cpu",
    );
    let batches: Vec<_> = told
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["batch"].clone())
        .collect();
    assert_eq!(batches, [4, 8], "{told}");
}
