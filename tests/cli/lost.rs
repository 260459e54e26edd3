//! Nothing lost, nothing silent: runs that were killed, changed or cut off.

use crate::SMALL;
use crate::finite::{WIDE, ends, wide};
use crate::test_dir::TestDir;
use std::io::Read;
use std::process::Stdio;

/// What a seed decides of a run.
const FILES: [&str; 4] = [
    "model.safetensors",
    "metrics.jsonl",
    "checkpoint/last.safetensors",
    "checkpoint/state.safetensors",
];

fn same(bench: &TestDir, one: &str, other: &str) {
    for file in FILES {
        let [one, other] = [one, other].map(|run| bench.bytes(&format!("{run}/{file}")));
        assert!(one == other, "{file}");
    }
}

/// Starts a long run with `--json` and waits for its first epoch.
fn start(bench: &TestDir, arguments: &str) -> std::process::Child {
    let mut child = bench
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 32];
    let out = child.stdout.as_mut().unwrap();
    out.read_exact(&mut first).unwrap();
    child
}

#[test]
fn a_run_that_was_killed_before_its_first_checkpoint_starts_again() {
    let bench = TestDir::new();
    let train = "train --data x.csv --hidden 64,64 --k 3 --batch 10 --epochs 400 --device cpu";
    bench.succeed(&format!("{train} --quiet --out whole"));
    let mut child = start(&bench, &format!("{train} --json --out part"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!bench.path("part/checkpoint/state.safetensors").exists());
    std::fs::write(bench.path("part/checkpoint/.nrae-left"), "half").unwrap();
    let told = bench.succeed("resume part --device cpu");
    assert!(told.contains("starts again from its config"), "{told}");
    same(&bench, "whole", "part");
    assert!(bench.path("part/result.json").exists());
    assert!(!bench.path("part/checkpoint/.nrae-left").exists());
}

#[test]
fn a_run_that_was_killed_before_its_pictures_gets_them() {
    let bench = TestDir::new();
    bench.succeed(&format!("train --data x.csv --epochs 5 {SMALL} --out run"));
    let all = [
        "result.json",
        "plots/loss.png",
        "plots/manifold.png",
        "warnings.txt",
        "report.html",
    ];
    // The page is the last of them.
    for files in [&all[..], &all[3..], &all[4..]] {
        for file in files {
            std::fs::remove_file(bench.path(&format!("run/{file}"))).unwrap();
        }
        let model = bench.bytes("run/model.safetensors");
        let told = bench.succeed("resume run --device cpu");
        assert!(told.contains("only the result was missing"), "{told}");
        for file in files {
            assert!(bench.path(&format!("run/{file}")).exists(), "{file}");
        }
        assert_eq!(bench.bytes("run/model.safetensors"), model);
    }
    bench.refuse("resume run", &["is done after 20 steps", "--epochs"]);
}

#[test]
fn an_overwritten_run_is_not_taken_for_the_new_one() {
    let bench = TestDir::new();
    bench.succeed(&format!("train --data x.csv --epochs 5 {SMALL} --out run"));
    let mut child = start(
        &bench,
        "train --data x.csv --hidden 9 --k 3 --batch 10 --epochs 100000 --device cpu --json --overwrite --out run",
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!bench.path("run/checkpoint/state.safetensors").exists());
    assert!(!bench.path("run/result.json").exists());
}

#[test]
fn an_overwritten_run_leaves_nothing_that_could_be_taken_for_the_new_one() {
    let bench = TestDir::new();
    std::fs::write(bench.path("wide.csv"), wide()).unwrap();
    bench.succeed(&format!("train {WIDE} --method ae --tensorboard"));
    bench.succeed("export run --format pytorch");
    bench.succeed("export run --format onnx");
    bench.succeed("export run --format card");
    bench.succeed("explore run --device cpu");
    std::fs::write(bench.path("run/notes.md"), "mine").unwrap();
    // One that cannot be read.
    let gone = WIDE.replace("wide.csv", "gone.csv");
    bench.refuse(
        &format!("train {gone} --method vae --overwrite"),
        &["gone.csv"],
    );
    assert!(bench.path("run/model.safetensors").exists());
    // A card that cannot be read: nobody knows whose it is.
    let card = bench.bytes("run/README.md");
    std::fs::remove_file(bench.path("run/README.md")).unwrap();
    std::os::unix::fs::symlink("README.md", bench.path("run/README.md")).unwrap();
    bench.refuse(
        &format!("train {WIDE} --method vae --overwrite"),
        &["run/README.md"],
    );
    assert!(bench.path("run/model.safetensors").exists());
    std::fs::remove_file(bench.path("run/README.md")).unwrap();
    std::fs::write(bench.path("run/README.md"), card).unwrap();

    // One that ends before it has a model.
    let diverges = format!("train {WIDE} --method vae --lr 1e30 --overwrite");
    ends(&bench, &diverges, 1, &["stopped being finite"]);
    let mut left = files_below(&bench.path("run"));
    left.sort();
    assert_eq!(left, ["checkpoint/lock", "config.toml", "notes.md"]);
    bench.refuse(
        "encode run --data wide.csv --out z.npy",
        &["has no model yet"],
    );
    assert!(bench.succeed("runs . --json").contains("\"vae\""));

    // One that was killed while it made room for itself.
    std::fs::remove_file(bench.path("run/config.toml")).unwrap();
    bench.refuse("resume run", &["it has no config.toml"]);
    bench.succeed(&format!("train {WIDE} --method ae"));
    bench.succeed("resume run --epochs 6 --device cpu --quiet");
}

#[test]
fn what_lies_in_a_folder_without_a_run_stays_until_there_is_a_model() {
    let bench = TestDir::new();
    std::fs::write(bench.path("wide.csv"), wide()).unwrap();
    bench.succeed(&format!("train {WIDE}"));
    bench.succeed("export run --format pytorch --out project");
    std::fs::create_dir(bench.path("project/plots")).unwrap();
    std::fs::write(bench.path("project/plots/mine.png"), "mine").unwrap();
    let diverges = format!("train {WIDE} --lr 1e30").replace("--out run", "--out project");
    ends(&bench, &diverges, 1, &["stopped being finite"]);
    for file in ["model.safetensors", "load.py", "plots/mine.png"] {
        assert!(bench.path(&format!("project/{file}")).exists(), "{file}");
    }
}

/// The files in a folder, with their paths in it.
fn files_below(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let names = entries.flat_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        match entry.path().is_dir() {
            false => vec![name],
            true => files_below(&entry.path())
                .into_iter()
                .map(|file| format!("{name}/{file}"))
                .collect(),
        }
    });
    names.collect()
}

