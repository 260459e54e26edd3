//! Pictures as SVG.

use crate::test_dir::TestDir;

/// The text of an SVG file, which refers to nothing outside.
fn svg(bench: &TestDir, name: &str) -> String {
    let text = String::from_utf8(bench.bytes(name)).unwrap();
    assert!(
        text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\""),
        "{text}"
    );
    assert!(text.ends_with("</svg>\n"));
    assert_eq!(text.matches("http").count(), 1, "{name}");
    text
}

#[test]
fn the_name_of_a_file_chooses_its_format() {
    let bench = TestDir::new();
    let train = "train --data x.csv --hidden 8 --k 3 --epochs 3 --device cpu --quiet";
    bench.succeed(&format!("{train} --out run"));
    bench.succeed("compare run run --plot curves.svg");
    let curves = svg(&bench, "curves.svg");
    assert!(
        curves.contains("<polyline points=") && curves.contains(">epoch</text>"),
        "{curves}"
    );
    bench.succeed("compare run run --plot curves.png");
    assert!(bench.bytes("curves.png").starts_with(b"\x89PNG"));
}

#[test]
fn a_run_is_drawn_again_without_pixels() {
    let bench = TestDir::new();
    let rows = (0..30).map(|i| format!("{},{},kind {}\n", i % 7, i * i % 11, i % 2));
    let table = format!("a,b,label\n{}", rows.collect::<String>());
    std::fs::write(bench.path("labelled.csv"), table).unwrap();
    bench.succeed(
        "train --data labelled.csv --hidden 8 --k 3 --epochs 2 --device cpu --quiet --out run",
    );
    let told = bench.succeed("export run --format svg --out figures");
    assert_eq!(told, "Wrote figures/loss.svg\nWrote figures/latent.svg\n");
    let latents = svg(&bench, "figures/latent.svg");
    // Every sample, and a mark for each class, by its name.
    assert_eq!(latents.matches("<circle").count(), 30 + 2);
    assert!(latents.contains(">kind 0</text>") && latents.contains(">kind 1</text>"));
    assert!(latents.contains(">NRAE-Q on labelled: latents of the training data</text>"));
}
