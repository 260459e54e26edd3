//! One meaning of numbers for all files of a run, and files that do not mean what they say.

use crate::SMALL;
use crate::test_dir::TestDir;
use nrae::data::{ReadOptions, read_dataset, write_npy, write_npy_bytes};
use std::io::Write;

/// 60 images of 4 x 4 pixels.
fn pixels(from: usize) -> Vec<u8> {
    let pixel =
        |at: usize| 127.5 + 127.5 * ((at / 16 + from) as f64 * 0.1 + (at % 16) as f64).sin();
    (0..60 * 16).map(|at| pixel(at).round() as u8).collect()
}

impl TestDir {
    /// `name`-bytes.npy, and as floats of 0 to 1, of 0 to 255, and a thousand times as large.
    fn images(&self, name: &str, from: usize) {
        let (bytes, shape) = (pixels(from), [60, 4, 4]);
        write_npy_bytes(&self.path(&format!("{name}-bytes.npy")), &shape, &bytes).unwrap();
        for (kind, factor) in [("unit", 1.0 / 255.0), ("levels", 1.0), ("large", 1000.0)] {
            let floats: Vec<f32> = bytes
                .iter()
                .map(|&v| (f64::from(v) * factor) as f32)
                .collect();
            write_npy(&self.path(&format!("{name}-{kind}.npy")), &shape, &floats).unwrap();
        }
    }

    fn warnings(&self, arguments: &str) -> Vec<String> {
        let output = self.run(arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments}: {text}");
        let lines = text.lines().filter(|line| line.starts_with("warning: "));
        lines.map(str::to_owned).collect()
    }

    fn error_of(&self, run: &str, key: &str) -> f64 {
        let result = self.bytes(&format!("{run}/result.json"));
        let result: serde_json::Value = serde_json::from_slice(&result).unwrap();
        result[key].as_f64().unwrap()
    }

    fn npz(&self, name: &str, arrays: &[(&str, &str, Vec<u8>)]) {
        let mut zip = zip::ZipWriter::new(std::fs::File::create(self.path(name)).unwrap());
        for (array, descr, data) in arrays {
            let options = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Stored);
            zip.start_file(format!("{array}.npy"), options).unwrap();
            let header = format!("{{{descr}}}\n");
            zip.write_all(b"\x93NUMPY\x01\x00").unwrap();
            zip.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
            zip.write_all(header.as_bytes()).unwrap();
            zip.write_all(data).unwrap();
        }
        zip.finish().unwrap();
    }
}

#[test]
fn bytes_and_fractions_are_one_scale_in_a_run() {
    let bench = TestDir::new();
    bench.images("train", 0);
    bench.images("new", 7);
    let train = |data: &str, validation: &str, out: &str| {
        bench.warnings(&format!(
            "train --data train-{data}.npy --validation new-{validation}.npy --test new-{validation}.npy --latent 2 --epochs 3 {SMALL} --out {out}"
        ))
    };
    for (data, other, what) in [
        (
            "bytes",
            "unit",
            "has values from 0 to 1 where the training data go to 255: multiplied by 255",
        ),
        (
            "levels",
            "unit",
            "has values from 0 to 1 where the training data go to 255: multiplied by 255",
        ),
        (
            "unit",
            "bytes",
            "has bytes where the training data go from 0 to 1: divided by 255",
        ),
    ] {
        let (same, converted) = (format!("{data}-same"), format!("{data}-{other}"));
        assert_eq!(train(data, data, &same), [""; 0]);
        let warnings = train(data, other, &converted);
        assert!(
            warnings.len() == 1 && warnings[0].contains(what),
            "{warnings:?}"
        );
        assert!(
            warnings[0].contains(&format!("new-{other}.npy")),
            "{warnings:?}"
        );
        for key in ["validation_mse", "test_mse"] {
            let errors = (bench.error_of(&converted, key), bench.error_of(&same, key));
            approx::assert_relative_eq!(errors.0, errors.1, max_relative = 1e-4);
        }
        let kept = String::from_utf8(bench.bytes(&format!("{converted}/warnings.txt"))).unwrap();
        assert!(
            kept.contains(warnings[0].trim_end_matches(" (--no-warnings hides this)")),
            "{kept}"
        );
        // What is measured and encoded later, too.
        let eval = |file: &str| {
            bench.json(&format!(
                "eval {same} --data new-{file}.npy --device cpu --json"
            ))
        };
        let mse = |file: &str| eval(file)["mse"].as_f64().unwrap();
        approx::assert_relative_eq!(mse(other), mse(data), max_relative = 1e-4);
        let encode = |file: &str| {
            bench.warnings(&format!(
                "encode {same} --data new-{file}.npy --out z.npy --device cpu"
            ))
        };
        assert!(encode(data).is_empty() && encode(other)[0].contains(what));
    }
    let warnings = train("levels", "large", "large");
    assert!(warnings[0].contains("far from the training data: are they in the same units?"));
    // Whole floats of 0 to 255 are those of bytes.
    assert_eq!(train("bytes", "levels", "whole"), [""; 0]);
}

