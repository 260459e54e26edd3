//! Checks of a configuration.

use crate::test_dir::TestDir;

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
