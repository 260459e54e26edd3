//! The command line, by running the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A folder to run in, with a small data file.
struct TestDir {
    folder: tempfile::TempDir,
}

impl TestDir {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows = (0..40).map(|i| {
            format!(
                "{},{},{}\n",
                (i as f32 * 0.3).sin(),
                (i as f32 * 0.3).cos(),
                i as f32 / 40.0
            )
        });
        std::fs::write(folder.path().join("x.csv"), rows.collect::<String>()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nrae"));
        command
            .current_dir(self.folder.path())
            .args(arguments.split_whitespace());
        // What the machine has set must not decide what the tests see.
        command
            .env_remove("NRAE_DATA")
            .env_remove("NRAE_ADAPTER")
            .env_remove("NRAE_KERNELS");
        command
    }

    fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs, expects success, and returns standard output.
    fn succeed(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs, expects exit status 2 and one sentence with every one of `parts`.
    fn refuse(&self, arguments: &str, parts: &[&str]) {
        let output = self.run(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
        let sentences = message
            .lines()
            .filter(|line| line.starts_with("nrae: "))
            .count();
        assert_eq!(sentences, 1, "{arguments}: {message}");
        for part in parts {
            assert!(
                message.contains(part),
                "{arguments} should say `{part}`: {message}"
            );
        }
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }
}

const SMALL: &str = "--hidden 8 --k 3 --batch 10 --device cpu --quiet";

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
    let gpu = "--data x.csv --hidden 8 --k 3 --batch 10 --device gpu --quiet";
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

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_a_resumed_run_equals_an_uninterrupted_one() {
    let bench = TestDir::new();
    let train = "train --data x.csv --hidden 64,64 --k 3 --batch 10 --validation 0.2 --epochs 3000 --schedule cosine --device cpu";
    bench.succeed(&format!("{train} --quiet --out whole"));
    let mut child = bench
        .command(&format!("{train} --json --out part"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The first epochs are behind it once it prints.
    let mut first = [0; 64];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let drain = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || std::io::read_to_string(drain));
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    reader.join().unwrap().unwrap();
    assert!(!bench.path("part/result.json").exists());
    bench.succeed("resume part --device cpu --quiet");
    for file in [
        "model.safetensors",
        "metrics.jsonl",
        "checkpoint/state.safetensors",
    ] {
        assert!(
            bench.bytes(&format!("whole/{file}")) == bench.bytes(&format!("part/{file}")),
            "{file}"
        );
    }
    bench.refuse("resume part", &["is done after", "--epochs"]);
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
fn a_search_selects_by_validation_and_goes_on_where_it_stopped() {
    let bench = TestDir::new();
    let search = format!(
        "search --data x.csv --validation 0.2 --epochs 5 {SMALL} --over train.lr=1e-6,1e-2 --out s"
    );
    let told = bench.succeed(&format!("{search} --seeds 1"));
    let rows: Vec<&str> = told.lines().skip(2).collect();
    assert!(
        rows[0].contains("train.lr=1e-2") && rows[1].contains("1e-6"),
        "{told}"
    );
    let best = String::from_utf8(bench.bytes("s/best.toml")).unwrap();
    assert!(best.contains("lr = 0.01"), "{best}");
    let before = bench.bytes("s/results.jsonl");
    bench.succeed(&format!("{search} --seeds 1,2"));
    let after = bench.bytes("s/results.jsonl");
    assert!(
        after.starts_with(&before) && after.len() > before.len(),
        "finished runs are kept and not repeated"
    );
    bench.refuse(
        "search --data x.csv --over k=1 --out t",
        &["unknown key `k`"],
    );
    bench.refuse(
        &format!("search --data x.csv {SMALL} --over seed=1 --out t"),
        &["selects by validation", "--validation 0.1"],
    );
}

#[test]
fn arrays_go_in_and_out() {
    let bench = TestDir::new();
    bench.succeed(&format!(
        "train --data x.csv --latent 2 --epochs 2 {SMALL} --out run"
    ));
    bench.succeed("encode run --data x.csv --out z.npy --device cpu");
    bench.succeed("decode run --latents z.npy --out x.npy --device cpu");
    bench.succeed("reconstruct run/model.safetensors --data x.csv --out r.npy --device cpu");
    assert_eq!(bench.bytes("x.npy"), bench.bytes("r.npy"));
    bench
        .succeed("jets run --latents z.npy --directions z.npy --out jets.safetensors --device cpu");
    let told = bench
        .succeed("grad run --centres x.csv --neighbours x.csv --method nrae-l --lambda 0.5 --out grad.safetensors --device cpu");
    let bytes = bench.bytes("grad.safetensors");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let loss = tensors.tensor("loss").unwrap();
    assert!(loss.shape().is_empty() && told.starts_with("loss "));
    assert_eq!(tensors.tensor("encoder.0.weight").unwrap().shape(), [8, 3]);
    // A neighbour that is its own centre: its expansion is the reconstruction, so the second term
    // is half the first.
    bench.succeed("grad run --centres x.csv --method ae --out ae.safetensors --device cpu");
    let ae = bench.bytes("ae.safetensors");
    let value = |bytes: &[u8]| {
        let tensors = safetensors::SafeTensors::deserialize(bytes).unwrap();
        f32::from_le_bytes(tensors.tensor("loss").unwrap().data().try_into().unwrap())
    };
    approx::assert_relative_eq!(value(&bytes), 1.5 * value(&ae), max_relative = 1e-5);
    bench.succeed("knn --data x.csv --k 4 --out graph.npy --distances d.npy --quiet");
    assert!(
        bench.bytes("graph.npy").len() >= 40 * 4 * 4 && bench.bytes("d.npy").len() >= 40 * 4 * 4
    );
    bench.succeed("knn --data x.csv --k 4 --out same.npy --device gpu --quiet");
    assert_eq!(bench.bytes("same.npy"), bench.bytes("graph.npy"));
}

#[test]
fn what_cannot_be_used_is_a_sentence_and_changes_nothing() {
    let bench = TestDir::new();
    let write = |name: &str, content: &[u8]| std::fs::write(bench.path(name), content).unwrap();
    write("ragged.csv", b"1,2\n3\n");
    write("nan.csv", b"1,2\n3,nan\n");
    write("words.csv", b"a,b\n1,2\n3,four\n");
    write("big.csv", b"0,5\n300,2\n40,6\n");
    write("typo.toml", b"[neighbours]\nlamda = 1.0\n");
    write("broken.toml", b"seed = \n");
    // An .npy of i64.
    let header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (2, 2), }                                \n";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header);
    npy.extend([0; 32]);
    write("int.npy", &npy);
    bench.succeed(&format!("train --data x.csv --epochs 1 {SMALL} --out run"));
    let model = bench.bytes("run/model.safetensors");
    write("cut.safetensors", &model[..model.len() - 7]);

    let train = format!("train {SMALL} --out new");
    for (arguments, parts) in [
        (
            format!("{train} --data none.npy"),
            vec!["there is no file none.npy", "NRAE_DATA"],
        ),
        (
            format!("{train} --data int.npy"),
            vec!["int.npy", "f32, f64 or u8", "astype"],
        ),
        (
            format!("{train} --data ragged.csv"),
            vec!["ragged.csv is ragged", "line 2"],
        ),
        (
            format!("{train} --data words.csv"),
            vec!["words.csv", "`four`", "line 3"],
        ),
        (
            format!("{train} --data nan.csv"),
            vec!["nan.csv", "sample 1", "feature 1"],
        ),
        (
            format!("{train} --data x.csv --k 40"),
            vec!["k is 40", "40 samples", "choose k from 1 to 39"],
        ),
        (
            format!("{train} --data x.csv --latent 0"),
            vec!["net.latent is 0"],
        ),
        (
            format!("{train} --data x.csv --batch 41"),
            vec!["train.batch is 41", "40 training samples"],
        ),
        (
            format!("{train} typo.toml --data x.csv"),
            vec!["typo.toml", "`lamda`", "did you mean `lambda`"],
        ),
        (
            format!("{train} broken.toml --data x.csv"),
            vec!["broken.toml", "line 1"],
        ),
        (
            format!("{train} --data x.csv --set k=1"),
            vec!["unknown key `k`"],
        ),
        (format!("{train} --data x.csv --set k"), vec!["has no `=`"]),
        (
            format!("{train} --data x.csv --method vea"),
            vec!["no method `vea`", "nrae-q"],
        ),
        (
            format!("{train} --data big.csv --set net.output=sigmoid --k 1 --batch 1"),
            vec!["300", "sigmoid", "data.scaling"],
        ),
        (train.clone(), vec!["no data to train on", "--data"]),
        (
            format!("train {SMALL} --data x.csv --out run"),
            vec!["run already holds a run", "--overwrite"],
        ),
        (
            "encode cut.safetensors --data x.csv --out z.npy".into(),
            vec!["cut.safetensors is damaged, cut short"],
        ),
        (
            "encode run --data big.csv --out z.npy".into(),
            vec!["big.csv", "[2]", "[3]"],
        ),
        (
            "decode run --latents x.csv --out z.npy".into(),
            vec!["x.csv has the shape [40, 3]", "[N, 2]"],
        ),
        ("resume nowhere".into(), vec!["nowhere is no run folder"]),
        ("eval nowhere".into(), vec!["nowhere"]),
        ("knn --data x.csv --k 0 --out g.npy".into(), vec!["k is 0"]),
        (
            "bench step --workload huge".into(),
            vec!["no workload `huge`", "mlp-elu"],
        ),
        (
            "bench gemm --seconds nan".into(),
            vec!["--seconds is NaN", "from 0 to"],
        ),
        (
            "bench step --seconds inf".into(),
            vec!["--seconds is inf", "from 0 to"],
        ),
        (
            "bench conv --only cube".into(),
            vec!["conv contains `cube`", "convolve_weight_adjoint"],
        ),
        (
            "bench jet --adapter no-such-gpu".into(),
            vec!["no-such-gpu"],
        ),
        (
            "bench knn --precision f16".into(),
            vec!["neighbours are found in f32", "leave out --precision"],
        ),
        (
            format!("{train} --data x.csv --precision f16"),
            vec!["the CPU multiplies in f32", "--device gpu"],
        ),
        (
            "bench knn --data x.csv --limit 15".into(),
            vec!["k is 15", "15 samples"],
        ),
        (
            "bench knn --data none.npy".into(),
            vec!["there is no file none.npy"],
        ),
        (
            "bench knn --features 0".into(),
            vec!["10000 samples of 0 features", "at least 1"],
        ),
        (
            "bench knn --samples 9999999999999 --features 9999999999999".into(),
            vec!["do not fit into memory"],
        ),
    ] {
        bench.refuse(&arguments, &parts);
        for file in ["new", "z.npy", "g.npy"] {
            assert!(!bench.path(file).exists(), "{arguments} wrote {file}");
        }
    }
    assert_eq!(bench.bytes("run/model.safetensors"), model);
}

#[test]
fn without_an_adapter_gpu_is_refused_and_auto_takes_the_cpu() {
    let bench = TestDir::new();
    let with = |device: &str| {
        let mut command = bench.command(&format!(
            "train --data x.csv --epochs 1 --k 3 --device {device} --out {device}"
        ));
        command
            .env("VK_DRIVER_FILES", "/nonexistent.json")
            .env("VK_ICD_FILENAMES", "/nonexistent.json");
        command.output().unwrap()
    };
    let refused = with("gpu");
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        message.contains("no GPU adapter was found") && message.contains("--device cpu"),
        "{message}"
    );
    assert!(!bench.path("gpu").exists());
    let taken = with("auto");
    assert!(
        taken.status.success() && String::from_utf8_lossy(&taken.stdout).contains("Device: CPU")
    );
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
fn every_subcommand_shows_examples() {
    let bench = TestDir::new();
    let help = bench.succeed("--help");
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        assert!(
            bench
                .succeed(&format!("{name} --help"))
                .contains("Examples:"),
            "{name}"
        );
    }
}

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
fn eval_measures_the_evidence_of_variational_autoencoders() {
    let bench = TestDir::new();
    let train = format!("train --data x.csv --latent 2 --epochs 20 {SMALL} --validation 0.2");
    bench.succeed(&format!(
        "{train} --method vae --set kl.weight=0.1 --out vae"
    ));
    bench.succeed(&format!("{train} --method ae --out ae"));
    let first = |arguments: &str| -> serde_json::Value {
        let told = bench.succeed(&format!("eval {arguments} --json --device cpu"));
        serde_json::from_str(told.lines().next().unwrap()).unwrap()
    };
    let own = &first("vae")["evidence"];
    approx::assert_relative_eq!(own["variance"].as_f64().unwrap(), 0.15, max_relative = 1e-9);
    assert!(
        own["divergence"].as_f64().unwrap() > 0.0 && own["elbo"].as_f64().unwrap() < 0.0,
        "{own}"
    );
    // The likeliest noise is no less likely; the codes are the same.
    let likeliest = &first("vae/model.safetensors --data x.csv")["evidence"];
    let given = &first("vae --data x.csv")["evidence"];
    assert!(
        likeliest["elbo"].as_f64() >= given["elbo"].as_f64()
            && likeliest["divergence"] == given["divergence"]
    );
    assert!(
        bench
            .succeed("eval vae --device cpu")
            .contains("nats per sample")
    );
    assert!(first("ae").get("evidence").is_none());
}

#[test]
fn eval_measures_neighbourhoods_and_geometry() {
    let bench = TestDir::new();
    for latent in 1..=3 {
        bench.succeed(&format!("train --data x.csv --latent {latent} --epochs 20 {SMALL} --validation 0.2 --out run{latent}"));
    }
    let lines = |arguments: &str| -> Vec<serde_json::Value> {
        let told = bench.succeed(&format!("eval {arguments} --json --device cpu"));
        told.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let own = lines("run2");
    let (training, validation) = (&own[0], &own[1]);
    let near = &training["neighbourhoods"];
    assert_eq!(
        (near["k"].as_u64(), near["samples"].as_u64()),
        (Some(10), Some(32))
    );
    for measure in ["trustworthiness", "continuity", "recall"] {
        assert!(
            (0.1..=1.0).contains(&near[measure].as_f64().unwrap()),
            "{measure}: {training}"
        );
    }
    let geometry = &training["geometry"];
    assert_eq!(
        (geometry["samples"].as_u64(), geometry["singular"].as_u64()),
        (Some(32), Some(0))
    );
    assert!(geometry["condition"]["q05"].as_f64().unwrap() >= 1.0);
    assert!(
        geometry["scalar_curvature"]["median"].is_f64()
            && geometry["median_absolute_scalar_curvature"]
                .as_f64()
                .unwrap()
                > 0.0
    );
    // Eight samples have not ten neighbours, which nobody has asked for.
    assert!(validation.get("neighbourhoods").is_none() && validation["geometry"]["samples"] == 8);
    bench.refuse(
        "eval run2 --k 10 --device cpu",
        &["validation: k is 10", "8 samples", "below 4"],
    );
    assert_eq!(lines("run2 --k 3")[1]["neighbourhoods"]["k"], 3);

    // Neither threads nor a second run matter; another seed draws other samples.
    let num_sampled = "eval run2 --data x.csv --neighbourhood-samples 25 --geometry-samples 7 --json --device cpu";
    let told = bench.succeed(num_sampled);
    let single = bench
        .command(num_sampled)
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert_eq!(told.as_bytes(), single.stdout);
    assert_ne!(told, bench.succeed(&format!("{num_sampled} --seed 1")));
    let num_sampled: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (
            &num_sampled["neighbourhoods"]["samples"],
            &num_sampled["geometry"]["samples"]
        ),
        (&25.into(), &7.into())
    );
    let bare = &lines("run2 --data x.csv --neighbourhood-samples 0 --geometry-samples 0")[0];
    assert!(
        bare.get("neighbourhoods").is_none()
            && bare.get("geometry").is_none()
            && bare["mse"].is_f64()
    );

    // A curve has no scalar curvature; where a decoder has no curved layer, nothing has one.
    let curve = &lines("run1")[0]["geometry"];
    assert!(
        curve.get("scalar_curvature").is_none()
            && curve["extrinsic_curvature"]["median"].as_f64().unwrap() > 0.0
    );
    let told = bench.succeed("eval run2 --device cpu");
    for part in [
        "trustworthiness 0.",
        "condition number of G: ",
        "scalar curvature S: ",
        ", |S| ",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }

    bench.succeed("eval run2 --curvature-field field.npy --device cpu");
    let told = bench.succeed("eval run2 --data x.csv --curvature-field field.PNG --device cpu");
    assert!(
        told.ends_with("Wrote field.PNG\n") && bench.bytes("field.PNG").starts_with(b"\x89PNG")
    );
    assert!(String::from_utf8_lossy(&bench.bytes("field.npy")[..128]).contains("(128, 128, 3"));
    for (arguments, parts) in [
        (
            "run3 --curvature-field no.png",
            vec!["dimension 3", "over 2"],
        ),
        (
            "run2 --curvature-field no.jpg",
            vec!["no.jpg", ".png", ".npy"],
        ),
        ("run2 --curvature-field no", vec!["no is no name", ".png"]),
        ("run2 --data x.csv --k 0", vec!["k is 0"]),
    ] {
        bench.refuse(&format!("eval {arguments} --device cpu"), &parts);
        assert!(
            !["no.png", "no.jpg", "no"]
                .iter()
                .any(|file| bench.path(file).exists()),
            "{arguments}"
        );
    }
}

/// Every layer of a network of the user's own, and its loss.
#[test]
fn gradcheck_takes_a_configuration() {
    let bench = TestDir::new();
    let told = bench.succeed("gradcheck --data x.csv --hidden 8 --method nrae-q --device cpu");
    for part in [
        "encoder.0  linear 3 -> 8",
        "decoder.1  elu",
        "nrae-q loss, in every parameter",
        "7 of 7 checks hold",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let image = "method = \"nr-vae-l\"\nseed = 3\n[net]\npreset = \"conv28\"\nlatent = 2\nactivation = \"relu\"\n";
    std::fs::write(bench.path("image.toml"), image).unwrap();
    let told = bench.succeed("gradcheck image.toml --shape 1,28,28 --device cpu --json");
    let rows: Vec<serde_json::Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        rows.iter()
            .all(|row| row["holds"] == true && row["difference_error"].is_f64()),
        "{told}"
    );
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert!(names[0].starts_with("encoder.0  conv 1 -> "), "{names:?}");
    assert!(
        names
            .last()
            .unwrap()
            .starts_with("nr-vae-l loss, along 3 directions and in 32 parameters"),
        "{names:?}"
    );
    bench.refuse("gradcheck --method ae", &["--data FILE", "--shape"]);
    bench.refuse(
        "gradcheck --method ae --shape 28,28",
        &["--shape is [28, 28]", "CHANNELS,HEIGHT,WIDTH"],
    );
    bench.refuse(
        "gradcheck --shape 3 --set net.latnet=3",
        &["latnet", "latent"],
    );
    bench.refuse("gradcheck --shape 3 --net conv28", &["[3]"]);
    bench.refuse("gradcheck missing.toml", &["missing.toml"]);
}

/// A normalised image of one value is zero, where a ReLU has no derivative: that is told, with the
/// exit status of a failure.
#[test]
fn gradcheck_fails_where_there_is_no_derivative() {
    let bench = TestDir::new();
    std::fs::write(bench.path("zeros.csv"), "0,0,0,0\n".repeat(8)).unwrap();
    let layer = |stack: &str, layer: &str| format!("[[net.{stack}]]\nkind = {layer}\n");
    let config = [
        "method = \"ae\"\n[data]\ntrain = \"zeros.csv\"\n[net]\nlatent = 2\n".into(),
        layer("encoder", "\"unflatten\"\nshape = [1, 2, 2]"),
        layer("encoder", "\"group-norm\"\ngroups = 1\nchannels = 1"),
        layer("encoder", "\"activation\"\nfunction = \"relu\""),
        layer("encoder", "\"linear\"\ninputs = 4\noutputs = 2"),
        layer("decoder", "\"linear\"\ninputs = 2\noutputs = 4"),
    ];
    std::fs::write(bench.path("kink.toml"), config.concat()).unwrap();
    let output = bench.run("gradcheck kink.toml --device cpu --quiet");
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    let failing: Vec<_> = told
        .lines()
        .filter(|line| line.ends_with("FAILS"))
        .collect();
    assert!(
        matches!(failing[..], [line] if line.starts_with("ae loss, in every parameter")),
        "{told}"
    );
    assert!(told.contains("5 of 6 checks hold"), "{told}");
}
