//! Many seeds, and many settings, side by side.

use crate::TestDir;
use serde_json::Value;

const ROLL: &str = "--synthetic swiss-roll-official --latent 1 --hidden 8,8 --k 3 --epochs 6 --set data.validation_samples=10";

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// On the CPU, and on a software driver, which runs them side by side when it is told to.
#[test]
fn seeds_side_by_side_leave_the_files_of_each_alone() {
    ["gpu", "cpu"].into_iter().for_each(seeds_side_by_side);
}

fn seeds_side_by_side(device: &str) {
    let bench = TestDir::new();
    let out = bench.succeed(&format!(
        "train {ROLL} --seed 4 --seeds 3 --at-once 2 --device {device} --json --out many"
    ));
    let lines = lines(&out);
    let last = &lines[lines.len() - 1]["seeds"];
    assert_eq!(
        (&last["method"], &last["runs"], &last["diverged"]),
        (&"nrae-q".into(), &3.into(), &0.into())
    );
    let results: Vec<&Value> = lines.iter().filter_map(|line| line.get("result")).collect();
    let mean = results
        .iter()
        .map(|result| result["test_mse"].as_f64().unwrap())
        .sum::<f64>()
        / 3.0;
    assert!((last["test_mse"][0].as_f64().unwrap() - mean).abs() < 1e-9 * mean);
    assert!(last["test_mse"][1].as_f64().unwrap() > 0.0);
    for seed in [4, 5, 6] {
        let epochs = lines
            .iter()
            .filter(|line| line["seed"] == seed && line["epoch"].is_u64());
        assert_eq!(epochs.count(), 6);
    }
    bench.succeed(&format!(
        "train {ROLL} --seed 5 --device {device} --quiet --out alone"
    ));
    for file in [
        "config.toml",
        "metrics.jsonl",
        "model.safetensors",
        "checkpoint/state.safetensors",
        "plots/manifold.png",
    ] {
        let [many, alone] =
            ["many/seed-5", "alone"].map(|run| bench.bytes(&format!("{run}/{file}")));
        assert!(many == alone, "{file}");
    }
    // Each is a run of its own.
    bench.succeed(&format!(
        "resume many/seed-6 --epochs 7 --device {device} --quiet"
    ));
}

/// The same for several methods.
#[test]
fn seeds_of_methods_end_with_means_and_deviations() {
    let bench = TestDir::new();
    let text = bench.succeed(&format!(
        "train {ROLL} --method ae,nrae-l --seeds 3,1 --device cpu --out both"
    ));
    for part in [
        "both/ae/seed-3",
        "both/nrae-l/seed-1",
        "ae over 2 seeds, mean and standard deviation of the MSE: training ",
        "nrae-l over 2 seeds",
        " ± ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for (seeds, part) in [("0", "give how many"), ("1,2,1", "1 is there twice")] {
        let refused = bench.run(&format!("train {ROLL} --seeds {seeds}"));
        let message = String::from_utf8(refused.stderr).unwrap();
        assert!(
            refused.status.code() == Some(2) && message.contains(part),
            "{message}"
        );
    }
}

#[test]
fn a_seed_that_diverges_does_not_end_the_others() {
    let bench = TestDir::new();
    let output = bench.run(&format!(
        "train {ROLL} --lr 1e30 --seeds 2 --device cpu --out lost"
    ));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    for seed in [0, 1] {
        let part = format!("nrae: nrae-q, seed {seed}: the ");
        assert!(errors.contains(&part), "{errors}");
        assert!(
            errors.contains(&format!("lost/seed-{seed} keeps")),
            "{errors}"
        );
        assert!(
            bench
                .path(&format!("lost/seed-{seed}/config.toml"))
                .exists()
        );
    }
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("2 diverged")
    );
}

/// Runs of a search that differ in their settings have the results that they have one by one.
#[test]
fn a_search_side_by_side_finds_what_it_finds_one_by_one() {
    let bench = TestDir::new();
    let results = |out: &str, at_once: usize| -> Vec<Value> {
        bench.succeed(&format!(
            "search {ROLL} --over hidden=[8],[6] --over lr=1e-3,1e30 --over lambda=0.1,1 --seeds 1 --at-once {at_once} --device gpu \
             --quiet --out {out}"
        ));
        let text = String::from_utf8(bench.bytes(&format!("{out}/results.jsonl"))).unwrap();
        let mut trials = lines(&text);
        trials
            .iter_mut()
            .for_each(|trial| trial["seconds"] = 0.into());
        trials.sort_by_key(ToString::to_string);
        trials
    };
    let [together, alone] = [results("together", 4), results("alone", 1)];
    assert_eq!(together.len(), 8);
    assert_eq!(together, alone);
    assert_eq!(
        bench.bytes("together/table.md"),
        bench.bytes("alone/table.md")
    );
}

/// A device whose bindings hold the weights of one network only runs one at a time, and says so.
#[test]
fn a_benchmark_of_replicas_measures_as_many_as_fit() {
    let bench = TestDir::new();
    let step = "bench step --workload toy --method ae --device gpu --seconds 0 --replicas 1,3";
    let told = |flag: &str| {
        let mut command = bench.command(&format!("{step} {flag}"));
        let output = command.env("NRAE_LARGEST_BINDING", "1500000").output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let measured = lines(&told("--json"));
    assert_eq!(measured.len(), 2);
    assert_eq!(
        (&measured[1]["replicas"], &measured[1]["at_once"]),
        (&3.into(), &1.into())
    );
    assert!(measured[1]["steps_per_second"].as_f64().unwrap() > 0.0);
    assert!(told("").contains("(of 3, 1 run at once)"));
}
