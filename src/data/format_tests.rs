//! Sets of images in every format: as written by others, whole, damaged and hostile.

use super::*;
use proptest::prelude::*;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

/// 8 x 4 pixels of RGB (201, 38, 41), written by Pillow.
const RED_JPEG: &str = "ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17202e2931302e292d2c\
333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffdb0043010e0e0e131113261515264f352d354f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f\
4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4fffc00011080004000803012200021101031101ffc400150001010000000000000000000000000000\
0005ffc40014100100000000000000000000000000000000ffc4001501010100000000000000000000000000000406ffc40014110100000000000000000000000000000000ff\
da000c03010002110311003f008c000ae7ffd9";
/// 8 x 4 pixels from black to white, left to right.
const GREY_JPEG: &str = "ffd8ffe000104a46494600010100000100010000ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c0c0b0a0b0b\
0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc0000b080004000801011100ffc40014000100000000000000000000000000000002ffc4001910\
000105000000000000000000000000000005093182c1ffda0008010100003f002d672914c3ffd9";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn png(
    width: u32,
    height: u32,
    colour: png::ColorType,
    depth: png::BitDepth,
    rows: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(rows)
        .unwrap();
    bytes
}

fn grey(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    png(
        width,
        height,
        png::ColorType::Grayscale,
        png::BitDepth::Eight,
        pixels,
    )
}

