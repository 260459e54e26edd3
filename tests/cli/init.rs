//! `nrae init`

use crate::test_dir::TestDir;

#[test]
fn what_init_writes_trains_as_it_is() {
    let bench = TestDir::new();
    let row = |i: i32| {
        let t = f64::from(i) / 20.0;
        format!("{},{},{t}\n", t.sin(), t.cos())
    };
    let rows: String = (0..300).map(row).collect();
    std::fs::write(bench.path("curve.csv"), rows).unwrap();
    let told = bench.succeed("init curve.csv");
    for part in [
        "curve.csv: 300 samples [features] of [3], f32",
        "scaling: standardise, since the features have ranges of their own",
        "neighbours: the 10th is",
        "dimension: about 1.",
        "Wrote curve.toml. Train with: nrae train curve.toml",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // A curve has one dimension, and the file says so.
    let text = String::from_utf8(bench.bytes("curve.toml")).unwrap();
    assert!(
        text.contains("latent = 1") && text.contains("epochs = 667"),
        "{text}"
    );
    bench.succeed("train curve.toml --epochs 2 --device cpu --quiet --out run");
    // It takes what training without it takes.
    bench.succeed("train --data curve.csv --latent 1 --epochs 2 --device cpu --quiet --out same");
    assert_eq!(
        bench.bytes("run/model.safetensors"),
        bench.bytes("same/model.safetensors")
    );
}

#[test]
fn init_overwrites_nothing_and_tells_the_same_as_json() {
    let bench = TestDir::new().with_shipped_data();
    std::fs::write(bench.path("x.toml"), "mine").unwrap();
    bench.refuse("init x.csv", &["x.toml is there already", "--force"]);
    assert_eq!(bench.bytes("x.toml"), b"mine");
    let report = bench.json("init digits --json --out new/digits.toml");
    assert_eq!(
        (&report["data"]["samples"], &report["scaling"]),
        (&1797.into(), &"unit".into())
    );
    let near = &report["survey"]["neighbours"];
    assert!(near["same_class"].as_f64().unwrap() > 0.9, "{near}");
    assert!(
        (6.0..14.0).contains(&near["dimension"].as_f64().unwrap()),
        "{near}"
    );
    assert!(
        near["distance"].as_f64() < near["typical"].as_f64(),
        "{near}"
    );
    bench.succeed("init x.csv --force");
    assert!(bench.bytes("x.toml").len() > 200);
    bench.succeed(
        "train new/digits.toml --limit 50 --epochs 1 --set batch=10 --device cpu --quiet --out run",
    );
}

#[test]
fn init_names_what_is_remarkable() {
    let bench = TestDir::new();
    let row = |i: i32| format!("{},{},7,{i}\n", i % 20, 1e6 + f64::from(i % 2));
    let rows: String = (0..60).map(|i| row(i % 50)).collect();
    std::fs::write(bench.path("odd.csv"), rows).unwrap();
    let told = bench.succeed("init odd.csv");
    for part in [
        "10 of 60 samples equal an earlier one",
        "feature 2 of 4 never varies",
        "feature 1 of 4 far from 0 for its spread: kept in f64",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let text = String::from_utf8(bench.bytes("odd.toml")).unwrap();
    assert!(text.contains("# - feature 2 of 4 never varies"), "{text}");
    bench.succeed("train odd.toml --epochs 1 --device cpu --quiet --out run");
    std::fs::write(bench.path("few.csv"), "1,2\n3,4\n").unwrap();
    assert!(
        bench
            .succeed("init few.csv")
            .contains("too few samples to tell")
    );
    bench.refuse("init none.csv", &["there is no file none.csv"]);
}

#[test]
fn init_takes_tables_with_text_and_holes() {
    let bench = TestDir::new();
    let row = |i: i32| match i {
        5 => ",1,a\n".to_owned(),
        _ => format!("{},{},{}\n", i % 7, i % 11, ["a", "b"][i as usize % 2]),
    };
    let rows: String = (0..60).map(row).collect();
    std::fs::write(bench.path("t.csv"), format!("p,q,kind\n{rows}")).unwrap();
    let report = bench.json("init t.csv --json");
    assert_eq!(
        (
            &report["data"]["samples"],
            report["data"]["classes"].as_array().unwrap().len()
        ),
        (&60.into(), 2)
    );
    bench.succeed("train t.toml --epochs 1 --device cpu --quiet --out run");
    bench.succeed("init t.csv --columns q --label-column kind --out other.toml");
    let text = String::from_utf8(bench.bytes("other.toml")).unwrap();
    let lines = ["columns = [\"q\"]", "label_column = \"kind\""];
    assert!(lines.iter().all(|line| text.contains(line)), "{text}");
    bench.succeed("train other.toml --epochs 1 --device cpu --quiet --out other");
}

/// Mesa's layer that selects a device asks the desktop, whose library complains where there is none.
#[test]
fn no_word_about_the_desktop_comes_before_the_results() {
    let bench = TestDir::new();
    for value in [None, Some("relative/path")] {
        let mut command = bench.command("knn --data x.csv --k 3 --device gpu --out graph.npy");
        for name in [
            "XDG_RUNTIME_DIR",
            "NODEVICE_SELECT",
            "WAYLAND_DISPLAY",
            "DRI_PRIME",
        ] {
            command.env_remove(name);
        }
        if let Some(value) = value {
            command.env("XDG_RUNTIME_DIR", value);
        }
        let told = String::from_utf8(command.output().unwrap().stderr).unwrap();
        assert!(!told.contains("XDG_RUNTIME_DIR"), "{told}");
    }
}
