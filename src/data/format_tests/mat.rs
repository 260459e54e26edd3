//! Files of MATLAB.

use super::*;

/// A data element of a `.mat` file.
fn element(kind: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = [kind.to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
    bytes.extend(content);
    if kind != 15 {
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes
}

/// A matrix of `class` whose values have the type `kind`.
pub(super) fn matrix(name: &str, class: u8, kind: u32, shape: &[u32], data: &[u8]) -> Vec<u8> {
    let dimensions: Vec<u8> = shape
        .iter()
        .flat_map(|extent| extent.to_le_bytes())
        .collect();
    // Short names come in a small element.
    let mut short = ((name.len() as u32) << 16 | 1).to_le_bytes().to_vec();
    short.extend(name.as_bytes());
    short.resize(8, 0);
    let name = if name.len() <= 4 {
        short
    } else {
        element(1, name.as_bytes())
    };
    element(
        14,
        &[
            element(6, &[class, 0, 0, 0, 0, 0, 0, 0]),
            element(5, &dimensions),
            name,
            element(kind, data),
        ]
        .concat(),
    )
}

pub(super) fn mat(variables: &[Vec<u8>], compress: bool) -> Vec<u8> {
    let mut bytes = b"MATLAB 5.0 MAT-file".to_vec();
    bytes.resize(124, b' ');
    bytes.extend([0, 1, b'I', b'M']);
    for variable in variables {
        if compress {
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(variable).unwrap();
            bytes.extend(element(15, &encoder.finish().unwrap()));
        } else {
            bytes.extend(variable);
        }
    }
    bytes
}

#[test]
fn images_are_turned_the_right_way_up() {
    let bench = TestDir::new();
    // X(row, column, channel, sample): a number that says all four.
    let value = |sample: u8, channel: u8, row: u8, column: u8| {
        100 * sample + 30 * channel + 10 * row + column
    };
    let stored: Vec<u8> = (0..36)
        .map(|at| value(at / 18, at / 6 % 3, at % 2, at / 2 % 3))
        .collect();
    let wanted: Vec<u8> = (0..36)
        .map(|at| value(at / 18, at / 6 % 3, at / 3 % 2, at % 3))
        .collect();
    let labels = matrix("y", 9, 2, &[2, 1], &[10, 3]);
    let images = matrix("X", 9, 2, &[2, 3, 3, 2], &stored);
    for compress in [false, true] {
        bench.write(
            "svhn.mat",
            &mat(&[images.clone(), labels.clone()], compress),
        );
        let reading = bench.read("svhn.mat");
        assert_eq!(
            (reading.data.shape.as_slice(), bytes(&reading)),
            (&[3, 2, 3][..], wanted.as_slice())
        );
        assert_eq!(reading.data.labels, Some(vec![0, 3]));
    }
}

/// Six doubles.
fn doubles() -> Vec<u8> {
    [0.5, 1.5, 2.5, 3.5, 4.5, 5.5_f64]
        .map(f64::to_le_bytes)
        .concat()
}

#[test]
fn samples_are_rows_where_labels_say_so() {
    let bench = TestDir::new();
    // The labels are doubles that MATLAB has stored as bytes.
    let classes = matrix("gnd", 6, 2, &[3, 1], &[1, 2, 2]);
    let text = matrix("about", 4, 16, &[1, 2], b"hi");
    bench.write(
        "fea.mat.gz",
        &gzip(&mat(
            &[text, matrix("fea", 6, 9, &[3, 2], &doubles()), classes],
            true,
        )),
    );
    let reading = bench.read("fea.mat.gz");
    assert_eq!(
        reading.data.values,
        Values::Floats(vec![0.5, 3.5, 1.5, 4.5, 2.5, 5.5].into())
    );
    assert_eq!(reading.data.labels, Some(vec![1, 2, 2]));
    assert_eq!(read_labels(&bench.path("fea.mat.gz")).unwrap(), [1, 2, 2]);
    assert_eq!(
        read_array(&bench.path("fea.mat.gz:fea")).unwrap().shape,
        [3, 2]
    );
}

#[test]
fn samples_are_columns_where_labels_or_an_option_say_so() {
    let bench = TestDir::new();
    bench.write(
        "columns.mat",
        &mat(
            &[
                matrix("fea", 6, 9, &[3, 2], &doubles()),
                matrix("gnd", 6, 2, &[1, 2], &[4, 5]),
            ],
            false,
        ),
    );
    assert_eq!(
        bench.read("columns.mat").data.values,
        Values::Floats(vec![0.5, 1.5, 2.5, 3.5, 4.5, 5.5].into())
    );
    bench.write(
        "faces.mat",
        &mat(&[matrix("faces", 6, 9, &[3, 2], &doubles())], false),
    );
    let options = ReadOptions {
        transposed: true,
        shape: Some([1, 3, 1]),
        ..Default::default()
    };
    let reading = read_dataset(&bench.path("faces.mat"), &options).unwrap();
    assert_eq!(
        (reading.data.samples, reading.data.shape),
        (2, vec![1, 3, 1])
    );
    assert_eq!(
        reading.data.values,
        Values::Floats(vec![0.5, 1.5, 2.5, 3.5, 4.5, 5.5].into())
    );
}

#[test]
fn what_matlab_has_not_written_is_refused() {
    let bench = TestDir::new();
    let whole = mat(&[matrix("X", 9, 2, &[2, 3, 3, 2], &[7; 36])], false);
    bench.write("cut.mat", &whole[..whole.len() - 30]);
    assert!(bench.refuse("cut.mat").contains("cut short"));
    bench.write("new.mat", b"MATLAB 7.3 MAT-file");
    assert!(bench.refuse("new.mat").contains("HDF5"));
    bench.write(
        "lies.mat",
        &mat(&[matrix("X", 9, 2, &[0, u32::MAX], &[])], false),
    );
    assert!(bench.refuse("lies.mat").contains("holds no data"));
}