fn zip(files: &[(&str, Vec<u8>)], deflate: bool) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let method = if deflate {
        zip::CompressionMethod::Deflated
    } else {
        zip::CompressionMethod::Stored
    };
    for (name, content) in files {
        writer
            .start_file(
                *name,
                SimpleFileOptions::default().compression_method(method),
            )
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        builder
            .append_data(&mut header, name, &content[..])
            .unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!(
        "{:<117}\n",
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}")
    );
    [
        b"\x93NUMPY\x01\x00".as_slice(),
        &(header.len() as u16).to_le_bytes(),
        header.as_bytes(),
        data,
    ]
    .concat()
}

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
fn matrix(name: &str, class: u8, kind: u32, shape: &[u32], data: &[u8]) -> Vec<u8> {
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

fn mat(variables: &[Vec<u8>], compress: bool) -> Vec<u8> {
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

/// A folder to write files into and read them from.
struct TestDir(tempfile::TempDir);

impl TestDir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, name: &str) -> Reading {
        read_dataset(&self.path(name), &ReadOptions::default()).unwrap()
    }

    fn refuse(&self, name: &str) -> String {
        let error = read_dataset(&self.path(name), &ReadOptions::default()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        assert!(text.contains(name.split(':').next().unwrap()), "{text}");
        text
    }
}

fn bytes(reading: &Reading) -> &[u8] {
    let Values::Bytes(values) = &reading.data.values else {
        panic!("floats")
    };
    values
}

#[test]
fn folders_hold_a_class_each() {
    let bench = TestDir::new();
    bench.write("set/cat/b.png", &grey(2, 1, &[3, 4]));
    bench.write("set/cat/a.PNG", &grey(2, 1, &[1, 2]));
    bench.write("set/ant/1.png", &grey(2, 1, &[5, 6]));
    bench.write("set/ant/.hidden.png", b"no image");
    bench.write("set/ant/notes.txt", b"no image");
    let reading = bench.read("set");
    assert_eq!(
        (reading.data.samples, reading.data.shape.as_slice()),
        (3, &[1, 1, 2][..])
    );
    assert_eq!(bytes(&reading), [5, 6, 1, 2, 3, 4]);
    assert_eq!(reading.data.labels, Some(vec![0, 1, 1]));
    assert_eq!(reading.classes.unwrap(), ["ant", "cat"]);
    let flat = bench.read("set/cat");
    assert_eq!(
        (flat.data.samples, flat.data.labels, flat.classes),
        (2, None, None)
    );
    let options = ReadOptions {
        skip: 1,
        limit: Some(1),
        ..Default::default()
    };
    let middle = read_dataset(&bench.path("set"), &options).unwrap();
    assert_eq!(
        (bytes(&middle), &middle.data.labels),
        (&[1, 2][..], &Some(vec![1]))
    );
}

#[test]
fn a_zip_of_images_reads_as_its_folders_would() {
    let bench = TestDir::new();
    // As Omniglot has them: one bit, ink 0 on paper 1, a folder an alphabet and in it one a
    // character.
    let one_bit = |row: u8| png(3, 1, png::ColorType::Grayscale, png::BitDepth::One, &[row]);
    let files = [
        ("all/Greek/character02/0002_01.png", one_bit(0b0110_0000)),
        ("all/Greek/character01/0001_01.png", one_bit(0b1010_0000)),
        ("all/Latin/character01/0003_01.png", one_bit(0b0000_0000)),
        ("__MACOSX/all/Latin/._0003_01.png", b"no image".to_vec()),
    ];
    for deflate in [false, true] {
        bench.write("all.zip", &zip(&files, deflate));
        let reading = bench.read("all.zip");
        assert_eq!(bytes(&reading), [255, 0, 255, 0, 255, 255, 0, 0, 0]);
        assert_eq!(reading.data.labels, Some(vec![0, 1, 2]));
        assert_eq!(
            reading.classes.unwrap(),
            [
                "Greek/character01",
                "Greek/character02",
                "Latin/character01"
            ]
        );
        let part = bench.read("all.zip:all/Greek");
        assert_eq!(
            (part.data.samples, part.classes.unwrap()),
            (2, vec!["character01".to_owned(), "character02".to_owned()])
        );
    }
    assert!(bench.refuse("all.zip:all/Thai").contains("holds no images"));
}

#[test]
fn every_kind_of_pixel_becomes_8_bits_of_grey_or_rgb() {
    let bench = TestDir::new();
    use png::{BitDepth, ColorType};
    let case = |image: Vec<u8>| {
        bench.write("one/1.png", &image);
        let reading = bench.read("one");
        (bytes(&reading).to_vec(), reading.data.shape)
    };
    assert_eq!(
        case(png(
            2,
            1,
            ColorType::Rgb,
            BitDepth::Eight,
            &[1, 2, 3, 4, 5, 6]
        )),
        (vec![1, 4, 2, 5, 3, 6], vec![3, 1, 2])
    );
    assert_eq!(
        case(png(
            1,
            1,
            ColorType::Grayscale,
            BitDepth::Sixteen,
            &[0x80, 0xff]
        )),
        (vec![0x80], vec![1, 1, 1])
    );
    assert_eq!(
        case(png(
            2,
            1,
            ColorType::GrayscaleAlpha,
            BitDepth::Eight,
            &[10, 255, 10, 0]
        )),
        (vec![10, 255], vec![1, 1, 2])
    );
    assert_eq!(
        case(png(
            1,
            1,
            ColorType::Rgba,
            BitDepth::Eight,
            &[0, 100, 200, 51]
        )),
        (vec![204, 224, 244], vec![3, 1, 1])
    );
    let (pixels, shape) = case(hex(RED_JPEG));
    assert_eq!(shape, [3, 4, 8]);
    assert!(
        pixels
            .chunks(32)
            .zip([201_u8, 38, 41])
            .all(|(plane, value)| plane.iter().all(|pixel| pixel.abs_diff(value) <= 2))
    );
    let (pixels, shape) = case(hex(GREY_JPEG));
    assert_eq!(shape, [1, 4, 8]);
    assert!(
        pixels[..8]
            .iter()
            .zip([0_u8, 38, 71, 109, 144, 183, 217, 255])
            .all(|(pixel, value)| pixel.abs_diff(value) <= 2)
    );
    // Grey among colour becomes colour, whichever comes first.
    bench.write("mixed/1.png", &grey(8, 4, &[7; 32]));
    bench.write("mixed/2.jpg", &hex(RED_JPEG));
    bench.write("mixed/3.png", &grey(8, 4, &[9; 32]));
    let mixed = bench.read("mixed");
    assert_eq!(
        (mixed.data.samples, mixed.data.shape.as_slice()),
        (3, &[3, 4, 8][..])
    );
    assert_eq!(
        (bytes(&mixed)[..96].to_vec(), bytes(&mixed)[192..].to_vec()),
        (vec![7; 96], vec![9; 96])
    );
}

#[test]
fn images_of_many_sizes_need_one() {
    let bench = TestDir::new();
    bench.write("set/1.png", &grey(2, 2, &[0, 10, 20, 30]));
    bench.write("set/2.png", &grey(4, 2, &[1, 1, 9, 9, 1, 1, 9, 9]));
    let text = bench.refuse("set");
    assert!(
        text.contains("2.png in it has 2 x 4 pixels, the images before it 2 x 2")
            && text.contains("--size"),
        "{text}"
    );
    let adjustments = Adjustments {
        size: Some([1, 2]),
        ..Default::default()
    };
    let reading = read_dataset(
        &bench.path("set"),
        &ReadOptions {
            adjustments,
            ..Default::default()
        },
    )
    .unwrap();
    assert_eq!(
        (reading.data.shape.as_slice(), bytes(&reading)),
        (&[1, 1, 2][..], &[10, 20, 1, 9][..])
    );
}

#[test]
fn cifar_comes_as_a_batch_an_archive_or_a_folder() {
    let bench = TestDir::new();
    let record = |labels: &[u8], pixel: u8| {
        [
            labels,
            &[pixel; 1024],
            &[pixel + 1; 1024],
            &[pixel + 2; 1024],
        ]
        .concat()
    };
    let ten = |labels: [u8; 2]| [record(&[labels[0]], 10), record(&[labels[1]], 20)].concat();
    for (name, content) in [("b.bin", ten([3, 9])), ("b.bin.gz", gzip(&ten([3, 9])))] {
        bench.write(name, &content);
        let reading = bench.read(name);
        assert_eq!(
            (reading.data.shape.as_slice(), &reading.data.labels),
            (&[3, 32, 32][..], &Some(vec![3, 9]))
        );
        assert_eq!(
            [0, 1023, 1024, 3071, 3072].map(|at| bytes(&reading)[at]),
            [10, 10, 11, 12, 20]
        );
        assert_eq!(read_labels(&bench.path(name)).unwrap(), [3, 9]);
    }
    let files = [
        ("cifar-10-batches-bin/data_batch_2.bin", ten([3, 4])),
        ("cifar-10-batches-bin/data_batch_1.bin", ten([1, 2])),
        (
            "cifar-10-batches-bin/batches.meta.txt",
            b"airplane\nautomobile\n\n".to_vec(),
        ),
        ("cifar-10-batches-bin/test_batch.bin", ten([5, 6])),
    ];
    bench.write("cifar-10-binary.tar.gz", &gzip(&tar(&files)));
    for (name, content) in &files {
        bench.write(name, content);
    }
    for whole in ["cifar-10-binary.tar.gz", "cifar-10-batches-bin"] {
        let train = bench.read(whole);
        assert_eq!(train.data.labels, Some(vec![1, 2, 3, 4]));
        assert_eq!(train.classes.unwrap(), ["airplane", "automobile"]);
        assert_eq!(
            bench.read(&format!("{whole}:test")).data.labels,
            Some(vec![5, 6])
        );
        assert!(
            bench
                .refuse(&format!("{whole}:rest"))
                .contains("no part `rest`: choose train or test")
        );
    }
    let hundred = [(
        "cifar-100-binary/train.bin",
        [record(&[19, 99], 1), record(&[0, 10], 2)].concat(),
    )];
    bench.write("cifar-100-binary.tar.gz", &gzip(&tar(&hundred)));
    assert_eq!(
        bench.read("cifar-100-binary.tar.gz").data.labels,
        Some(vec![99, 10])
    );
    assert!(
        bench
            .refuse("cifar-100-binary.tar.gz:test")
            .contains("holds no test_batch*.bin")
    );
    bench.write("b.bin", &ten([3, 9])[..5000]);
    assert!(
        bench
            .refuse("b.bin")
            .contains("cut short or no CIFAR file: its 5000 bytes")
    );
    bench.write("b.bin", &ten([3, 10]));
    assert!(bench.refuse("b.bin").contains("label of 0 to 9"));
    bench.write("t.tar", &tar(&files)[..3000]);
    assert!(bench.refuse("t.tar").contains("cut short"));
}

#[test]
fn npz_arrays_are_chosen_by_name() {
    let bench = TestDir::new();
    let images = |value: u8| npy("|u1", "(2, 1, 2)", &[value; 4]);
    let labels = |first: i64| {
        npy(
            "<i8",
            "(2,)",
            &[first, first + 1].map(i64::to_le_bytes).concat(),
        )
    };
    let files = [
        ("x_train.npy", images(1)),
        ("y_train.npy", labels(0)),
        ("x_test.npy", images(2)),
        ("y_test.npy", labels(5)),
        ("names.npy", npy("<U2", "(1,)", &[0; 8])),
    ];
    bench.write("mnist.npz", &zip(&files, true));
    let train = bench.read("mnist.npz");
    assert_eq!(
        (bytes(&train), &train.data.labels),
        (&[1; 4][..], &Some(vec![0, 1]))
    );
    for part in ["mnist.npz:test", "mnist.npz:x_test"] {
        assert_eq!(bench.read(part).data.labels, Some(vec![5, 6]), "{part}");
        assert_eq!(
            read_array(&bench.path(part)).unwrap().values,
            Values::Bytes(vec![2; 4].into())
        );
    }
    assert_eq!(
        read_labels(&bench.path("mnist.npz:y_test")).unwrap(),
        [5, 6]
    );
    assert!(
        bench
            .refuse("mnist.npz:z")
            .contains("no array `z`: it holds x_train, y_train")
    );
    assert!(
        bench
            .refuse("mnist.npz:names")
            .contains("mnist.npz:names has elements of type")
    );
    bench.write(
        "one.npz",
        &zip(
            &[("weights.npy", npy("<f4", "(1, 1)", &1.5_f32.to_le_bytes()))],
            false,
        ),
    );
    assert_eq!(bench.read("one.npz").data.values, Values::Floats(vec![1.5]));
    let whole = zip(&files, true);
    bench.write("cut.npz", &whole[..whole.len() - 30]);
    assert!(bench.refuse("cut.npz").contains("damaged or cut short"));
}

#[test]
fn matlab_files_are_turned_the_right_way_up() {
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
    // Doubles that MATLAB has stored as bytes; 3 samples in rows, as their labels say.
    let doubles: Vec<u8> = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5_f64]
        .map(f64::to_le_bytes)
        .concat();
    let classes = matrix("gnd", 6, 2, &[3, 1], &[1, 2, 2]);
    let text = matrix("about", 4, 16, &[1, 2], b"hi");
    bench.write(
        "fea.mat.gz",
        &gzip(&mat(
            &[text, matrix("fea", 6, 9, &[3, 2], &doubles), classes],
            true,
        )),
    );
    let reading = bench.read("fea.mat.gz");
    assert_eq!(
        reading.data.values,
        Values::Floats(vec![0.5, 3.5, 1.5, 4.5, 2.5, 5.5])
    );
    assert_eq!(reading.data.labels, Some(vec![1, 2, 2]));
    assert_eq!(read_labels(&bench.path("fea.mat.gz")).unwrap(), [1, 2, 2]);
    assert_eq!(
        read_array(&bench.path("fea.mat.gz:fea")).unwrap().shape,
        [3, 2]
    );
    // The same matrix with its samples in columns, by labels and by option.
    bench.write(
        "columns.mat",
        &mat(
            &[
                matrix("fea", 6, 9, &[3, 2], &doubles),
                matrix("gnd", 6, 2, &[1, 2], &[4, 5]),
            ],
            false,
        ),
    );
    assert_eq!(
        bench.read("columns.mat").data.values,
        Values::Floats(vec![0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
    );
    bench.write(
        "faces.mat",
        &mat(&[matrix("faces", 6, 9, &[3, 2], &doubles)], false),
    );
    let options = ReadOptions {
        columns: true,
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
        Values::Floats(vec![0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
    );
    let whole = mat(&[images], false);
    bench.write("cut.mat", &whole[..whole.len() - 30]);
    assert!(bench.refuse("cut.mat").contains("cut short"));
    bench.write("new.mat", b"MATLAB 7.3 MAT-file");
    assert!(bench.refuse("new.mat").contains("-v7"));
    bench.write(
        "lies.mat",
        &mat(&[matrix("X", 9, 2, &[0, u32::MAX], &[])], false),
    );
    assert!(bench.refuse("lies.mat").contains("holds no data"));
}

#[test]
fn damaged_images_are_named() {
    let bench = TestDir::new();
    let image = grey(16, 16, &[7; 256]);
    bench.write("cut/a/1.png", &image[..image.len() - 20]);
    assert!(
        bench
            .refuse("cut")
            .contains("cut: a/1.png in it is damaged or cut short")
    );
    let jpeg = hex(RED_JPEG);
    bench.write("jpeg/1.jpg", &jpeg[..150]);
    assert!(
        bench
            .refuse("jpeg")
            .contains("1.jpg in it is damaged or cut short")
    );
    bench.write("other/1.png", b"GIF89a");
    assert!(bench.refuse("other").contains("neither PNG nor JPEG"));
    bench.write("empty/readme.txt", b"");
    assert!(bench.refuse("empty").contains("holds no images"));
    assert!(bench.refuse("cut/a/1.png").contains("give the folder"));
    let archive = zip(&[("1.png", grey(2, 2, &[1; 4]))], true);
    for length in [10, 40, archive.len() - 5] {
        bench.write("cut.zip", &archive[..length]);
        assert!(bench.refuse("cut.zip").contains("cut short"));
    }
    assert!(
        read_array(&bench.path("cut"))
            .unwrap_err()
            .to_string()
            .contains("a single array is needed")
    );
}

/// A valid file of each kind, to damage.
fn valid(kind: usize) -> (&'static str, Vec<u8>) {
    match kind {
        0 => (
            "x.zip",
            zip(
                &[
                    ("a/1.png", grey(4, 4, &[9; 16])),
                    ("b/2.jpg", hex(RED_JPEG)),
                ],
                false,
            ),
        ),
        1 => (
            "x.npz",
            zip(
                &[
                    ("x.npy", npy("|u1", "(2, 2)", &[1; 4])),
                    ("y.npy", npy("<i4", "(2,)", &[0; 8])),
                ],
                true,
            ),
        ),
        2 => (
            "x.mat",
            mat(
                &[
                    matrix("X", 9, 2, &[2, 2, 3, 1], &[1; 12]),
                    matrix("y", 6, 9, &[1, 1], &[0; 8]),
                ],
                false,
            ),
        ),
        3 => (
            "x.mat",
            mat(&[matrix("X", 9, 2, &[2, 2, 3, 1], &[1; 12])], true),
        ),
        4 => ("x.tar", tar(&[("train.bin", vec![1; 3074])])),
        5 => ("x.png", grey(4, 4, &[9; 16])),
        6 => ("x.jpg", hex(RED_JPEG)),
        _ => ("x.jpg", hex(GREY_JPEG)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// A damaged file ends in samples or a sentence, never in a panic.
    #[test]
    fn no_damage_panics(
        kind in 0..8_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let bench = TestDir::new();
        let (name, mut content) = valid(kind);
        for (at, value) in changes {
            let at = at.index(content.len());
            content[at] = value;
        }
        if cut {
            content.truncate(length.index(content.len()));
        }
        let path = bench.write(name, &content);
        let path = if name.ends_with("png") || name.ends_with("jpg") { path.parent().unwrap().to_owned() } else { path };
        if let Ok(reading) = read_dataset(&path, &ReadOptions::default()) {
            prop_assert_eq!(reading.data.samples * reading.data.features(), reading.data.values.len());
            prop_assert!(reading.data.labels.is_none_or(|labels| labels.len() == reading.data.samples));
        }
        let _ = (read_array(&path), read_labels(&path));
    }
}

/// Files as published, those that the folder `NRAE_DATA` has.
#[test]
#[ignore = "needs the published files: set NRAE_DATA to their folder"]
fn real_files_are_read() {
    let folder = std::env::var_os("NRAE_DATA").expect("NRAE_DATA names the folder of the files");
    let folder = PathBuf::from(folder);
    let check = |file: &str, samples: usize, shape: &[usize], classes: usize| {
        let path = folder.join(file);
        if !split_part(&path).0.exists() {
            // Past the capture of a test's output, for the summary of `scripts/test`.
            let _ = writeln!(
                std::io::stderr(),
                "NOT READ: there is no {}",
                path.display()
            );
            return None;
        }
        let reading = read_dataset(&path, &ReadOptions::default()).unwrap();
        assert_eq!(
            (reading.data.samples, reading.data.shape.as_slice()),
            (samples, shape),
            "{file}"
        );
        let labels = reading
            .data
            .labels
            .iter()
            .flatten()
            .collect::<std::collections::BTreeSet<_>>();
        assert_eq!(labels.len(), classes, "{file}");
        Some(reading)
    };
    check("mnist/train-images-idx3-ubyte.gz", 60_000, &[1, 28, 28], 0);
    check(
        "from-packages/cifar10/data_batch_1.bin.gz",
        10_000,
        &[3, 32, 32],
        10,
    );
    check(
        "cifar10/cifar-10-binary.tar.gz:test",
        10_000,
        &[3, 32, 32],
        10,
    );
    check(
        "cifar100/cifar-100-binary.tar.gz",
        50_000,
        &[3, 32, 32],
        100,
    );
    check("svhn/test_32x32.mat", 26_032, &[3, 32, 32], 10);
    // The same images as `.npy`, made by another program.
    let array = |file: &str| {
        read_dataset(&folder.join(file), &ReadOptions::default())
            .unwrap()
            .data
    };
    let labels = |file: &str| read_labels(&folder.join(file)).unwrap();
    let apart = |a: &Dataset, b: &Dataset, factor: f32| {
        assert_eq!(a.shape, b.shape);
        let pairs = a.values.to_floats().into_iter().zip(b.values.to_floats());
        pairs
            .map(|(a, b)| (a * factor - b).abs())
            .fold(0.0, f32::max)
    };
    if let Some(reading) = check(
        "omniglot/images_evaluation.zip",
        13_180,
        &[1, 105, 105],
        659,
    ) {
        assert_eq!(
            reading.data.labels.as_ref().unwrap(),
            &labels("omniglot/omniglot28-evaluation-labels.npy.gz")
        );
        let adjustments = Adjustments {
            size: Some([28, 28]),
            invert: true,
            ..Default::default()
        };
        let small = adjustments.apply(reading.data, Path::new("x")).unwrap();
        let other = array("omniglot/omniglot28-evaluation-images.npy.gz");
        // That program counts a pixel on an edge as a whole, so single values differ; the images
        // are the same.
        let sum: f64 = small
            .values
            .to_floats()
            .iter()
            .zip(other.values.to_floats())
            .map(|(a, b)| f64::from((a - b).abs()))
            .sum();
        let mean = sum / small.values.len() as f64;
        assert!(mean < 3.0, "{mean}");
    }
    if let Some(reading) = check("coil20/COIL20.mat", 1440, &[1024], 20) {
        // The labels of the .mat count from 1.
        let counted: Vec<u32> = reading
            .data
            .labels
            .iter()
            .flatten()
            .map(|label| label - 1)
            .collect();
        assert_eq!(counted, labels("coil20/coil20-labels.npy.gz"));
        let adjustments = Adjustments {
            transpose: true,
            ..Default::default()
        };
        let options = ReadOptions {
            shape: Some([1, 32, 32]),
            adjustments,
            ..Default::default()
        };
        let turned = read_dataset(&folder.join("coil20/COIL20.mat"), &options)
            .unwrap()
            .data;
        assert!(apart(&turned, &array("coil20/coil20-32x32-images.npy.gz"), 255.0) <= 0.51);
    }
    if check("olivetti/olivettifaces.mat", 4096, &[400], 0).is_some() {
        let adjustments = Adjustments {
            transpose: true,
            ..Default::default()
        };
        let options = ReadOptions {
            columns: true,
            shape: Some([1, 64, 64]),
            adjustments,
            ..Default::default()
        };
        let turned = read_dataset(&folder.join("olivetti/olivettifaces.mat"), &options)
            .unwrap()
            .data;
        assert_eq!(
            apart(&turned, &array("olivetti/olivetti-images.npy.gz"), 1.0),
            0.0
        );
    }
}
