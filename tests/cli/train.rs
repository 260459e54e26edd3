//! Runs: what they leave, that they repeat themselves and go on, and searches.

use crate::SMALL;
use crate::test_dir::TestDir;
use std::path::Path;
use std::process::{Command, Stdio};

fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name)
        .display()
        .to_string()
}

#[test]
fn a_run_leaves_everything_that_its_folder_promises() {
    let bench = TestDir::new();
    let (digits, labels) = (data("digits.npy"), data("digits-labels.npy"));
    let told = bench.succeed(&format!(
        "train --data {digits} --labels {labels} --limit 200 --validation 0.2 --test 0.1 --epochs 3 --hidden 16 --device cpu --out run"
    ));
    for file in [
        "config.toml",
        "metrics.jsonl",
        "model.safetensors",
        "result.json",
        "checkpoint/state.safetensors",
        "checkpoint/last.safetensors",
        "plots/loss.png",
        "plots/latent.png",
        "plots/grid.png",
        "plots/reconstruction.png",
    ] {
        assert!(!bench.bytes(&format!("run/{file}")).is_empty(), "{file}");
        let listed = file.split('/').next().unwrap();
        assert!(told.contains(listed), "{file} is not named in: {told}");
    }
    let metrics = String::from_utf8(bench.bytes("run/metrics.jsonl")).unwrap();
    assert_eq!(metrics.lines().count(), 3);
    assert!(
        metrics
            .lines()
            .all(|line| line.contains("\"loss\":") && line.contains("\"validation_mse\":"))
    );
    let config = String::from_utf8(bench.bytes("run/config.toml")).unwrap();
    assert!(
        config.contains("# device: CPU")
            && config.contains("seed = 0")
            && config.contains("method = \"nrae-q\""),
        "{config}"
    );
    // The resolved configuration trains again, to the same bytes.
    bench.succeed("train run/config.toml --device cpu --quiet --out again");
    assert_eq!(
        bench.bytes("run/model.safetensors"),
        bench.bytes("again/model.safetensors")
    );
    assert_eq!(
        bench.bytes("run/metrics.jsonl"),
        bench.bytes("again/metrics.jsonl")
    );
    let measured = bench.succeed("eval run --json --device cpu");
    assert_eq!(measured.lines().count(), 3);
    assert!(
        measured.contains("\"data\":\"test\"") && measured.contains("psnr"),
        "{measured}"
    );
}

#[test]
fn json_output_is_json_alone() {
    let bench = TestDir::new();
    let printed = bench
        .succeed("train --data x.csv --hidden 8 --k 3 --epochs 4 --device cpu --json --out run");
    let lines: Vec<serde_json::Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[3]["epoch"], 4);
    assert!(lines[4]["result"]["train_mse"].as_f64().unwrap() > 0.0);
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let bench = TestDir::new();
    for (out, threads, seed) in [("a", "1", 1), ("b", "3", 1), ("c", "2", 2)] {
        let arguments = format!(
            "train --data x.csv --epochs 20 --hidden 200,200 --k 3 --device cpu --quiet --seed {seed} --out {out}"
        );
        let output = bench
            .command(&arguments)
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert!(output.status.success());
    }
    assert_eq!(
        bench.bytes("a/model.safetensors"),
        bench.bytes("b/model.safetensors")
    );
    assert_eq!(
        bench.bytes("a/metrics.jsonl"),
        bench.bytes("b/metrics.jsonl")
    );
    assert_ne!(
        bench.bytes("a/model.safetensors"),
        bench.bytes("c/model.safetensors")
    );
}

#[test]
fn a_software_gpu_repeats_itself_and_resumes_to_the_bit() {
    let bench = TestDir::new();
    // A start and a schedule that the number of epochs does not change.
    let gpu = "--data x.csv --hidden 8 --k 3 --batch 10 --set train.warm_start=none --schedule constant --device gpu --quiet";
    bench.succeed(&format!("train {gpu} --epochs 6 --out whole"));
    bench.succeed(&format!("train {gpu} --epochs 6 --out twice"));
    bench.succeed(&format!("train {gpu} --epochs 3 --out part"));
    bench.succeed("resume part --epochs 6 --device gpu --quiet");
    for other in ["twice", "part"] {
        assert_eq!(
            bench.bytes("whole/model.safetensors"),
            bench.bytes(&format!("{other}/model.safetensors")),
            "{other}"
        );
    }
}

/// Ctrl-C, what a scheduler sends, and the time that a run may take.
#[cfg(unix)]
#[test]
fn a_run_that_was_stopped_and_resumed_equals_an_uninterrupted_one() {
    let bench = TestDir::new();
    let train = "train --data x.csv --hidden 64,64 --k 3 --batch 10 --validation 0.2 --epochs 3000 --schedule cosine --device cpu";
    bench.succeed(&format!("{train} --quiet --out whole"));
    for (signal, status) in [("INT", 130), ("TERM", 75), ("USR1", 75), ("no", 75)] {
        let limit = if signal == "no" {
            "--time-limit 300ms"
        } else {
            ""
        };
        let mut child = bench
            .command(&format!("{train} --json --out {signal} {limit}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        if limit.is_empty() {
            // The first epochs are behind it once it prints.
            let mut first = [0; 64];
            std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
        }
        let drain = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || std::io::read_to_string(drain));
        if limit.is_empty() {
            let process = child.id().to_string();
            let mut kill = Command::new("kill");
            let sent = kill.args([&format!("-{signal}"), &process]).status();
            assert!(sent.unwrap().success());
        }
        assert_eq!(child.wait().unwrap().code(), Some(status), "{signal}");
        reader.join().unwrap().unwrap();
        assert!(!bench.path(&format!("{signal}/result.json")).exists());
        bench.succeed(&format!("resume {signal} --device cpu --quiet"));
        for file in [
            "model.safetensors",
            "metrics.jsonl",
            "checkpoint/state.safetensors",
        ] {
            assert!(
                bench.bytes(&format!("whole/{file}")) == bench.bytes(&format!("{signal}/{file}")),
                "{signal}, {file}"
            );
        }
        bench.refuse(&format!("resume {signal}"), &["is done after", "--epochs"]);
    }
    let output = bench.run("train --data x.csv --time-limit soon");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("'soon' for '--time-limit"));
}

