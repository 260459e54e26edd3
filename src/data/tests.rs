//! Files of every format, whole and damaged.

use super::*;
use crate::error::Error;
use proptest::prelude::*;
use std::io::Write;
use std::path::PathBuf;

fn file(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let dict = format!(
        "{{'descr': '{descr}', 'fortran_order': {}, 'shape': {shape}, }}",
        if fortran { "True" } else { "False" }
    );
    let header = format!("{dict:<117}\n");
    [
        b"\x93NUMPY\x01\x00".as_slice(),
        &(header.len() as u16).to_le_bytes(),
        header.as_bytes(),
        data,
    ]
    .concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn message(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let error = read_array(&file(&folder, name, bytes)).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    let text = error.to_string();
    assert!(text.contains(name), "{text}");
    text
}

#[test]
fn every_format_is_read_plain_and_gzipped() {
    let floats = Array {
        shape: vec![2, 2],
        values: Values::Floats(vec![1.0, -2.5, 3.0, 4.0].into()),
    };
    let bytes = Array {
        shape: vec![2, 1, 2],
        values: Values::Bytes(vec![1, 2, 3, 255].into()),
    };
    let data = [1.0_f32, -2.5, 3.0, 4.0];
    let little: Vec<u8> = data.iter().flat_map(|v| v.to_le_bytes()).collect();
    let big: Vec<u8> = data
        .iter()
        .flat_map(|v| f64::from(*v).to_be_bytes())
        .collect();
    let idx = [
        &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2][..],
        &[1, 2, 3, 255],
    ]
    .concat();
    let folder = tempfile::tempdir().unwrap();
    for (name, content, expected) in [
        ("a.npy", npy("<f4", false, "(2, 2)", &little), &floats),
        ("b.npy", npy(">f8", false, "(2, 2)", &big), &floats),
        (
            "c.npy",
            npy("|u1", false, "(2, 1, 2)", &[1, 2, 3, 255]),
            &bytes,
        ),
        ("d.csv", b"1,-2.5\n3,4\n".to_vec(), &floats),
        (
            "e.csv",
            b"# made by hand\nwidth, height\n 1, -2.5\n3e0 ,4".to_vec(),
            &floats,
        ),
        ("f.tsv", b"1\t-2.5\n3\t4\n".to_vec(), &floats),
        ("g-idx3-ubyte", idx, &bytes),
    ] {
        assert_eq!(
            &read_array(&file(&folder, name, &content)).unwrap(),
            expected,
            "{name}"
        );
        assert_eq!(
            &read_array(&file(&folder, &format!("{name}.gz"), &gzip(&content))).unwrap(),
            expected,
            "{name}.gz"
        );
    }
}

#[test]
fn damaged_and_foreign_files_are_named() {
    assert!(message("a.npy", &npy("<c8", false, "(1,)", &[0; 8])).contains("real numbers"));
    assert!(message("a.npy", &npy("<f4", false, "(3, 2)", &[0; 16])).contains("cut short"));
    assert!(
        message(
            "a.npy",
            &npy(
                "<f4",
                false,
                "(9223372036854775807, 9223372036854775807)",
                &[0; 16]
            )
        )
        .contains("cut short")
    );
    assert!(message("a.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\x7f").contains("cut short"));
    assert!(message("a.npy", b"\x93NUMPY").contains(".npy"));
    assert!(message("a.csv", b"1,2\n3\n").contains("line 2 has 1 fields"));
    assert!(message("a.csv", b"1,2\n3,four\n").contains("`four` on line 2 (field 2)"));
    assert!(message("a.csv", b"a,b\n").contains("no line with numbers"));
    assert!(message("a.csv", b"1,2\n3,NaN\n").contains("fill them in"));
    assert!(message("a.csv", b"1,2\n3,inf\n").contains("inf in sample 1 (feature 1)"));
    assert!(message("a-ubyte", &[0, 0, 8, 2, 0, 0, 0, 9]).contains("cut short"));
    assert!(message("a-ubyte", &[0, 0, 8, 1, 0, 0, 0, 9, 1]).contains("cut short"));
    assert!(message("a.npy.gz", &gzip(&npy("|u1", false, "(4,)", &[0; 4]))[..40]).contains("gzip"));
    assert!(message("a.tif", b"II").contains("convert it to PNG"));
    assert!(message("a.jpg", b"\xff\xd8").contains("give the folder"));
    assert!(matches!(
        read_array(std::path::Path::new("nowhere.npy")),
        Err(Error::File { .. })
    ));
}

#[test]
fn labels_are_whole_numbers_of_any_type() {
    let folder = tempfile::tempdir().unwrap();
    let labels = |bytes: &[u8]| read_labels(&file(&folder, "labels.npy", bytes));
    assert_eq!(
        labels(&npy(
            "<i8",
            false,
            "(2,)",
            &[7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]
        ))
        .unwrap(),
        [7, 9]
    );
    assert_eq!(labels(&npy("|u1", false, "(2,)", &[7, 9])).unwrap(), [7, 9]);
    assert!(
        labels(&npy("|i1", false, "(1,)", &[0xff]))
            .unwrap_err()
            .to_string()
            .contains("label -1")
    );
    assert!(
        labels(&npy("<f4", false, "(1,)", &1.5_f32.to_le_bytes()))
            .unwrap_err()
            .to_string()
            .contains("label 1.5")
    );
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    write_npy(&path, &[2, 1, 2], &[1.0, -2.0, 3.5, 0.0]).unwrap();
    let array = Array {
        shape: vec![2, 1, 2],
        values: Values::Floats(vec![1.0, -2.0, 3.5, 0.0].into()),
    };
    assert_eq!(read_array(&path).unwrap(), array);
    write_npy_integers(&path, &[3], &[4, 5, 6]).unwrap();
    assert_eq!(read_labels(&path).unwrap(), [4, 5, 6]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the bytes, reading ends in an array or a sentence.
    #[test]
    fn no_bytes_panic(kind in 0..4, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let start: &[u8] = match kind { 0 => b"\x93NUMPY\x01\x00", 1 => &[0, 0, 8], 2 => b"1,2\n", _ => &[0x1f, 0x8b, 8] };
        let folder = tempfile::tempdir().unwrap();
        let name = if kind == 2 { "x.csv" } else { "x" };
        let path = file(&folder, name, &[start, &bytes].concat());
        let _ = read_array(&path).map(|array| assert_eq!(array.shape.iter().product::<usize>(), array.values.len()));
        let _ = read_labels(&path);
    }
}
