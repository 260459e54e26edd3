//! Arrays and tables as people have them: types, precision, scaling and columns.

use crate::SMALL;
use crate::test_dir::TestDir;
use nrae::data::{Values, read_array};

/// The bytes of a `.npy` of version 1.
pub(crate) fn npy(kind: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

/// A helix [60, 3] of radius 1.
fn helix() -> Vec<[f64; 3]> {
    let place = |i| f64::from(i) * 0.1 + 0.02 * (f64::from(i) * 0.7).sin();
    let point = |t: f64| [t.cos(), t.sin(), t / 6.0];
    (0..60_i32).map(place).map(point).collect()
}

fn csv(rows: &[[f64; 3]], between: char) -> String {
    let line = |row: &[f64; 3]| {
        let fields: Vec<String> = row.iter().map(f64::to_string).collect();
        fields.join(&between.to_string()) + "\n"
    };
    rows.iter().map(line).collect()
}

fn doubles(rows: &[[f64; 3]]) -> Vec<u8> {
    rows.as_flattened()
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

impl TestDir {
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Standard error of a command that succeeds, without what drivers say.
    fn notes(&self, arguments: &str) -> Vec<String> {
        let output = self.run(arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments}: {text}");
        let ours = |line: &&str| line.starts_with("note: ") || line.starts_with("warning: ");
        text.lines().filter(ours).map(str::to_owned).collect()
    }

    fn table(&self, name: &str) -> (Vec<usize>, Values) {
        let array = read_array(&self.path(name)).unwrap();
        (array.shape, array.values)
    }
}

/// Coordinates and times far from zero, and values of any size, have the neighbours that they have
/// near zero.
#[test]
fn doubles_are_centred_and_scaled_before_they_are_rounded() {
    let bench = TestDir::new();
    let near = helix();
    let moved = |shift: [f64; 3], scale: f64| -> Vec<[f64; 3]> {
        near.iter()
            .map(|row| [0, 1, 2].map(|at| shift[at] + scale * row[at]))
            .collect()
    };
    bench.write("near.csv", csv(&near, ','));
    let far = [
        ("far", moved([1e6; 3], 0.01)),
        ("utm", moved([5e5, 5.4e6, 100.0], 2.0)),
        ("times", moved([1.7e9, 1.7e9, 1.7e9], 100.0)),
        ("tiny", moved([0.0; 3], 1e-300)),
        ("huge", moved([0.0; 3], 1e200)),
    ];
    let graph = |file: &str, scaling: &str| {
        bench.succeed(&format!(
            "knn --data {file} --k 4 --scaling {scaling} --out g.npy --device cpu --quiet"
        ));
        bench.bytes("g.npy")
    };
    let (plain, standardised) = (graph("near.csv", "none"), graph("near.csv", "standardise"));
    for (name, rows) in &far {
        bench.write(&format!("{name}.csv"), csv(rows, ','));
        bench.write(
            &format!("{name}.npy"),
            npy("<f8", false, "(60, 3)", &doubles(rows)),
        );
        for file in [format!("{name}.csv"), format!("{name}.npy")] {
            assert_eq!(graph(&file, "standardise"), standardised, "{file}");
            if *name != "tiny" && *name != "huge" {
                assert_eq!(graph(&file, "none"), plain, "{file}");
            }
        }
    }
    for file in ["tiny.csv", "huge.npy"] {
        bench.refuse(
            &format!("knn --data {file} --out g.npy --device cpu"),
            &[file, "f32 cannot hold as they are", "--scaling standardise"],
        );
    }
}

/// What is written is f64, and its error is what the run has measured.
#[test]
fn reconstructions_of_doubles_are_doubles() {
    let bench = TestDir::new();
    let rows: Vec<[f64; 3]> = helix()
        .iter()
        .map(|row| row.map(|x| 1e6 + 0.01 * x))
        .collect();
    bench.write("far.csv", csv(&rows, ','));
    bench.succeed(&format!(
        "train --data far.csv --validation 0 --latent 2 --epochs 60 {SMALL} --out run"
    ));
    bench.succeed("reconstruct run --data far.csv --out r.npy --device cpu");
    bench.succeed("reconstruct run --data far.csv --out r.csv --device cpu");
    bench.succeed("encode run --data far.csv --out z.npy --device cpu");
    bench.succeed("decode run --latents z.npy --out d.npy --device cpu");
    let (shape, Values::Doubles(rebuilt)) = bench.table("r.npy") else {
        panic!("not f64")
    };
    assert_eq!(shape, [60, 3]);
    assert_eq!(bench.table("r.csv").1, Values::Doubles(rebuilt.clone()));
    assert_eq!(bench.bytes("d.npy"), bench.bytes("r.npy"));
    let rebuilt = rebuilt.whole();
    let squares = rebuilt
        .iter()
        .zip(rows.as_flattened())
        .map(|(a, b)| (a - b).powi(2));
    let mse = squares.sum::<f64>() / rebuilt.len() as f64;
    let result: serde_json::Value =
        serde_json::from_slice(&bench.bytes("run/result.json")).unwrap();
    let errors = &result["errors"]["train"];
    approx::assert_relative_eq!(
        errors["mse_original"].as_f64().unwrap(),
        mse,
        max_relative = 1e-9
    );
    // Of the standardised data, within what their f32 has.
    let variance = |at: usize| {
        let mean = rows.iter().map(|row| row[at]).sum::<f64>() / 60.0;
        rows.iter().map(|row| (row[at] - mean).powi(2)).sum::<f64>() / 60.0
    };
    let scaled: f64 = (0..3)
        .map(|at| {
            let column = rebuilt.iter().skip(at).step_by(3).zip(&rows);
            column.map(|(a, row)| (a - row[at]).powi(2)).sum::<f64>() / 180.0 / variance(at)
        })
        .sum();
    approx::assert_relative_eq!(errors["mse"].as_f64().unwrap(), scaled, max_relative = 1e-4);
    // Data near zero stay f32.
    bench.write("near.csv", csv(&helix(), ','));
    bench.succeed(&format!(
        "train --data near.csv --epochs 1 {SMALL} --out near"
    ));
    bench.succeed("reconstruct near --data near.csv --out n.npy --device cpu");
    assert!(matches!(bench.table("n.npy").1, Values::Floats(_)));
}

#[test]
fn digits_that_no_type_has_are_told() {
    let bench = TestDir::new();
    let nanoseconds: String = (0..60_i64)
        .map(|i| format!("{},{}\n", 1_700_000_000_000_000_000 + 50 * i, i % 7))
        .collect();
    bench.write("ns.csv", nanoseconds);
    let notes = bench.notes(&format!("train --data ns.csv --epochs 1 {SMALL} --out run"));
    assert_eq!(notes.len(), 1, "{notes:?}");
    for part in [
        "warning: ns.csv: feature 0 lies around 1.7000e18",
        "f64 keeps steps of",
    ] {
        assert!(notes[0].contains(part), "{notes:?}");
    }
    let kept = String::from_utf8(bench.bytes("run/warnings.txt")).unwrap();
    assert!(
        kept.contains(notes[0].trim_end_matches(" (--no-warnings hides this)")),
        "{kept}"
    );
    let rounded: Vec<u8> = (0..60_u16)
        .flat_map(|i| (1.7e9 + 100.0 * f32::from(i)).to_le_bytes())
        .collect();
    bench.write("times.npy", npy("<f4", false, "(30, 2)", &rounded));
    let notes = bench.notes("knn --data times.npy --k 2 --out g.npy --device cpu");
    assert!(
        notes[0].contains("f32 keeps steps of") && notes[0].contains("or f64"),
        "{notes:?}"
    );
    // Pixels have one scale, so that one which hardly changes loses nothing.
    let images: Vec<u8> = (0..80_u16)
        .flat_map(|i| [2.0 + 3e-6 * f32::from(i), f32::from(i), 0.0, 1.0])
        .flat_map(f32::to_le_bytes)
        .collect();
    bench.write("images.npy", npy("<f4", false, "(80, 2, 2)", &images));
    let notes = bench.notes("knn --data images.npy --k 2 --out g.npy --device cpu");
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn arrays_of_any_type_and_order_are_read() {
    let bench = TestDir::new();
    let numbers: Vec<i16> = (0..120).map(|i| i * 37 % 101).collect();
    macro_rules! bytes {
        ($type:ty, $to:ident) => {
            numbers
                .iter()
                .flat_map(|&n| (n as $type).$to())
                .collect::<Vec<u8>>()
        };
    }
    let half = |n: i16| -> [u8; 2] {
        let exponent = if n == 0 {
            return [0, 0];
        } else {
            n.ilog2() as u16
        };
        let mantissa = ((n as u16) << (10 - exponent)) & 1023;
        ((exponent + 15) << 10 | mantissa).to_le_bytes()
    };
    let expected: Vec<f32> = numbers.iter().map(|&n| f32::from(n)).collect();
    let cases: [(&str, &str, Vec<u8>); 13] = [
        ("|i1", "int8", bytes!(i8, to_le_bytes)),
        ("<i2", "int16", bytes!(i16, to_le_bytes)),
        ("<i4", "int32", bytes!(i32, to_le_bytes)),
        ("<i8", "int64", bytes!(i64, to_le_bytes)),
        ("<u2", "uint16", bytes!(u16, to_le_bytes)),
        ("<u4", "uint32", bytes!(u32, to_le_bytes)),
        ("<u8", "uint64", bytes!(u64, to_le_bytes)),
        (
            "<f2",
            "float16",
            numbers.iter().flat_map(|&n| half(n)).collect(),
        ),
        (
            ">f4",
            "float32 with high bytes first",
            bytes!(f32, to_be_bytes),
        ),
        (
            ">f8",
            "float64 with high bytes first",
            bytes!(f64, to_be_bytes),
        ),
        (
            ">i2",
            "int16 with high bytes first",
            bytes!(i16, to_be_bytes),
        ),
        (
            ">i8",
            "int64 with high bytes first",
            bytes!(i64, to_be_bytes),
        ),
        (
            ">u4",
            "uint32 with high bytes first",
            bytes!(u32, to_be_bytes),
        ),
    ];
    for (kind, name, data) in &cases {
        bench.write("a.npy", npy(kind, false, "(40, 3)", data));
        let (shape, values) = bench.table("a.npy");
        assert_eq!(
            (shape, values.to_floats()),
            (vec![40, 3], expected.clone()),
            "{kind}"
        );
        let notes = bench.notes("knn --data a.npy --k 3 --out g.npy --device cpu");
        let note = format!("note: a.npy holds {name}: converted (--no-warnings hides this)");
        assert_eq!(notes, [note]);
        assert!(
            bench
                .notes("knn --data a.npy --k 3 --out g.npy --device cpu --quiet")
                .is_empty()
        );
        // The same column by column.
        bench.write("f.npy", npy(kind, true, "(3, 40)", data));
        let (shape, values) = bench.table("f.npy");
        assert_eq!((shape, values.len()), (vec![3, 40], 120), "{kind}");
        assert_eq!(values.to_floats()[1], expected[3], "{kind}");
    }
    let bits: Vec<u8> = numbers.iter().map(|&n| u8::from(n > 50)).collect();
    bench.write("bits.npy", npy("|b1", false, "(40, 3)", &bits));
    assert_eq!(
        bench.table("bits.npy").1,
        Values::Bytes(bits.clone().into())
    );
    bench.write("images.npy", npy("|u1", true, "(30, 2, 2)", &bits));
    let Values::Bytes(images) = bench.table("images.npy").1 else {
        panic!("floats")
    };
    assert_eq!(images.whole()[..4], [bits[0], bits[60], bits[30], bits[90]]);
    bench.succeed(&format!("train --data a.npy --epochs 1 {SMALL} --out run"));
    for (name, kind, shape) in [
        ("c", "<c8", "(10, 1)"),
        ("t", "<U2", "(10, 1)"),
        ("d", "<M8[s]", "(10, 1)"),
    ] {
        bench.write(&format!("{name}.npy"), npy(kind, false, shape, &[0; 80]));
        bench.refuse(
            &format!("data info {name}.npy"),
            &[&format!("{name}.npy"), "real numbers are needed"],
        );
    }
}

/// The first line of a run has all of it, and warnings can be hidden but stay in the run folder.
#[test]
fn a_run_says_first_what_it_does_and_keeps_its_warnings() {
    let bench = TestDir::new();
    let rows: Vec<[f64; 3]> = helix()
        .iter()
        .map(|row| row.map(|x| 1.7e18 + 1e4 * x))
        .collect();
    bench.write("far.csv", csv(&rows, ';'));
    let train = "train --data far.csv --hidden 8 --k 3 --device cpu --method ae";
    let output = bench.run(&format!("{train} --out run"));
    let told = String::from_utf8(output.stdout).unwrap();
    let first = told.lines().next().unwrap();
    assert_eq!(
        first,
        "Trains on far.csv: 54 vectors of shape [3] (f64, kept until they are scaled); scaling standardise, since the features have \
         ranges of their own (--scaling chooses another); ae on mlp with 2 latent dimensions for 2000 epochs (chosen by the number and size of samples)"
    );
    for name in [
        "of the data's variance: training ",
        "MSE in the data's own units: training ",
    ] {
        assert!(told.contains(name), "{told}");
    }
    let warnings = String::from_utf8(bench.bytes("run/warnings.txt")).unwrap();
    assert!(
        warnings.starts_with("warning: far.csv: feature 0 (and 2 more)"),
        "{warnings}"
    );
    let output = bench.run(&format!(
        "{train} --epochs 1 --lr 1e-9 --no-warnings --out quiet"
    ));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert!(
        !text.contains("warning") && !text.contains("note: "),
        "{text}"
    );
    let kept = String::from_utf8(bench.bytes("quiet/warnings.txt")).unwrap();
    assert!(
        kept.contains("far.csv: feature 0") && kept.contains("PCA"),
        "{kept}"
    );
    let images: Vec<u8> = (0..60 * 16).map(|at| (at * 37 % 251) as u8).collect();
    bench.write("images.npy", npy("|u1", false, "(60, 4, 4)", &images));
    let told = bench.succeed("train --data images.npy --epochs 3 --k 3 --device cpu --out i");
    assert!(
        told.starts_with("Trains on images.npy: 54 images of shape [1, 4, 4] (bytes); scaling unit, since the data are bytes (--scaling chooses another); nrae-q on mlp")
            && told.lines().next().unwrap().ends_with("for 3 epochs"),
        "{told}"
    );
}
