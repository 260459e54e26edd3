//! Settings that are tried before a run, the warm start, and words on what a run has not unrolled.

use crate::test_dir::TestDir;
use serde_json::Value;

fn result(bench: &TestDir, run: &str) -> Value {
    serde_json::from_slice(&bench.bytes(&format!("{run}/result.json"))).unwrap()
}

fn warnings(bench: &TestDir, run: &str) -> String {
    result(bench, run)["warnings"].to_string()
}

/// `samples` points of a roll of one turn, a line each.
fn write_roll(bench: &TestDir, samples: usize) {
    let rows = (0..samples).map(|i| {
        // Any order but that along the roll.
        let turn = (i * 7 % samples) as f64 / samples as f64;
        let (angle, radius) = (std::f64::consts::TAU * turn, 0.1 + 0.9 * turn);
        format!("{},{}\n", radius * angle.cos(), radius * angle.sin())
    });
    std::fs::write(bench.path("roll.csv"), rows.collect::<String>()).unwrap();
}

#[test]
fn settings_are_tried_on_held_out_samples_and_the_best_is_trained() {
    let bench = TestDir::new();
    write_roll(&bench, 40);
    let tune = "train --data roll.csv --test 0.2 --hidden 8 --lr 0.01 --epochs 3 --device cpu";
    let told = bench.succeed(&format!("{tune} --tune 4 --json --out run"));
    let lines: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let trials: Vec<&Value> = lines
        .iter()
        .filter(|l| l["choice"].is_object() && l["runs"].is_null())
        .collect();
    assert_eq!(trials.len(), 4, "{told}");
    // What is given stays; the search begins with the defaults.
    let first = &trials[0]["choice"];
    assert_eq!(
        first,
        &serde_json::json!({ "neighbours.k": 6, "neighbours.lambda": 1 })
    );
    let summaries = lines
        .iter()
        .find_map(|line| line["tuning"].as_array())
        .unwrap();
    let errors: Vec<f64> = summaries
        .iter()
        .map(|choice| choice["validation_mse"][0].as_f64().unwrap())
        .collect();
    assert!(errors.len() == 4 && errors.is_sorted(), "{errors:?}");
    // A fifth of the 32 samples that the test leaves, and the same error again.
    let result = result(&bench, "run");
    assert_eq!(
        result["samples"],
        serde_json::json!({ "train": 24, "validation": 8, "test": 8 })
    );
    assert_eq!(result["validation_mse"].as_f64().unwrap(), errors[0]);
    let best = summaries[0]["choice"]["neighbours.k"].as_str().unwrap();
    let config = String::from_utf8(bench.bytes("run/config.toml")).unwrap();
    assert!(config.contains(&format!("k = {best}\n")), "{config}");
    assert!(!bench.bytes("run/tuning/table.md").is_empty());

    bench.refuse(
        &format!("{tune} --tune 4 --out run"),
        &["already holds a run"],
    );
    let all = format!("{tune} --tune 4 --k 3 --lambda 1 --out more");
    bench.refuse(&all, &["nothing to tune"]);
}

#[test]
fn few_dimensions_start_from_paths_along_the_data_and_that_is_said() {
    let bench = TestDir::new();
    write_roll(&bench, 40);
    let roll = "train --data roll.csv --latent 1 --epochs 800 --device cpu --out";
    let told = bench.succeed(&format!("{roll} warm --hidden 64,64"));
    assert!(
        told.contains("Start: learns latents along paths over mutual neighbours"),
        "{told}"
    );
    let told = warnings(&bench, "warm");
    assert!(!told.contains("does not follow the curve"), "{told}");
    let config = String::from_utf8(bench.bytes("warm/config.toml")).unwrap();
    assert!(config.contains("warm_start = \"geodesic\""), "{config}");
    // What cuts across the roll is told, whether its order is known or not.
    bench.succeed(&format!(
        "{roll} cold --hidden 32 --set train.warm_start=none"
    ));
    let told = warnings(&bench, "cold");
    assert!(
        told.contains("the latent does not follow the curve"),
        "{told}"
    );
    let report = String::from_utf8(bench.bytes("cold/report.html")).unwrap();
    assert!(report.contains("<b>Out of order.</b>"), "{report}");
    bench.succeed(
        "train --synthetic swiss-roll --latent 1 --method ae --epochs 20 --device cpu --out curve",
    );
    let told = warnings(&bench, "curve");
    assert!(
        told.contains("the latent does not follow the curve"),
        "{told}"
    );
}

#[test]
fn a_roll_is_ordered_by_a_small_network() {
    let bench = TestDir::new();
    // With the default network: scripts/rolls.
    let small = "--hidden 64,64 --device cpu --out roll";
    bench.succeed(&format!(
        "train --synthetic swiss-roll --latent 1 --seed 1 {small}"
    ));
    let correlation = result(&bench, "roll")["rank_correlation"].as_f64().unwrap();
    assert!(correlation.abs() > 0.99, "{correlation}");
}
