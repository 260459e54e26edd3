//! What training does where nothing is asked for, what it says of it, and what it warns of.

use crate::test_dir::TestDir;

/// 60 samples of 3 features with ranges of their own, one of them constant.
fn write_table(bench: &TestDir) {
    let rows = (0..60).map(|i| {
        let angle = i as f32 * 0.1;
        format!("{},{},7\n", 1000.0 * angle.sin(), 0.01 * angle.cos())
    });
    std::fs::write(bench.path("table.csv"), rows.collect::<String>()).unwrap();
}

fn result(bench: &TestDir, run: &str) -> serde_json::Value {
    serde_json::from_slice(&bench.bytes(&format!("{run}/result.json"))).unwrap()
}

fn text(bench: &TestDir, file: &str) -> String {
    String::from_utf8(bench.bytes(file)).unwrap()
}

#[test]
fn a_table_is_standardised_and_a_tenth_of_it_held_out_and_that_is_said_and_written() {
    let bench = TestDir::new();
    write_table(&bench);
    let told = bench
        .succeed("train --data table.csv --hidden 64,64 --latent 1 --k 3 --device cpu --out run");
    for part in [
        "54 samples of shape [3] to train on, 6 for validation (a tenth, held out by default)",
        "scaling standardise, since the features have ranges of their own",
        "Training: 2000 epochs (chosen by the number and size of samples) of 1 step",
        "of the data's variance: training ",
        "PCA with as many dimensions, MSE: training ",
        "MSE in the data's own units: training ",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    let config = text(&bench, "run/config.toml");
    for line in [
        "validation_fraction = 0.1",
        "scaling = \"standardise\"",
        "epochs = 2000",
        "batch = 54",
        "schedule = \"cosine\"",
        "train = \"table.csv\"",
        "folder = \"/",
    ] {
        assert!(config.contains(line), "{line} is not in: {config}");
    }
    let result = result(&bench, "run");
    assert_eq!(
        result["samples"],
        serde_json::json!({ "train": 54, "validation": 6, "test": 0 })
    );
    assert_eq!(
        (&result["data"], &result["scaling"], &result["shape"]),
        (
            &"table.csv".into(),
            &"standardise".into(),
            &serde_json::json!([3])
        )
    );
    let path = result["data_path"].as_str().unwrap();
    assert!(path.starts_with('/') && path.ends_with("/table.csv"));
    assert_eq!(result["data_sha256"].as_str().unwrap().len(), 64);
    assert!(result["date"].as_str().unwrap().ends_with('Z'));
    assert_eq!(result["command"][2], "--data");
    // Two features of variance 1, and a constant one of none.
    let errors = &result["errors"]["train"];
    let number = |key: &str| errors[key].as_f64().unwrap();
    let relative = number("relative") / number("mse");
    assert!((relative - 1.5).abs() < 1e-3, "{errors}");
    assert!(number("mse_original") > 10.0 * number("mse"), "{errors}");
    // The first component of two uncorrelated columns leaves about half of their variance.
    assert!((0.2..0.35).contains(&number("pca_mse")), "{errors}");
    assert_eq!(result["warnings"], serde_json::json!([]), "{result}");
    // What was resolved is what is trained again.
    bench.succeed("train run/config.toml --device cpu --quiet --out again");
    assert_eq!(
        bench.bytes("run/model.safetensors"),
        bench.bytes("again/model.safetensors")
    );
    assert_eq!(config, text(&bench, "again/config.toml"));

    // Both can be had otherwise, and a small file is not split.
    let told = bench.succeed(
        "train --data table.csv --validation 0 --scaling standardize --epochs 1 --device cpu --out all",
    );
    assert!(
        told.contains("60 samples of shape [3] to train on, 0 for validation, 0")
            && told.contains("scaling standardise;"),
        "{told}"
    );
    let told = bench.succeed("train --data x.csv --epochs 1 --device cpu --out small");
    assert!(told.contains("40 samples of shape [3] to train on, 0 for validation, 0"));
}

#[test]
fn a_curve_of_ours_is_left_as_it_is() {
    let bench = TestDir::new();
    let told =
        bench.succeed("train --synthetic swiss-roll --k 3 --epochs 1 --device cpu --out run");
    assert!(
        told.contains("30 samples of shape [2] to train on, 0 for validation, 1000 for the test")
            && told.contains("scaling none, since a built-in curve is left as it is"),
        "{told}"
    );
}

#[test]
fn a_bad_end_is_told_and_kept() {
    let bench = TestDir::new();
    write_table(&bench);
    // A rate so small that nothing is learned, and data whose second column is lost beside the first.
    let told = bench.succeed(
        "train --data table.csv --hidden 8 --k 3 --lr 1e-9 --epochs 2 --latent 1 --device cpu --quiet --out run",
    );
    let warnings = result(&bench, "run")["warnings"].clone();
    let warning = warnings[0].as_str().unwrap();
    assert!(
        warning.contains("validation MSE") && warning.contains("PCA with 1 dimension,"),
        "{warning}"
    );
    assert!(told.contains(&format!("warning: {warning}")), "{told}");
    assert!(told.ends_with("Wrote run\n"), "{told}");
    // On a line, both dimensions say the same.
    let rows = (0..60).map(|i| format!("{},{},{}\n", i, 2 * i, 3 * i));
    std::fs::write(bench.path("line.csv"), rows.collect::<String>()).unwrap();
    let told = bench.succeed(
        "train --data line.csv --hidden 8 --method ae --epochs 100 --device cpu --set net.activation=linear --out line",
    );
    assert!(
        told.contains("warning: the latents lie on a line, though there are 2 dimensions"),
        "{told}"
    );
    // So does a measurement, which also says what splits of different sizes do not share.
    let told = bench.succeed("eval line --k 2 --device cpu");
    for part in [
        "  warning: the latents lie on a line, though there are 2 dimensions",
        "depend on the number of samples: compare splits with --neighbourhood-samples 6",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    let told = bench.succeed("eval run --device cpu");
    assert!(told.contains("warning: the training MSE "), "{told}");
}

#[test]
fn a_run_is_measured_from_another_folder() {
    let bench = TestDir::new();
    write_table(&bench);
    let train = "train --data table.csv --hidden 8 --k 3 --epochs 2 --device cpu --quiet --out run";
    bench.succeed(train);
    std::fs::create_dir(bench.path("elsewhere")).unwrap();
    let measure = |folder: &str, run: &str| {
        let output = bench
            .command(&format!("eval {run} --device cpu --json"))
            .current_dir(bench.path(folder))
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), output.stdout, message)
    };
    let (here, elsewhere) = (measure(".", "run"), measure("elsewhere", "../run"));
    assert!(here.0 && elsewhere.0, "{}", elsewhere.2);
    assert_eq!(here.1, elsewhere.1);
    std::fs::rename(bench.path("table.csv"), bench.path("moved.csv")).unwrap();
    let (found, _, message) = measure("elsewhere", "../run");
    assert!(!found && message.contains("--data"), "{message}");
}

#[test]
fn seconds_are_those_of_every_stretch() {
    let bench = TestDir::new();
    write_table(&bench);
    let train = "train --data table.csv --hidden 8 --k 3 --epochs 300 --device cpu --quiet";
    bench.succeed(&format!("{train} --out run"));
    let first = result(&bench, "run")["seconds"].as_f64().unwrap();
    bench.succeed("resume run --epochs 301 --device cpu --quiet");
    let both = result(&bench, "run");
    assert!(both["seconds"].as_f64().unwrap() > first);
    assert_eq!(both["epochs"], 301);
}
