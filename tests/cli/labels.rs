//! What colours pictures: classes with names, values along a scale.

use crate::SMALL;
use crate::test_dir::TestDir;
use std::io::Write;

/// The pixels of a PNG of RGB.
fn pixels(bench: &TestDir, file: &str) -> Vec<[u8; 3]> {
    let bytes = bench.bytes(file);
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut rgb).unwrap();
    rgb.as_chunks::<3>().0.to_vec()
}

/// Both ends of the colour scale, as a colour bar has them over its width.
fn has_colour_bar(pixels: &[[u8; 3]]) -> bool {
    let near = |end: [u8; 3]| {
        let close = |pixel: &&[u8; 3]| (0..3).all(|c| pixel[c].abs_diff(end[c]) <= 3);
        pixels.iter().filter(close).count() >= 15
    };
    near([68, 1, 84]) && near([253, 231, 37])
}

/// An `.npy` of `values` as a member of an archive.
fn member(bench: &TestDir, shape: &[usize], values: &[f32]) -> Vec<u8> {
    nrae::data::write_npy(&bench.path("member.npy"), shape, values).unwrap();
    bench.bytes("member.npy")
}

#[test]
fn floats_beside_the_samples_of_an_npz_colour_pictures_as_those_of_a_file_do() {
    let bench = TestDir::new();
    let x: Vec<f32> = (0..120).map(|i| (i as f32 * 0.7).sin()).collect();
    let y: Vec<f32> = (0..40).map(|i| (i as f32 * 0.3).cos()).collect();
    let file = std::fs::File::create(bench.path("x.npz")).unwrap();
    let mut archive = zip::ZipWriter::new(file);
    for (name, bytes) in [
        ("x.npy", member(&bench, &[40, 3], &x)),
        ("y.npy", member(&bench, &[40], &y)),
    ] {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(name, options).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap();
    std::fs::write(bench.path("x.npy"), member(&bench, &[40, 3], &x)).unwrap();
    std::fs::write(bench.path("y.npy"), member(&bench, &[40], &y)).unwrap();

    let train = format!("train --epochs 1 {SMALL} --data");
    bench.succeed(&format!("{train} x.npz --out within"));
    bench.succeed(&format!("{train} x.npy --labels y.npy --out beside"));
    bench.succeed(&format!("{train} x.npy --out without"));
    let picture = |run: &str| pixels(&bench, &format!("{run}/plots/latent.png"));
    assert_eq!(picture("within"), picture("beside"));
    assert!(has_colour_bar(&picture("within")) && !has_colour_bar(&picture("without")));
    // Pairs of dimensions share a bar.
    bench.succeed(&format!("{train} x.npz --latent 3 --out three"));
    assert!(has_colour_bar(&picture("three")));
}

#[test]
fn names_of_classes_stand_in_the_legend() {
    let bench = TestDir::new();
    let labels = |names: [&str; 2]| (0..40).map(|i| format!("{}\n", names[i % 2])).collect();
    let picture = |labels: String| {
        std::fs::write(bench.path("l.csv"), labels).unwrap();
        bench.succeed(&format!(
            "train --data x.csv --labels l.csv --latent 2 --epochs 1 {SMALL} --overwrite --out run"
        ));
        pixels(&bench, "run/plots/latent.png")
    };
    // The same classes and colours, but other names in the legend.
    let (short, long) = (
        picture(labels(["a", "b"])),
        picture(labels(["a", "badger"])),
    );
    let rows = |pixels: &[[u8; 3]], range: std::ops::Range<usize>| {
        pixels[range.start * 1080..range.end * 1080].to_vec()
    };
    assert_eq!(short.len(), long.len());
    assert_ne!(rows(&short, 0..100), rows(&long, 0..100));
    assert_eq!(rows(&short, 100..600), rows(&long, 100..600));
}

#[test]
fn the_rank_correlation_of_latent_and_value_has_a_sign() {
    let bench = TestDir::new();
    let correlation = |sign: f32| {
        let labels = (0..40).map(|i| format!("{}\n", sign * (i as f32 / 8.0 + 0.01)));
        std::fs::write(bench.path("l.csv"), labels.collect::<String>()).unwrap();
        let told = bench.succeed(&format!(
            "train --data x.csv --labels l.csv --latent 1 --epochs 20 {SMALL} --overwrite --out run"
        ));
        let stated = told
            .split("rank correlation of latent and coordinate ")
            .nth(1);
        let stated: f64 = stated.unwrap().lines().next().unwrap().parse().unwrap();
        let measured = bench.json("eval run --json --geometry-samples 0 --device cpu");
        let measured = measured["rank_correlation"].as_f64().unwrap();
        assert!((measured - stated).abs() < 1e-4, "{measured} {stated}");
        measured
    };
    let (up, down) = (correlation(1.0), correlation(-1.0));
    assert!(up.abs() > 0.1 && (up + down).abs() < 1e-12, "{up} {down}");
}
