//! Measures of models.

use crate::SMALL;
use crate::test_dir::TestDir;

/// A folder with a model of `latent` dimensions, `run`, which has a validation set.
fn trained(latent: usize) -> TestDir {
    let bench = TestDir::new();
    bench.succeed(&format!(
        "train --data x.csv --latent {latent} --epochs 20 {SMALL} --validation 0.2 --out run"
    ));
    bench
}

/// What `eval` prints as JSON, a line for each set.
fn lines(bench: &TestDir, arguments: &str) -> Vec<serde_json::Value> {
    let told = bench.succeed(&format!("eval {arguments} --json --device cpu"));
    told.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn eval_measures_the_evidence_of_variational_autoencoders() {
    let bench = TestDir::new();
    let train = format!("train --data x.csv --latent 2 --epochs 20 {SMALL} --validation 0.2");
    bench.succeed(&format!(
        "{train} --method vae --set kl.weight=0.1 --out vae"
    ));
    bench.succeed(&format!("{train} --method ae --out ae"));
    let first = |arguments: &str| lines(&bench, arguments).swap_remove(0);
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
    let bench = trained(2);
    let own = lines(&bench, "run");
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
        "eval run --k 10 --device cpu",
        &["validation: k is 10", "8 samples", "below 4"],
    );
    assert_eq!(lines(&bench, "run --k 3")[1]["neighbourhoods"]["k"], 3);
    let told = bench.succeed("eval run --device cpu");
    for part in [
        "trustworthiness 0.",
        "condition number of G: ",
        "scalar curvature S: ",
        ", |S| ",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

/// Neither threads nor a second run matter; another seed draws other samples.
#[test]
fn eval_draws_samples_by_the_seed() {
    let bench = trained(2);
    let sampled =
        "eval run --data x.csv --neighbourhood-samples 25 --geometry-samples 7 --json --device cpu";
    let told = bench.succeed(sampled);
    let single = bench
        .command(sampled)
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert_eq!(told.as_bytes(), single.stdout);
    assert_ne!(told, bench.succeed(&format!("{sampled} --seed 1")));
    let sampled: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (
            &sampled["neighbourhoods"]["samples"],
            &sampled["geometry"]["samples"]
        ),
        (&25.into(), &7.into())
    );
    let bare = &lines(
        &bench,
        "run --data x.csv --neighbourhood-samples 0 --geometry-samples 0",
    )[0];
    assert!(
        bare.get("neighbourhoods").is_none()
            && bare.get("geometry").is_none()
            && bare["mse"].is_f64()
    );
}

#[test]
fn a_curve_has_no_scalar_curvature() {
    let bench = trained(1);
    let curve = &lines(&bench, "run")[0]["geometry"];
    assert!(
        curve.get("scalar_curvature").is_none()
            && curve["extrinsic_curvature"]["median"].as_f64().unwrap() > 0.0
    );
}

#[test]
fn eval_draws_and_writes_a_field_of_curvature() {
    let bench = trained(2);
    bench.succeed("eval run --curvature-field field.npy --device cpu");
    let told = bench.succeed("eval run --data x.csv --curvature-field field.PNG --device cpu");
    assert!(
        told.ends_with("Wrote field.PNG\n") && bench.bytes("field.PNG").starts_with(b"\x89PNG")
    );
    assert!(String::from_utf8_lossy(&bench.bytes("field.npy")[..128]).contains("(128, 128, 3"));
    for (arguments, parts) in [
        (
            "run --curvature-field no.jpg",
            vec!["no.jpg", ".png", ".npy"],
        ),
        ("run --curvature-field no", vec!["no is no name", ".png"]),
        ("run --data x.csv --k 0", vec!["k is 0"]),
    ] {
        bench.refuse(&format!("eval {arguments} --device cpu"), &parts);
        assert!(
            !["no.jpg", "no"]
                .iter()
                .any(|file| bench.path(file).exists()),
            "{arguments}"
        );
    }
    let bench = trained(3);
    bench.refuse(
        "eval run --curvature-field no.png --device cpu",
        &["dimension 3", "over 2"],
    );
    assert!(!bench.path("no.png").exists());
}

#[test]
fn a_split_of_few_samples_has_fewer_neighbours_in_its_loss() {
    let bench = TestDir::new();
    bench.succeed(
        "train --data x.csv --hidden 8 --k 10 --validation 0.2 --epochs 2 --device cpu --quiet --out run",
    );
    let own = lines(&bench, "run --neighbourhood-loss");
    let k = |at: usize| own[at]["neighbourhood_loss"]["k"].as_u64();
    assert_eq!((k(0), k(1)), (Some(10), Some(7)));
    bench.refuse(
        "eval run --neighbourhood-loss --k 10 --neighbourhood-samples 0 --device cpu",
        &["validation", "8 samples have at most 7 neighbours"],
    );
}