#[test]
fn a_run_that_was_killed_before_its_first_epoch_still_writes_events() {
    let bench = TestDir::new();
    bench.succeed(&format!(
        "train --data x.csv --epochs 3 {SMALL} --tensorboard --out run"
    ));
    // As it is in front of the first step: events are there before the configuration.
    for name in [
        "result.json",
        "report.html",
        "metrics.jsonl",
        "model.safetensors",
    ] {
        std::fs::remove_file(bench.path(&format!("run/{name}"))).unwrap();
    }
    std::fs::remove_file(bench.path("run/checkpoint/state.safetensors")).unwrap();
    let events = bench.path("run/events.out.tfevents.nrae");
    let whole = std::fs::metadata(&events).unwrap().len();
    let file = std::fs::File::options().write(true).open(&events).unwrap();
    file.set_len(0).unwrap();
    bench.succeed("resume run --device cpu --quiet");
    assert_eq!(std::fs::metadata(&events).unwrap().len(), whole);
}

#[test]
fn two_runs_in_one_folder_at_once_are_refused() {
    let bench = TestDir::new();
    let train =
        "train --data x.csv --hidden 8 --k 3 --batch 10 --epochs 1000000 --device cpu --out run";
    let mut child = start(&bench, &format!("{train} --json"));
    let parts = ["another nrae process is writing into run"];
    bench.refuse(&format!("{train} --quiet --overwrite"), &parts);
    bench.refuse("resume run --quiet --device cpu", &parts);
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
    // Nothing holds the lock any more.
    bench.succeed("resume run --epochs 2 --quiet --device cpu");
}

