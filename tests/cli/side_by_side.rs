//! `nrae reproduce` where runs of a cell train side by side.

use crate::reproduce::{QUICK, RUN, bench, report, run};
use serde_json::Value;

/// Tries and seeds of a cell, one of which diverges.
#[test]
fn runs_side_by_side_are_those_of_each_alone() {
    ["gpu", "cpu"].into_iter().for_each(runs_side_by_side);
}

fn runs_side_by_side(device: &str) {
    let bench = bench(|text| {
        text.replace(
            "{ train.lr = 1e-2 }",
            "{ train.lr = 1e-2 }, { train.lr = 1e30 }",
        )
        .replace("seeds = 2", "seeds = 4")
    });
    let on = |rest: &str| {
        RUN.replace(
            "--device cpu --json --out out",
            &format!("--device {device} {rest}"),
        )
    };
    let (beside, result) = run(&bench, &on("--at-once 4 --json --out out"));
    assert_eq!((beside.len(), &result["done"]), (11, &11.into()));
    let (alone, _) = run(&bench, &on("--at-once 1 --json --out alone"));
    let told = |runs: &[Value]| {
        let key = |run: &Value| run["key"].as_str().unwrap().to_owned();
        let told = runs.iter().map(|run| {
            let mut measures = run["measures"].clone();
            let seconds = |name: &String, _: &mut Value| !name.ends_with("seconds");
            measures.as_object_mut().unwrap().retain(seconds);
            (key(run), (run["outcome"].clone(), measures))
        });
        told.collect::<std::collections::BTreeMap<_, _>>()
    };
    assert_eq!(told(&beside), told(&alone));
    let at_once = |out: &str, run: &Value| {
        let path = format!("{out}/runs/{}.json", run["key"].as_str().unwrap());
        let ended: Value = serde_json::from_slice(&bench.bytes(&path)).unwrap();
        ended.get("at_once").and_then(Value::as_u64).unwrap_or(1)
    };
    let counts = |out| {
        beside
            .iter()
            .map(|run| at_once(out, run))
            .collect::<Vec<_>>()
    };
    // Three tries, then the seeds of the one that was chosen; the method without a search comes first.
    assert_eq!(counts("out"), [4, 4, 4, 4, 3, 3, 3, 4, 4, 4, 4]);
    assert_eq!(counts("alone"), [1; 11]);
    assert!(
        report(&bench).contains(
            "(8 of them trained side by side, up to 4 at once: their seconds are shares)"
        )
    );

    // In a hurry all train alone, since nothing of a group that is not done is kept.
    let (runs, _) = run(&bench, &on("--budget 1h --json --out hurry"));
    assert!(runs.iter().all(|run| at_once("hurry", run) == 1));
    assert_eq!(told(&runs), told(&alone));
}

/// What compares the speed of training has runs that trained alone, also where others are there.
#[test]
fn seconds_of_an_epoch_are_of_runs_alone() {
    let bench = bench(|text| text);
    let on_gpu = RUN.replace("--device cpu", "--device gpu --at-once 2");
    let (runs, _) = run(&bench, &on_gpu);
    let timed = |run: &Value| run["measures"].get("epoch_seconds").is_some();
    assert_eq!(
        (runs.len(), runs.iter().filter(|run| timed(run)).count()),
        (6, 0)
    );
    let table = "[[tables]]\nmeasure = \"epoch_seconds\"\ndigits = 3\n\n[settings]";
    let text = QUICK.replace("[settings]", table);
    std::fs::write(bench.path("mine/timed.toml"), text).unwrap();
    let (runs, result) = run(&bench, &on_gpu.replace("quick", "timed"));
    // The tries are those that are there.
    assert_eq!((runs.len(), &result["done"]), (4, &6.into()));
    assert!(runs.iter().all(timed));
    assert_eq!(run(&bench, &on_gpu.replace("quick", "timed")).0.len(), 0);
    assert_eq!(run(&bench, &on_gpu).0.len(), 0);
}

/// A batch of NRAE-Q that is too large for the device is computed in parts here as well.
#[test]
fn runs_too_large_for_the_device_are_cut() {
    let bench = bench(|text| text.replace("hidden = [4]", "hidden = [64]"));
    let on_gpu = RUN.replace("--device cpu", "--device gpu --at-once 4");
    let mut command = bench.command(&on_gpu);
    let output = command
        .env("NRAE_LARGEST_BINDING", "4096")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let ended = |line: &&str| line.contains("\"outcome\":\"done\"");
    assert_eq!(text.lines().filter(ended).count(), 6, "{text}");
}
