//! Values that are not finite: they end what meets them with their place, and are never the best.

use crate::test_dir::TestDir;

/// Runs, expects exit status `code` and one sentence with every one of `parts`.
pub(super) fn ends(bench: &TestDir, arguments: &str, code: i32, parts: &[&str]) {
    let output = bench.run(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments}: {message}");
    for part in parts {
        assert!(
            message.contains(part),
            "{arguments} should say `{part}`: {message}"
        );
    }
}

/// 40 rows of 20 features.
pub(super) fn wide() -> String {
    let value = |i: usize| (i as f32 * 0.37).sin().to_string();
    let row = |i: usize| (0..20).map(|j| value(20 * i + j * j)).collect::<Vec<_>>();
    (0..40).map(|i| row(i).join(",") + "\n").collect()
}

/// A row whose sums are beyond f32.
fn huge() -> String {
    let value = |j: usize| ["3e38", "-3e38", "-3.1e38"][if j == 2 { 2 } else { j % 2 }];
    (0..20).map(value).collect::<Vec<_>>().join(",") + "\n"
}

pub(super) const WIDE: &str = "--data wide.csv --scaling none --epochs 5 --hidden 64 --k 3 --batch 10 --device cpu --quiet --out run";

#[test]
fn an_error_that_is_not_finite_is_never_the_best_and_its_place_is_named() {
    let bench = TestDir::new();
    let layer = "in encoder.0 (linear 20 -> 64)";
    let train = format!("train {WIDE} --overwrite");
    std::fs::write(bench.path("wide.csv"), wide()).unwrap();
    let rows: String = wide().split_inclusive('\n').take(5).collect();
    std::fs::write(bench.path("big.csv"), rows + &huge()).unwrap();
    ends(
        &bench,
        &format!("{train} --validation big.csv"),
        1,
        &[
            "error of the validation data",
            "sample 5",
            "feature is 2 with -3.1e38",
            layer,
        ],
    );
    assert!(!bench.path("run/result.json").exists());

    // In training: beyond f32 in a layer, and in the square of the error.
    let large = huge()
        .replace("-3.1e38", "4e19")
        .replace("-3e38", "0")
        .replace("3e38", "0");
    for (row, parts) in [
        (
            huge(),
            ["training sample 40", "feature is 2 with -3.1e38", layer],
        ),
        (
            large,
            ["training sample 40", "4e19 in feature 2", "beyond f32"],
        ),
    ] {
        std::fs::write(bench.path("wide.csv"), wide() + &row).unwrap();
        let parts = [&["stopped being finite in step"], &parts[..]].concat();
        ends(&bench, &format!("{train} --method ae"), 1, &parts);
    }
}

#[test]
fn outputs_that_are_not_finite_are_an_error() {
    let bench = TestDir::new();
    std::fs::write(bench.path("wide.csv"), wide()).unwrap();
    bench.succeed(&format!("train {WIDE}"));
    let first: String = wide().split_inclusive('\n').take(1).collect();
    std::fs::write(bench.path("big.csv"), first + &huge()).unwrap();
    std::fs::write(bench.path("z.csv"), "0,0\n3e38,3e38\n-3e38,3e38\n").unwrap();
    for (command, parts) in [
        (
            "encode run --data big.csv --out o.npy",
            ["big.csv: sample 1", "encoder.0"],
        ),
        (
            "reconstruct run --data big.csv --out o.npy",
            ["big.csv: sample 1", "encoder.0"],
        ),
        (
            "decode run --latents z.csv --out o.npy",
            ["z.csv: latent ", "decoder."],
        ),
        (
            "eval run --data big.csv",
            ["big.csv: sample 1", "encoder.0"],
        ),
    ] {
        bench.refuse(&format!("{command} --device cpu"), &parts);
        assert!(!bench.path("o.npy").exists(), "{command}");
    }

    let path = bench.path("run/model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    for command in ["encode run --data wide.csv --out o.npy", "eval run"] {
        bench.refuse(
            command,
            &["model.safetensors has NaN in ", "train it again"],
        );
    }
}

#[test]
fn a_loss_beyond_f32_ends_a_run_although_its_gradient_is_finite() {
    let bench = TestDir::new();
    let row = |i: usize| (0..6).map(move |j| ((6 * i + j) as f32 * 0.37).sin().to_string());
    let rows: String = (0..40)
        .map(|i| row(i).collect::<Vec<_>>().join(",") + "\n")
        .collect();
    let train = "--scaling none --hidden 8 --k 3 --batch 10 --validation 0 --epochs 2 --device cpu --quiet --out run --overwrite";
    std::fs::write(
        bench.path("x.csv"),
        format!("{rows}1.8e19,-1.8e19,1.8e19,0,0,0\n"),
    )
    .unwrap();
    let tanh = format!("train --data x.csv --method ae --activation tanh {train}");
    let said = ["the loss stopped being finite in step", "(epoch 1)"];
    ends(&bench, &tanh, 1, &said);
    // The run can be looked at and tried again.
    bench.succeed("runs .");
    ends(&bench, "resume run --device cpu --quiet", 1, &said);

    // Of a variational autoencoder: the exponential of a log variance.
    let large = |i: usize| row(i).map(|value| (900.0 * value.parse::<f32>().unwrap()).to_string());
    let rows: String = (0..40)
        .map(|i| large(i).collect::<Vec<_>>().join(",") + "\n")
        .collect();
    std::fs::write(bench.path("x.csv"), rows).unwrap();
    let vae = format!("train --data x.csv --method vae {train}");
    ends(
        &bench,
        &vae,
        1,
        &[
            "stopped being finite in step",
            "training sample",
            "log variance",
        ],
    );
}