#[test]
fn a_run_whose_data_or_settings_have_changed_is_refused() {
    let bench = TestDir::new();
    bench.succeed(&format!("train --data x.csv --epochs 6 {SMALL} --out run"));
    let resume = "resume run --epochs 9 --quiet --device cpu";
    let before: Vec<_> = FILES.map(|file| bench.bytes(&format!("run/{file}"))).into();
    let rows = std::fs::read_to_string(bench.path("x.csv")).unwrap();
    let fewer: String = rows
        .lines()
        .take(30)
        .map(|row| format!("{row}\n"))
        .collect();
    std::fs::write(bench.path("x.csv"), &fewer).unwrap();
    bench.refuse(resume, &["data.train was [40, 3]", "is [30, 3]", "--force"]);
    std::fs::write(
        bench.path("x.csv"),
        rows.replacen("0,1,0\n", "0,1,0.5\n", 1),
    )
    .unwrap();
    bench.refuse(resume, &["data.train was [40, 3] with SHA-256", "--force"]);
    std::fs::write(bench.path("x.csv"), &rows).unwrap();

    let config = String::from_utf8(bench.bytes("run/config.toml")).unwrap();
    let edited = config
        .replace("batch = 10", "batch = 20")
        .replace("seed = 0", "seed = 4");
    std::fs::write(bench.path("run/config.toml"), edited).unwrap();
    bench.refuse(
        resume,
        &["seed was 0 and is 4; train.batch was 10 and is 20"],
    );
    for (file, bytes) in FILES.iter().zip(&before) {
        assert!(&bench.bytes(&format!("run/{file}")) == bytes, "{file}");
    }
    bench.succeed(&format!("{resume} --force"));
    let metrics = String::from_utf8(bench.bytes("run/metrics.jsonl")).unwrap();
    let epochs: Vec<serde_json::Value> = metrics
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["epoch"].clone())
        .collect();
    assert_eq!(epochs, (1..=9).collect::<Vec<_>>());

    // A file that has only moved is the same.
    std::fs::write(
        bench.path("run/config.toml"),
        config.replace("x.csv", "y.csv"),
    )
    .unwrap();
    std::fs::rename(bench.path("x.csv"), bench.path("y.csv")).unwrap();
    bench.succeed("resume run --epochs 12 --quiet --device cpu --force");
    bench.succeed("resume run --epochs 14 --quiet --device cpu");
}

#[test]
fn a_run_that_validation_ended_goes_on_when_asked() {
    let bench = TestDir::new();
    bench.succeed(&format!(
        "train --data x.csv --validation 0.2 --lr 0.1 --patience 1 --epochs 300 --set train.evaluate_every=1 {SMALL} --out run"
    ));
    let epochs = || {
        let result: serde_json::Value =
            serde_json::from_slice(&bench.bytes("run/result.json")).unwrap();
        result["epochs"].as_u64().unwrap()
    };
    let ended = epochs();
    assert!(ended < 300);
    bench.refuse(
        "resume run",
        &["validation ended it after", "Give --epochs 300 to go on"],
    );
    bench.succeed("resume run --epochs 500 --quiet --device cpu");
    assert!(epochs() > ended);
    bench.refuse(
        &format!("train --data x.csv --patience 3 {SMALL} --out other"),
        &["train.patience", "--validation 0.1"],
    );
}

#[test]
fn seeds_beyond_those_of_a_file_are_refused() {
    let bench = TestDir::new();
    for seed in ["9223372036854775808", "18446744073709551615"] {
        let parts = [seed, "from 0 to 9223372036854775807"];
        bench.refuse(
            &format!("train --data x.csv {SMALL} --seed {seed} --out a"),
            &parts,
        );
        bench.refuse(
            &format!("search --data x.csv {SMALL} --over k=2 --seeds {seed} --out a"),
            &parts,
        );
    }
    let largest = "9223372036854775807";
    bench.succeed(&format!(
        "train --data x.csv {SMALL} --epochs 1 --seed {largest} --out a"
    ));
}

