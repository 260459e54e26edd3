//! Archives of NumPy's arrays.

use super::*;

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
    assert_eq!(
        bench.read("one.npz").data.values,
        Values::Floats(vec![1.5].into())
    );
    let whole = zip(&files, true);
    bench.write("cut.npz", &whole[..whole.len() - 30]);
    assert!(bench.refuse("cut.npz").contains("damaged or cut short"));
}
