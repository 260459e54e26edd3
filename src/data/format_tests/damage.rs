//! Files of every format whose bytes have changed.

use super::mat::{mat, matrix};
use super::*;
use proptest::prelude::*;

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
        7 => ("x.webp", hex(RED_WEBP)),
        8 => ("x.bmp", hex(BMP)),
        9 => (
            "x.tar",
            tar(&[
                ("1.cls", b"1".to_vec()),
                ("1.png", grey(4, 4, &[9; 16])),
                ("2.jpg", hex(RED_JPEG)),
                ("2.cls", b"0".to_vec()),
            ]),
        ),
        10 => ("set/a.npy", npy("|u1", "(2, 2)", &[1; 4])),
        _ => ("x.jpg", hex(GREY_JPEG)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// A damaged file ends in samples or a sentence, never in a panic.
    #[test]
    fn no_damage_panics(
        kind in 0..12_usize,
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
        let in_folder = [".png", ".jpg", ".webp", ".bmp"].iter().any(|ending| name.ends_with(ending)) || name.contains('/');
        let path = if in_folder { path.parent().unwrap().to_owned() } else { path };
        if let Ok(reading) = read_dataset(&path, &ReadOptions::default()) {
            prop_assert_eq!(reading.data.samples * reading.data.features(), reading.data.values.len());
            prop_assert!(reading.data.labels.is_none_or(|labels| labels.len() == reading.data.samples));
        }
        let _ = (read_array(&path), read_labels(&path));
    }
}