#[test]
fn a_reader_that_leaves_does_not_end_a_run() {
    let bench = TestDir::new();
    let train = "train --data x.csv --hidden 8 --k 3 --batch 10 --epochs 300 --device cpu";
    for (out, flag) in [("a", "--json"), ("b", "")] {
        let mut child = bench
            .command(&format!("{train} {flag} --out {out}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 1];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        if flag.is_empty() {
            // Nobody reads the lines of progress either.
            drop(child.stderr.take());
        }
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}");
        for file in ["model.safetensors", "result.json"] {
            assert!(
                bench.path(&format!("{out}/{file}")).exists(),
                "{out}/{file}"
            );
        }
    }
}

#[test]
fn sizes_beyond_every_memory_are_refused() {
    let bench = TestDir::new();
    for (arguments, parts) in [
        (
            "--hidden 200000,200000",
            ["more than 4294967296 parameters", "narrower layers"],
        ),
        (
            "--hidden 9000000000,9000000000",
            ["layer encoder.0", "9000000000"],
        ),
        (
            "--hidden 9223372036854775807",
            ["layer encoder.0", "9223372036854775807"],
        ),
        (
            "--latent 9223372036854775807",
            ["layer encoder.2", "9223372036854775807"],
        ),
        (
            "--epochs 9223372036854775807",
            ["train.epochs is 9223372036854775807", "more than"],
        ),
        (
            "--k 9223372036854775807",
            ["k is 9223372036854775807", "from 1 to 39"],
        ),
        (
            "--batch 9223372036854775807",
            ["train.batch is", "40 training samples"],
        ),
        (
            "--synthetic sin --set data.samples=9223372036854775807",
            ["data.samples", "at most"],
        ),
    ] {
        bench.refuse(
            &format!("train --data x.csv {SMALL} --out new {arguments}"),
            &parts,
        );
        assert!(!bench.path("new").exists());
    }
    let layers = |inner: &str| {
        let ends = "[[net.decoder]]\nkind = \"linear\"\ninputs = 2\noutputs = 3\n";
        format!("[net]\nlatent = 2\n[[net.encoder]]\n{inner}\n{ends}")
    };
    for (inner, part) in [
        (
            "kind = \"unflatten\"\nshape = [2147483648, 2147483648, 2147483648]",
            "layer encoder.0",
        ),
        (
            "kind = \"unflatten\"\nshape = [4294967296, 4294967296, 1]",
            "layer encoder.0",
        ),
        (
            "kind = \"linear\"\ninputs = 3\noutputs = 9007199254740993",
            "layer encoder.0",
        ),
    ] {
        std::fs::write(bench.path("net.toml"), layers(inner)).unwrap();
        bench.refuse(
            &format!("train net.toml --data x.csv {SMALL} --out new"),
            &[part],
        );
    }

    // A model file whose network is larger than the file.
    bench.succeed(&format!("train --data x.csv --epochs 1 {SMALL} --out run"));
    let bytes = bench.bytes("run/model.safetensors");
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let text = std::str::from_utf8(&bytes[8..8 + header]).unwrap();
    let text = text.replace(r#"\"outputs\":8"#, r#"\"outputs\":99999999"#);
    let text = text.replace(r#"\"inputs\":8"#, r#"\"inputs\":99999999"#);
    let mut changed = (text.len() as u64).to_le_bytes().to_vec();
    changed.extend(text.as_bytes());
    changed.extend(&bytes[8 + header..]);
    std::fs::write(bench.path("m.safetensors"), changed).unwrap();
    bench.refuse(
        "encode m.safetensors --data x.csv --out z.npy",
        &["fewer parameters than its network"],
    );
}
