//! Files as published, those that the folder `NRAE_DATA` has.

use super::*;
use std::collections::BTreeSet;
use std::path::Path;

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("NRAE_DATA").expect("NRAE_DATA names the folder of the files"))
}

/// Reads a file if it is there.
fn check(file: &str, samples: usize, shape: &[usize], classes: usize) -> Option<Reading> {
    let path = folder().join(file);
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
    let labels: BTreeSet<_> = reading.data.labels.iter().flatten().collect();
    assert_eq!(labels.len(), classes, "{file}");
    Some(reading)
}

/// The same images as `.npy`, made by another program.
fn array(file: &str) -> Dataset {
    read_dataset(&folder().join(file), &ReadOptions::default())
        .unwrap()
        .data
}

/// The same labels, of that program.
fn labels(file: &str) -> Vec<u32> {
    read_labels(&folder().join(file)).unwrap()
}

/// `file` with its samples turned, which MATLAB stores column by column.
fn turned(file: &str, columns: bool, shape: [usize; 3]) -> Dataset {
    let adjustments = Adjustments {
        transpose: true,
        ..Default::default()
    };
    let options = ReadOptions {
        transposed: columns,
        shape: Some(shape),
        adjustments,
        ..Default::default()
    };
    read_dataset(&folder().join(file), &options).unwrap().data
}

/// The largest difference of a value in `a` times `factor` from that in `b`.
fn apart(a: &Dataset, b: &Dataset, factor: f32) -> f32 {
    assert_eq!(a.shape, b.shape);
    let pairs = a.values.to_floats().into_iter().zip(b.values.to_floats());
    pairs
        .map(|(a, b)| (a * factor - b).abs())
        .fold(0.0, f32::max)
}

#[test]
#[ignore = "needs the published files: set NRAE_DATA to their folder"]
fn real_files_are_read() {
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
    omniglot();
    coil20();
    olivetti();
}

fn omniglot() {
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
}

fn coil20() {
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
        let turned = turned("coil20/COIL20.mat", false, [1, 32, 32]);
        assert!(apart(&turned, &array("coil20/coil20-32x32-images.npy.gz"), 255.0) <= 0.51);
    }
}

fn olivetti() {
    if check("olivetti/olivettifaces.mat", 4096, &[400], 0).is_some() {
        let turned = turned("olivetti/olivettifaces.mat", true, [1, 64, 64]);
        assert_eq!(
            apart(&turned, &array("olivetti/olivetti-images.npy.gz"), 1.0),
            0.0
        );
    }
}
