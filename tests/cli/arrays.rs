//! What models and graphs make of arrays.

use crate::SMALL;
use crate::test_dir::TestDir;

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
fn results_have_the_format_of_their_name() {
    let bench = TestDir::new();
    bench.succeed(&format!(
        "train --data x.csv --latent 2 --epochs 1 {SMALL} --out run"
    ));
    let told = bench.succeed("encode run --data x.csv --out new/z.csv --device cpu");
    assert!(told.ends_with("Wrote new/z.csv: 40 x 2\n"), "{told}");
    let table = String::from_utf8(bench.bytes("new/z.csv")).unwrap();
    assert!(table.lines().count() == 40 && table.lines().all(|row| row.split(',').count() == 2));
    // What a table holds is what an array holds: both decode to the same bytes.
    bench.succeed("encode run --data x.csv --out z.npy --device cpu");
    bench.succeed("decode run --data new/z.csv --out from-csv.npy --device cpu");
    bench.succeed("decode run --latents z.npy --out from-npy.npy --device cpu");
    assert_eq!(bench.bytes("from-csv.npy"), bench.bytes("from-npy.npy"));
    bench.succeed("reconstruct run --data x.csv --out r.tsv --device cpu");
    assert!(bench.bytes("r.tsv").contains(&b'\t'));
}

#[test]
fn images_become_pictures() {
    let bench = TestDir::new().with_shipped_data();
    bench.succeed(&format!(
        "train --data digits --limit 40 --epochs 1 {SMALL} --out run"
    ));
    std::fs::write(bench.path("one.csv"), "0,0\n").unwrap();
    std::fs::write(bench.path("some.csv"), "0,0\n1,0\n0,1\n").unwrap();
    bench.succeed("decode run --latents one.csv --out one.png --device cpu");
    bench.succeed("decode run --latents some.csv --out grid.png --device cpu");
    let told = bench.succeed("decode run --latents some.csv --out images --device cpu");
    assert!(told.contains("Wrote images: 3 x 1 x 8 x 8"), "{told}");
    let size = |name: &str| {
        let reader = png::Decoder::new(std::io::Cursor::new(bench.bytes(name)));
        let info = reader.read_info().unwrap().info().clone();
        (info.width, info.height, info.color_type)
    };
    assert_eq!(size("one.png"), (8, 8, png::ColorType::Grayscale));
    assert_eq!(bench.bytes("images/0.png"), bench.bytes("one.png"));
    assert!(bench.path("images/2.png").exists() && size("grid.png").0 > 100);
    // The pictures are data again: as bytes, they are what was decoded, to a grey level.
    let info = bench.json("data info images --json");
    assert_eq!(info["samples"], 3);
}

#[test]
fn labels_are_classes_text_or_values() {
    let bench = TestDir::new().with_shipped_data();
    let write = |name: &str, of: &dyn Fn(usize) -> String| {
        std::fs::write(bench.path(name), (0..40).map(of).collect::<String>()).unwrap();
    };
    write("names.csv", &|i| {
        let name = ["Barolo", "Grignolino", "Barbera"][i % 3];
        if i == 0 {
            format!("kind\n{name}\n")
        } else {
            format!("{name}\n")
        }
    });
    write("classes.csv", &|i| format!("{}\n", [1, 2, 0][i % 3]));
    write("values.csv", &|i| format!("{}\n", i as f32 / 40.0));
    let train = format!("train --data x.csv --latent 2 --epochs 1 {SMALL}");
    for labels in ["names", "classes", "values"] {
        bench.succeed(&format!("{train} --labels {labels}.csv --out {labels}"));
    }
    bench.succeed(&format!("{train} --out none"));
    let picture = |run: &str| bench.bytes(&format!("{run}/plots/latent.png"));
    // The legend has names.
    assert_ne!(picture("names"), picture("classes"));
    assert_ne!(picture("names"), picture("none"));
    assert_ne!(picture("values"), picture("classes"));
    assert_ne!(picture("values"), picture("none"));
    let info = bench.json("data info x.csv --labels names.csv --json");
    assert_eq!(info["classes"].as_array().unwrap().len(), 3);
    write("few.csv", &|i| {
        if i < 30 { "a\n".into() } else { String::new() }
    });
    bench.refuse(
        &format!("{train} --labels few.csv --out new"),
        &["few.csv has 30 labels for 40 samples"],
    );
}