#[test]
fn denormal_values_are_scaled_like_others() {
    let bench = TestDir::new();
    for (name, unit) in [("ones", ""), ("denormals", "e-42")] {
        let row = |i: usize| {
            let cell = |j| format!("{}{unit}", ((7 * i * i + 31 * i * j + j) % 97) as i32 - 48);
            [cell(0), cell(1), cell(2)].join(",") + "\n"
        };
        let rows: String = (0..40).map(row).collect();
        std::fs::write(bench.path(&format!("{name}.csv")), rows).unwrap();
        bench.succeed(&format!(
            "train --data {name}.csv --validation 0 --epochs 5 {SMALL} --out {name}"
        ));
    }
    let errors = ["ones", "denormals"].map(|run| bench.error_of(run, "train_mse"));
    assert!(errors[0] > 0.01, "{errors:?}");
    approx::assert_relative_eq!(errors[0], errors[1], max_relative = 0.01);
}

#[test]
fn rounding_is_no_reason_for_a_dark_image() {
    let bench = TestDir::new();
    let floats: Vec<f32> = pixels(0)
        .iter()
        .map(|&v| f32::from(v) / 255.0 * 1.000_000_1)
        .collect();
    assert!(floats.iter().any(|&value| value > 1.0));
    write_npy(&bench.path("over.npy"), &[60, 4, 4], &floats).unwrap();
    let under: Vec<f32> = floats.iter().map(|value| value - 1e-7).collect();
    write_npy(&bench.path("under.npy"), &[60, 4, 4], &under).unwrap();
    for name in ["over", "under"] {
        bench.succeed(&format!(
            "data prepare {name}.npy --bytes --out {name}-bytes.npy"
        ));
        let array = nrae::data::read_array(&bench.path(&format!("{name}-bytes.npy"))).unwrap();
        assert_eq!(
            array.values,
            nrae::data::Values::Bytes(pixels(0).into()),
            "{name}"
        );
    }
    write_npy(&bench.path("more.npy"), &[60, 4, 4], &vec![256.0; 960]).unwrap();
    bench.refuse(
        "data prepare more.npy --bytes --out m.npy",
        &["more.npy has values from 256"],
    );
}

#[test]
fn labels_and_weights_that_make_no_sense_are_not_used() {
    let bench = TestDir::new();
    let x: Vec<u8> = (0..120_u8)
        .flat_map(|i| (f32::from(i) * 0.37).sin().to_le_bytes())
        .collect();
    let array = "'descr': '<f4', 'fortran_order': False, 'shape': (40, 3), ";
    let of = |kind: &str| format!("'descr': '{kind}', 'fortran_order': False, 'shape': (40,), ");
    let whole: Vec<u8> = (0..40_i64)
        .flat_map(|i| (i % 3 - 1).to_le_bytes())
        .collect();
    let along: Vec<u8> = (0..40_u8)
        .flat_map(|i| (f32::from(i) / 8.0).to_le_bytes())
        .collect();
    let mut broken = along.clone();
    broken[8..12].copy_from_slice(&f32::NAN.to_le_bytes());
    for (name, kind, labels) in [
        ("whole", "<i8", whole),
        ("along", "<f4", along),
        ("broken", "<f4", broken),
    ] {
        bench.npz(
            &format!("{name}.npz"),
            &[("x", array, x.clone()), ("y", &of(kind), labels)],
        );
    }
    let read = |name: &str| {
        read_dataset(&bench.path(name), &ReadOptions::default())
            .unwrap()
            .data
    };
    assert_eq!(read("whole.npz").labels.unwrap()[..4], [0, 1, 2, 0]);
    let along = read("along.npz");
    assert!(along.labels.is_none() && along.parameter.unwrap()[8] == 1.0);
    bench.refuse(
        "data info broken.npz",
        &["broken.npz:y has no finite number as label 2"],
    );
    bench.npz(
        "few.npz",
        &[
            ("x", array, x),
            (
                "y",
                "'descr': '|u1', 'fortran_order': False, 'shape': (2,), ",
                vec![0, 1],
            ),
        ],
    );
    let warnings = bench.warnings("data info few.npz");
    assert!(
        warnings[0].contains("few.npz has 2 labels for 40 samples"),
        "{warnings:?}"
    );

    bench.succeed(&format!("train --data x.csv --epochs 1 {SMALL} --out run"));
    let mut model = bench.bytes("run/model.safetensors");
    let end = model.len();
    model[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(bench.path("nan.safetensors"), model).unwrap();
    bench.refuse(
        "encode nan.safetensors --data x.csv --out z.npy --device cpu",
        &["nan.safetensors has NaN in "],
    );
}

#[test]
fn a_run_of_relative_paths_is_resumed_from_elsewhere() {
    let bench = TestDir::new();
    bench.images("train", 0);
    bench.images("new", 7);
    std::fs::write(
        bench.path("labels.csv"),
        "y\n".to_owned() + &"1\n0\n".repeat(30),
    )
    .unwrap();
    bench.succeed(
        "knn --data train-bytes.npy --k 3 --scaling unit --out graph.npy --device cpu --quiet",
    );
    let train = format!(
        "train --data train-bytes.npy --labels labels.csv --validation new-bytes.npy --set neighbours.graph=graph.npy {SMALL}"
    );
    bench.succeed(&format!("{train} --epochs 2 --schedule constant --out run"));
    bench.succeed(&format!(
        "{train} --epochs 4 --schedule constant --out whole"
    ));
    std::fs::create_dir(bench.path("elsewhere")).unwrap();
    let output = bench
        .command("resume ../run --epochs 4 --device cpu --quiet")
        .current_dir(bench.path("elsewhere"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        bench.bytes("run/model.safetensors"),
        bench.bytes("whole/model.safetensors")
    );
}
