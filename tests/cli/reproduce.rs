//! `nrae reproduce`, by running the binary.

use crate::test_dir::TestDir;
use serde_json::Value;

/// An experiment that takes a moment: two methods, two seeds, a search of two tries for one of them.
pub(super) const QUICK: &str = r#"
title = "Quick"
about = "A roll."
choices = ["Small, since it is a test."]
methods = ["ae", "nrae-q"]
measures = ["order"]
picture = "curve"

[[tables]]
measure = "test_mse"
digits = 4

[settings]
data = { synthetic = "swiss-roll", samples = 12, scaling = "none" }
net = { latent = 1, hidden = [4] }
neighbours = { k = 3 }
train = { epochs = 2, batch = 12 }

[[row]]
name = "roll"
paper = { ae = [2.0, 0.5], nrae-q = [1.0] }

[[protocol]]
name = "tuned"
about = "Tuned."
settings.data.validation_samples = 5
tries.ae = [{ train.lr = 1e-3 }, { train.lr = 1e-2 }]

[scale.tiny]
seeds = 2

[scale.small]
seeds = 3

[[claim]]
text = "NRAE-Q is better than AE"
methods = ["nrae-q"]
than = "ae"
"#;

/// A folder with the experiment `quick`, changed by `change`.
pub(super) fn bench(change: impl Fn(String) -> String) -> TestDir {
    let bench = TestDir::new();
    let folder = bench.path("mine");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("quick.toml"), change(QUICK.into())).unwrap();
    bench
}

pub(super) const RUN: &str =
    "reproduce quick --experiments mine --scale tiny --device cpu --json --out out";

/// Lines of JSON: runs, and the result.
pub(super) fn run(bench: &TestDir, arguments: &str) -> (Vec<Value>, Value) {
    let text = bench.succeed(arguments);
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = lines.pop().unwrap();
    (lines, last["result"].clone())
}

pub(super) fn report(bench: &TestDir) -> String {
    String::from_utf8(bench.bytes("out/quick.md")).unwrap()
}

#[test]
fn experiments_are_listed_with_their_runs() {
    let bench = bench(|text| text);
    let list = bench.succeed("reproduce --list");
    for name in ["table1", "figure7"] {
        assert!(
            list.contains(&format!("\n{name} ")) || list.starts_with(name),
            "{list}"
        );
    }
    let lines = bench
        .succeed("reproduce --list --json --experiments mine")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect::<Vec<Value>>();
    let quick = lines.iter().find(|line| line["name"] == "quick").unwrap();
    // Two methods by seeds, and two tries.
    assert_eq!(
        (
            &quick["runs"]["tiny"],
            &quick["runs"]["small"],
            &quick["runs"]["full"]
        ),
        (&6.into(), &8.into(), &Value::Null)
    );
    bench.refuse(
        "reproduce tabel1",
        &["there is no experiment `tabel1`: did you mean table1?"],
    );
    let output = bench.run("reproduce quick --experiments mine --budget 5x");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("supported units: "));
    bench.refuse(
        "reproduce quick --experiments mine --scale full",
        &["quick has no [scale.full]"],
    );
}

