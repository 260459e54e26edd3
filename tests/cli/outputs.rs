//! What a run leaves for people and for other programs: its report, its metrics as a table and as
//! events.

use crate::test_dir::TestDir;

/// What is asked of every page: one file that needs no other and no network.
fn page(bench: &TestDir, name: &str) -> String {
    let html = String::from_utf8(bench.bytes(name)).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    assert!(html.contains("name=\"viewport\"") && html.contains("prefers-color-scheme: dark"));
    for outside in ["http:", "https:", "<script", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    html
}

#[test]
fn a_good_run_has_a_report_that_alarms_nobody() {
    let bench = TestDir::new();
    let settings =
        "--hidden 16 --k 3 --lambda 0.3 --lr 0.01 --epochs 200 --batch 20 --device cpu --quiet";
    bench.succeed(&format!("train --data x.csv {settings} --out run"));
    let html = page(&bench, "run/report.html");
    assert!(html.contains("No sign of trouble."), "{html}");
    assert!(!html.contains("notice trouble\">"), "{html}");
    for section in [
        "Errors",
        "Curves",
        "Latent space",
        "Neighbourhoods",
        "Geometry",
        "Settings",
    ] {
        assert!(html.contains(&format!("<h2>{section}</h2>")), "{section}");
    }
    assert!(html.matches("data:image/png;base64,").count() >= 2);
    assert!(html.contains("<h1>NRAE-Q on x</h1>"), "{html}");

    // Written again it is the same page, and without the data one that says less.
    let told = bench.succeed("report run --out again.html --device cpu");
    assert_eq!(told, "No sign of trouble.\nWrote again.html\n");
    assert_eq!(page(&bench, "again.html"), html);
    std::fs::remove_file(bench.path("x.csv")).unwrap();
    let told = bench.succeed("report run --device cpu");
    assert!(told.contains("there is no file x.csv"), "{told}");
    assert!(!page(&bench, "run/report.html").contains("<h2>Geometry</h2>"));
}

#[test]
fn a_collapsed_run_says_so() {
    let bench = TestDir::new();
    bench.succeed(
        "train --data x.csv --method vae --set kl.weight=1000 --hidden 8 --epochs 100 --device cpu --quiet --out run",
    );
    let html = page(&bench, "run/report.html");
    assert!(
        html.contains("<div class=\"notice trouble\"><b>Collapsed.</b>"),
        "{html}"
    );
    assert!(html.contains("<code>--set kl.weight</code>") && !html.contains("No sign of trouble"));
    let told = bench.succeed("report run --device cpu");
    assert!(
        told.contains("Collapsed. The decoder gives hardly more than the mean"),
        "{told}"
    );
}

#[test]
fn a_run_without_a_result_has_no_report() {
    let bench = TestDir::new();
    bench.succeed("train --data x.csv --hidden 8 --k 3 --epochs 1 --device cpu --quiet --out run");
    std::fs::remove_file(bench.path("run/result.json")).unwrap();
    bench.refuse(
        "report run --device cpu",
        &["run has no result yet", "nrae resume run"],
    );
    bench.refuse("report nowhere --device cpu", &["nowhere is no run folder"]);
}

#[test]
fn a_picture_that_cannot_be_read_is_not_left_out_of_a_report_in_silence() {
    let bench = TestDir::new();
    bench.succeed("train --data x.csv --hidden 8 --k 3 --epochs 1 --device cpu --quiet --out run");
    let picture = bench.path("run/plots/loss.png");
    std::fs::remove_file(&picture).unwrap();
    bench.succeed("report run --device cpu");
    std::fs::create_dir(&picture).unwrap();
    bench.refuse("report run --device cpu", &["run/plots/loss.png: "]);
}

#[test]
fn metrics_are_a_table_and_events_without_gaps_after_a_resume() {
    let bench = TestDir::new();
    let train = "train --data x.csv --method vae --hidden 8 --validation 0.2 --device cpu --quiet";
    bench.succeed(&format!("{train} --epochs 3 --tensorboard --out run"));
    let events = bench.path("run/events.out.tfevents.nrae");
    let scalars = |tag: &str| {
        let bytes = std::fs::read(&events).unwrap();
        bytes
            .windows(tag.len())
            .filter(|part| *part == tag.as_bytes())
            .count()
    };
    assert_eq!(
        (
            scalars("brain.Event:2"),
            scalars("loss/total"),
            scalars("loss/kl")
        ),
        (1, 3, 3)
    );
    // What a killed process left beyond the checkpoint goes.
    let whole = std::fs::read(&events).unwrap();
    std::fs::write(&events, [&whole[..], &whole[whole.len() / 2..]].concat()).unwrap();
    bench.succeed("resume run --epochs 5 --device cpu --quiet");
    assert_eq!(
        (
            scalars("brain.Event:2"),
            scalars("loss/total"),
            scalars("loss/kl")
        ),
        (1, 5, 5)
    );
    let table = String::from_utf8(bench.bytes("run/metrics.csv")).unwrap();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(
        rows[0],
        "epoch,step,loss,kl,reconstruction,lr,train_mse,validation_mse"
    );
    let epochs: Vec<&str> = rows[1..]
        .iter()
        .map(|row| row.split(',').next().unwrap())
        .collect();
    assert_eq!(epochs, ["1", "2", "3", "4", "5"]);

    // Without the flag there are none, and an old run's go when it is overwritten.
    bench.succeed(&format!("{train} --epochs 1 --overwrite --out run"));
    assert!(!events.exists());
    let told = bench.succeed("export run --format tensorboard --out events");
    assert!(
        told.contains("events/events.out.tfevents.nrae: 1 epochs"),
        "{told}"
    );
}

#[test]
fn a_model_card_tells_what_the_model_is_and_spares_other_files() {
    let bench = TestDir::new();
    bench.succeed("train --data x.csv --hidden 8 --k 3 --epochs 2 --device cpu --quiet --out run");
    bench.succeed("export run --format card");
    let card = String::from_utf8(bench.bytes("run/README.md")).unwrap();
    let front = "---\nlibrary_name: nrae\npipeline_tag: feature-extraction\ntags:\n- autoencoder\n";
    assert!(card.starts_with(front), "{card}");
    for text in [
        "\n# NRAE-Q on x\n",
        "from samples of shape [3] to 2 latent dimensions",
        "`x.csv`: 40 samples to train on",
        "Scaling: `standardise`",
        "| train | ",
        "train --data x.csv --hidden 8",
        "\n## Citation\n",
    ] {
        assert!(card.contains(text), "{text}: {card}");
    }
    // Ours is written again, another's is not.
    bench.succeed("export run --format card");
    for mine in [b"mine" as &[u8], b"\xff\xfe and so on"] {
        std::fs::write(bench.path("run/README.md"), mine).unwrap();
        bench.refuse(
            "export run --format card",
            &["run/README.md is there already", "--out"],
        );
        assert_eq!(bench.bytes("run/README.md"), mine);
    }
}