#[test]
fn every_method_trains_with_its_defaults() {
    let bench = TestDir::new();
    let methods = bench.succeed("methods --json");
    std::fs::write(
        bench.path("e.csv"),
        (0..40)
            .map(|i| format!("{i},{}\n", i * i))
            .collect::<String>(),
    )
    .unwrap();
    bench.succeed(&format!(
        "train --data x.csv --method grae --epochs 1 {SMALL} --out phate"
    ));
    for line in methods.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let method = row["method"].as_str().unwrap();
        let embedding = if method.contains("grae") {
            "--set grae.file=e.csv"
        } else {
            ""
        };
        bench.succeed(&format!(
            "train --data x.csv --method {method} {embedding} --epochs 30 {SMALL} --out {method}"
        ));
        let metrics = String::from_utf8(bench.bytes(&format!("{method}/metrics.jsonl"))).unwrap();
        let loss = |line: &str| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["loss"]
                .as_f64()
                .unwrap()
        };
        let (first, last) = (
            loss(metrics.lines().next().unwrap()),
            loss(metrics.lines().last().unwrap()),
        );
        assert!(last < first, "{method}: {first} to {last}");
    }
}

#[test]
fn diverged_training_keeps_the_run_and_exits_with_1() {
    let bench = TestDir::new();
    let output = bench.run(&format!(
        "train --data x.csv --lr 1e30 --epochs 50 {SMALL} --out run"
    ));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("stopped being finite"));
    assert!(bench.path("run/config.toml").exists());
}

#[test]
fn a_search_selects_by_validation_and_goes_on_where_it_stopped() {
    let bench = TestDir::new();
    let search = format!(
        "search --data x.csv --validation 0.2 --epochs 5 {SMALL} --over train.lr=1e-6,1e-2 --out s"
    );
    let told = bench.succeed(&format!("{search} --seeds 1"));
    let rows: Vec<&str> = told.lines().skip(2).collect();
    assert!(
        rows[0].contains("train.lr=0.01") && rows[1].contains("1e-6"),
        "{told}"
    );
    let best = String::from_utf8(bench.bytes("s/best.toml")).unwrap();
    assert!(best.contains("lr = 0.01"), "{best}");
    let results = || String::from_utf8(bench.bytes("s/results.jsonl")).unwrap();
    let before = results();
    bench.succeed(&format!("{search} --seeds 1,2"));
    let after = results();
    assert!(
        after.lines().count() == 4 && before.lines().all(|line| after.contains(line)),
        "finished runs are kept and not repeated"
    );
    bench.refuse(
        "search --data x.csv --over lamda=1 --out t",
        &["unknown key `lamda`", "`lambda`"],
    );
    bench.refuse(
        &format!("search --data x.csv {SMALL} --over seed=1 --out t"),
        &["selects by validation", "--validation 0.1"],
    );
}

#[test]
fn every_latent_dimension_and_kind_of_data_has_its_pictures() {
    let bench = TestDir::new();
    for (name, features) in [("space.csv", 3), ("vectors.csv", 6)] {
        let value = |i: usize, c: usize| ((i * (c + 2)) as f32 * 0.37).sin();
        let row = |i: usize| {
            (0..features)
                .map(|c| value(i, c).to_string())
                .collect::<Vec<_>>()
        };
        let text: Vec<String> = (0..60).map(|i| row(i).join(",")).collect();
        std::fs::write(bench.path(name), text.join("\n")).unwrap();
    }
    let pictures = |data: &str, latent: usize| -> Vec<String> {
        let out = format!("{data}-{latent}");
        bench.succeed(&format!(
            "train --data {data} --latent {latent} --validation 0.2 --epochs 2 --hidden 8 --device cpu --out {out} --quiet"
        ));
        let plots = bench.path(&out).join("plots").read_dir().unwrap();
        let mut names: Vec<String> = plots
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    for latent in [1, 2, 3, 5] {
        let expected = ["latent.png", "loss.png", "reconstruction.png"];
        assert_eq!(pictures("vectors.csv", latent), expected, "{latent}");
    }
    for latent in [1, 2] {
        let expected = ["latent.png", "loss.png", "manifold.png"];
        assert_eq!(pictures("space.csv", latent), expected, "{latent}");
    }
    let metrics = String::from_utf8(bench.bytes("vectors.csv-2/metrics.jsonl")).unwrap();
    for line in metrics.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let (train, validation) = (&record["train_mse"], &record["validation_mse"]);
        assert!(
            train.as_f64().unwrap() > 0.0 && train != validation,
            "{line}"
        );
    }
}