#[test]
fn a_table_is_run_once_and_then_comes_from_the_cache() {
    let bench = bench(|text| text);
    let (runs, result) = run(&bench, RUN);
    assert_eq!(
        (runs.len(), &result["done"], &result["all"]),
        (6, &6.into(), &6.into())
    );
    let report = report(&bench);
    for part in [
        "| data | figures | AE | NRAE-Q |",
        "| roll | the paper | 2 ± 0.5 | 1 |",
        "| roll | tuned | ",
        "AE `train.lr = ",
        "seeds 1 to 2",
        "NRAE-Q is better than AE: **",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    let html = String::from_utf8(bench.bytes("out/report.html")).unwrap();
    assert_eq!(
        html.matches("data:image/png;base64,").count(),
        report.matches(".png)").count()
    );
    assert!(html.contains("base64,") && bench.path("out/quick-roll-tuned.png").exists());

    let (runs, again) = run(&bench, RUN);
    assert_eq!((runs.len(), &again["done"]), (0, &6.into()));
    // One more seed is two more runs; another setting is other runs.
    let (runs, result) = run(&bench, &RUN.replace("tiny", "small"));
    assert_eq!((runs.len(), &result["done"]), (2, &8.into()));
    std::fs::write(
        bench.path("mine/quick.toml"),
        QUICK.replace("samples = 12", "samples = 13"),
    )
    .unwrap();
    assert_eq!(run(&bench, RUN).0.len(), 6);
}

#[test]
fn runs_that_were_lost_or_damaged_are_made_again_and_no_others() {
    let bench = bench(|text| text);
    let (runs, _) = run(&bench, RUN);
    let file = |run: &Value| bench.path(&format!("out/runs/{}.json", run["key"].as_str().unwrap()));
    std::fs::remove_file(file(&runs[5])).unwrap();
    std::fs::write(file(&runs[4]), "{").unwrap();
    let (again, result) = run(&bench, RUN);
    assert_eq!((again.len(), &result["done"]), (2, &6.into()));
    for (one, two) in again.iter().zip(&runs[4..]) {
        assert_eq!(
            (&one["key"], &one["measures"]["test_mse"]),
            (&two["key"], &two["measures"]["test_mse"])
        );
    }
}

#[test]
fn runs_of_a_file_that_has_changed_are_made_again() {
    let bench = bench(|text| {
        text.replace(
            "synthetic = \"swiss-roll\", samples = 12, scaling = \"none\"",
            "train = \"own.csv\"",
        )
        .replace("measures = [\"order\"]\npicture = \"curve\"", "")
    });
    let write = |scale: f64| {
        let row = |i: u32| format!("{},{}\n", f64::from(i).sin(), scale * f64::from(i).cos());
        let rows: String = (0..20).map(row).collect();
        std::fs::write(bench.path("own.csv"), format!("a,b\n{rows}")).unwrap();
    };
    write(1.0);
    let (runs, _) = run(&bench, RUN);
    assert_eq!((runs.len(), run(&bench, RUN).0.len()), (6, 0));
    write(3.0);
    let (again, _) = run(&bench, RUN);
    assert_eq!((again.len(), run(&bench, RUN).0.len()), (6, 0));
    assert_ne!(
        runs[5]["measures"]["train_mse"],
        again[5]["measures"]["train_mse"]
    );
    // A report can be had where the data are not.
    std::fs::remove_file(bench.path("own.csv")).unwrap();
    assert_eq!(run(&bench, RUN).1["done"], 6);
}

#[test]
fn a_call_that_was_killed_goes_on_where_it_was() {
    let bench = bench(|text| text.replace("epochs = 2", "epochs = 1000"));
    let mut child = bench
        .command(RUN)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let ended = || {
        let entries = std::fs::read_dir(bench.path("out/runs"))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(".json"))
            .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
            .count()
    };
    while ended() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = ended();
    let (runs, result) = run(&bench, RUN);
    assert_eq!((runs.len(), &result["done"]), (6 - kept, &6.into()));
    let left: Vec<_> = std::fs::read_dir(bench.path("out/runs"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_fails_or_cannot_be_run_does_not_end_the_table() {
    let bench = bench(|text| {
        text.replace("methods = [\"ae\", \"nrae-q\"]", "methods = [\"ae\", \"cae\", \"nrae-q\"]")
            .replace("[[protocol]]", "[[row]]\nname = \"gone\"\ndata = { from = \"gone.npy\" }\nwithout.cae = \"it takes too long\"\n\n[[protocol]]")
            // One diverges, and one does not fit its data.
            .replace("tries.ae", "method.cae.train.lr = 1e30\nmethod.nrae-q.neighbours.k = 20\ntries.ae")
    });
    let (runs, result) = run(&bench, RUN);
    assert_eq!(
        (&result["done"], &result["stopped"]),
        (&8.into(), &false.into())
    );
    let outcomes = |kind: &str| {
        runs.iter()
            .filter(|run| run["outcome"].get(kind).is_some())
            .count()
    };
    assert_eq!((outcomes("diverged"), outcomes("failed")), (2, 2));
    let report = report(&bench);
    assert!(
        report.contains("| gone | tuned | not run | - | not run |"),
        "{report}"
    );
    for part in [
        "gone, `tuned`, AE, NRAE-Q: there is no file gone.npy",
        "gone, CAE: it takes too long",
        "roll, `tuned`, CAE: the ",
        "roll, `tuned`, NRAE-Q: k is 20",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    assert!(report.contains("| 2 diverged | 2 failed |"), "{report}");
    // What diverged is a result; what failed is tried again.
    let (again, _) = run(&bench, RUN);
    assert_eq!(
        again
            .iter()
            .filter(|run| run.get("outcome").is_some())
            .count(),
        2
    );
}

#[test]
fn a_budget_ends_a_table_in_time() {
    let bench = bench(|text| text.replace("epochs = 2", "epochs = 1000000"));
    let start = std::time::Instant::now();
    let (runs, result) = run(&bench, &format!("{RUN} --budget 0.5s"));
    assert!(start.elapsed().as_secs() < 20);
    assert_eq!(
        (runs.len(), &result["done"], &result["all"]),
        (0, &0.into(), &6.into())
    );
    let report = report(&bench);
    assert!(
        report.contains("| roll | tuned | not run | not run |")
            && report.contains("no time was left for it"),
        "{report}"
    );
}

#[test]
fn so_many_samples_are_held_out_as_are_asked_for() {
    let bench = TestDir::new();
    let train = "train --data x.csv --hidden 4 --latent 1 --k 3 --epochs 1 --device cpu --json --overwrite --out run";
    let counts = |arguments: &str| {
        let text = bench.succeed(arguments);
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let samples = &last["result"]["samples"];
        ["train", "validation", "test"].map(|split| samples[split].as_u64().unwrap())
    };
    let set = "--set data.validation_samples=7 --set data.test_samples=9";
    assert_eq!(counts(&format!("{train} {set}")), [24, 7, 9]);
    // What the run wrote down gives the same again, and a flag replaces a number.
    let again = "train run/config.toml --device cpu --json --out again";
    assert_eq!(counts(again), [24, 7, 9]);
    assert_eq!(
        counts(&format!("{train} {set} --validation 0.5")),
        [11, 20, 9]
    );
    let refuse = |more: &str, parts: &[&str]| bench.refuse(&format!("{train} {more}"), parts);
    refuse(
        "--set data.test_samples=40",
        &["data.test_samples = 40 takes 40 of 40 samples"],
    );
    refuse("--validation 5", &["data.validation_samples=N"]);
}

#[test]
fn errors_against_clean_samples_are_those_of_what_is_left() {
    let bench = TestDir::new();
    bench.succeed(
        "train --data x.csv --hidden 4 --latent 1 --k 3 --epochs 1 --device cpu --out run",
    );
    let eval =
        "eval run --data x.csv --device cpu --json --neighbourhood-samples 0 --geometry-samples 0";
    let same = bench.json(&format!("{eval} --clean x.csv"));
    let number = |value: &Value| value.as_f64().unwrap();
    assert!((number(&same["clean"]["mse"]) - number(&same["mse"])).abs() < 1e-6);
    assert_eq!(number(&same["clean"]["input_mse"]), 0.0);
    // One feature of one row of forty differs.
    let text = String::from_utf8(bench.bytes("x.csv")).unwrap();
    let mut rows: Vec<&str> = text.lines().collect();
    rows[0] = "0.5,1,0";
    std::fs::write(bench.path("clean.csv"), rows.join("\n")).unwrap();
    let other = bench.json(&format!("{eval} --clean clean.csv"));
    assert!(other["clean"]["input_mse"].as_f64().unwrap() > 0.0);
    assert_eq!(other["mse"], same["mse"]);
    std::fs::write(bench.path("few.csv"), rows[..9].join("\n")).unwrap();
    bench.refuse(
        &format!("{eval} --clean few.csv"),
        &["few.csv has 9 samples", "40"],
    );
    let output = bench.run("eval run --clean x.csv --device cpu");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_protocol_may_have_some_of_the_methods() {
    let ours = "[[protocol]]\nname = \"defaults\"\nabout = \"Ours.\"\nmethods = [\"nrae-q\"]\n\n";
    let with =
        |ours: &str, text: String| text.replace("[scale.tiny]", &format!("{ours}[scale.tiny]"));
    let bench = bench(|text| with(ours, text));
    let (runs, _) = run(&bench, RUN);
    assert_eq!(runs.len(), 8);
    let report = report(&bench);
    assert!(report.contains("| roll | defaults | - | 0."), "{report}");
    let file = bench.path("mine").join("quick.toml");
    std::fs::write(file, with(&ours.replace("nrae-q", "nrae-x"), QUICK.into())).unwrap();
    bench.refuse(RUN, &["quick.toml", "there is no method `nrae-x` in it"]);
}

#[test]
fn a_report_tells_what_its_figures_are_of() {
    let second = "[[row]]\nname = \"other\"\nsettings.data.samples = 13\nsearch = \"roll\"\n\n";
    let unit = "[[tables]]\nmeasure = \"epoch_seconds\"\ndigits = 2\nunit = \"ae\"\npaper.roll.ae = [7.5]\n\n";
    let rows = "[[claim]]\ntext = \"Rolls differ\"\nmethods = [\"ae\", \"nrae-q\"]\nrows = [\"roll\", \"other\"]\n\n";
    let bench = bench(|text| {
        text.replace("name = \"roll\"\n", "name = \"roll\"\npaper_samples = 50\n")
            .replace("digits = 4\n", "digits = 4\nstandard_error = true\n")
            // Cells of a row with different counts: the name has the least.
            .replace("tries.ae", "method.ae.data.samples = 13\ntries.ae")
            .replace("[[protocol]]", &format!("{second}[[protocol]]"))
            .replace("[settings]", &format!("{unit}[settings]"))
            .replace("[[claim]]", &format!("{rows}[[claim]]"))
            .replace(
                "[scale.tiny]\n",
                "[scale.tiny]\nsettings.train.epochs = 3\n",
            )
    });
    run(&bench, RUN);
    let report = report(&bench);
    for part in [
        "Scale `tiny` sets, over all that is said here: `train.epochs = 3`.",
        "### `test_mse`, mean ± standard error; less is better",
        "### `epoch_seconds` as a multiple of AE in the same line, of the quickest run, since ",
        "| roll | the paper | 7.5 | - |",
        "| roll, 12 images (the paper: 50) | tuned | ",
        "| mean place | tuned, 2 of 2 rows | ",
        "- NRAE-Q is better than AE: `tuned` holds in ",
        " of 2 cases.",
        "- Rolls differ: `tuned` holds in ",
        "`test_mse`: NRAE-Q with roll 0.",
        "NRAE-Q with other 0.",
        "(roll, 12 images (the paper: 50), `tuned`; `test_mse`: NRAE-Q ",
        ", by 2 runs each)",
        "roll, 12 images (the paper: 50), `tuned`: AE `train.lr = ",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    let multiples = report.split("### `epoch_seconds`").nth(1).unwrap();
    // The column of AE.
    let lines = multiples.lines().filter(|line| line.contains("| tuned | "));
    let of_ae = lines.take(2).map(|line| line.split(" | ").nth(2).unwrap());
    assert_eq!(of_ae.collect::<Vec<_>>(), ["1.00"; 2], "{multiples}");
}

#[test]
fn a_verdict_on_places_waits_for_the_runs_of_every_method() {
    let first = "[[claim]]\ntext = \"NRAE-Q is first\"\nmethods = [\"nrae-q\"]\nplaces = 1\n\n";
    let other = "[[protocol]]\nname = \"other\"\nabout = \"\"\nmethods = [\"ae\"]\n\n";
    let bench = bench(|text| {
        text.replace("[[claim]]", &format!("{first}[[claim]]"))
            .replace(
                "[\"ae\", \"nrae-q\"]",
                "[\"ae\", \"cae\", \"vae\", \"nrae-q\"]",
            )
            .replace("nrae-q = [1.0]", "nrae-q = [1.0], cae = [3.0], vae = [4.0]")
            .replace("[scale.tiny]", &format!("{other}[scale.tiny]"))
    });
    let told = |parts: &[&str]| {
        let report = report(&bench);
        for part in parts {
            assert!(report.contains(part), "{part}: {report}");
        }
    };
    let run_other = || run(&bench, &format!("{RUN} --protocol other"));
    run_other();
    told(&[
        "- roll, `tuned`, AE, CAE, VAE, NRAE-Q: not run yet",
        "- NRAE-Q is first: `tuned` 1 case has no runs for it yet.",
    ]);
    let (runs, _) = run(&bench, RUN);
    let order = "Spearman's correlation of the paper's order of 4 methods and ours: ";
    told(&["- NRAE-Q is first: `tuned` holds in ", order]);
    let is_lost = |run: &&Value| run["run"].as_str().unwrap().contains("cae, tuned, seed 2");
    let key = runs.iter().find(is_lost).unwrap()["key"].as_str().unwrap();
    std::fs::remove_file(bench.path(&format!("out/runs/{key}.json"))).unwrap();
    run_other();
    told(&[
        "- NRAE-Q is first: `tuned` so far holds in ",
        "- NRAE-Q is better than AE: `tuned` holds in ",
        ", by 1 run each)",
        ", by 2 runs each)",
    ]);
    // Nor is an order told of means of which some still change.
    assert!(!report(&bench).contains("Spearman"));
}

#[test]
fn rank_tests_are_of_every_measure_that_something_is_said_of_but_times() {
    let table = |measure: &str| format!("[[tables]]\nmeasure = \"{measure}\"\ndigits = 2\n\n");
    let claim = |measure: &str| {
        format!(
            "[[claim]]\ntext = \"less\"\nmeasure = \"{measure}\"\nmethods = [\"nrae-q\"]\nthan = \"ae\"\n\n"
        )
    };
    let measures = ["train_mse", "train_seconds"];
    let [tables, claims] = [measures.map(table).concat(), measures.map(claim).concat()];
    let bench = bench(|text| {
        text.replace("seeds = 2", "seeds = 6")
            .replace("[settings]", &format!("{tables}[settings]"))
            .replace("[[claim]]", &format!("{claims}[[claim]]"))
    });
    run(&bench, RUN);
    let report = report(&bench);
    let tests = report.split("### Rank tests").nth(1).unwrap();
    let tests = tests.split("###").next().unwrap();
    assert!(tests.contains("is of a single comparison, and not corrected for their number"));
    for measure in ["test_mse", "train_mse"] {
        let part = format!("roll, `tuned`: by `{measure}`, NRAE-Q is better in so many runs");
        assert!(tests.contains(&part), "{tests}");
    }
    assert!(!tests.contains("seconds"), "{tests}");
}
