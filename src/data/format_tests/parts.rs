//! Folders of `.npy` that are parts of one set.

use super::*;

fn doubles(values: &[f64]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

#[test]
fn parts_are_read_in_the_order_of_their_numbers() {
    let bench = TestDir::new();
    for (name, descr, shape, data) in [
        ("set/part-10.npy", "|u1", "(1, 2)", vec![9, 10]),
        ("set/part-2.npy", "|u1", "(2, 2)", vec![5, 6, 7, 8]),
        ("set/part-1.npy", "|u1", "(2, 2)", vec![1, 2, 3, 4]),
        ("set/part-3.npy", "|u1", "(0, 2)", vec![]),
        ("labels/a-1.npy", "<i8", "(2,)", doubles(&[0.0; 2])),
        ("labels/a-2.npy", "|u1", "(3,)", vec![4, 5, 6]),
        ("values/a-1.npy", "<f8", "(1,)", doubles(&[0.5])),
        ("values/a-2.npy", "<f8", "(2,)", doubles(&[1.5, 2.0])),
    ] {
        bench.write(name, &npy(descr, shape, &data));
    }
    bench.write("set/readme.txt", b"these are parts");
    bench.write("set/.hidden.npy", b"nothing");
    for (name, expected) in [
        ("set", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10][..]),
        ("set/*.npy", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("set/part-?.npy", &[1, 2, 3, 4, 5, 6, 7, 8]),
        ("se*/part-1*.npy", &[1, 2, 3, 4, 9, 10]),
    ] {
        let Reading { data, .. } = bench.read(name);
        assert_eq!(
            (data.samples, &data.shape[..]),
            (expected.len() / 2, &[2][..])
        );
        assert!(data.values.is_mapped());
        assert_eq!(
            data.values,
            Values::Bytes(expected.to_vec().into()),
            "{name}"
        );
        let rows = [data.samples - 1, 0, 2, 2];
        let Values::Bytes(some) = data.subset(&rows).values else {
            panic!("floats")
        };
        let picked = rows.map(|row| [expected[2 * row], expected[2 * row + 1]]);
        assert_eq!(*some.whole(), *picked.as_flattened());
    }
    assert_eq!(read_labels(&bench.path("labels")).unwrap(), [0, 0, 4, 5, 6]);
    assert_eq!(
        SampleLabels::read(&bench.path("values/*.npy")).unwrap(),
        SampleLabels::of_numbers(vec![0.5, 1.5, 2.0])
    );
}

#[test]
fn parts_that_do_not_fit_are_named_with_both_shapes() {
    let bench = TestDir::new();
    let first = npy("|u1", "(2, 2)", &[1; 4]);
    for (at, (other, what)) in [
        (
            npy("|u1", "(2, 3)", &[1; 6]),
            "has the shape [2, 3] and the type '|u1'",
        ),
        (
            npy("|i1", "(2, 2)", &[1; 4]),
            "has the shape [2, 2] and the type '|i1'",
        ),
        (
            npy("|u1", "(4,)", &[1; 4]),
            "has the shape [4] and the type '|u1'",
        ),
        (
            npy("|u1", "()", &[1; 1]),
            "has the shape [] and the type '|u1'",
        ),
        (npy("|u1", "(2, 2)", &[1; 3]), "is cut short or damaged"),
        (b"\x93NUMPY".to_vec(), "is cut short"),
        (Vec::new(), "is no .npy, whatever its name says"),
        (npy("<c8", "(1, 1)", &[1; 8]), "real numbers are needed"),
    ]
    .into_iter()
    .enumerate()
    {
        bench.write(&format!("{at}/a.npy"), &first);
        bench.write(&format!("{at}/b.npy"), &other);
        let error = bench.refuse(&at.to_string());
        assert!(error.contains("b.npy") && error.contains(what), "{error}");
        if what.contains("shape") && what.contains("type") {
            assert!(
                error.contains("has the shape [2, 2] and the type '|u1', but"),
                "{error}"
            );
        }
    }
    let columns = npy("|u1", "(2, 2)", &[1; 4]);
    let columns = String::from_utf8_lossy(&columns[10..]).replace("False", "True ");
    let columns = [&first[..10], columns.as_bytes()].concat();
    bench.write("fortran/a.npy", &columns);
    assert!(bench.refuse("fortran").contains("Fortran order"));
    bench.write("one/a.npy", &npy("|u1", "(3,)", &[1; 3]));
    assert!(bench.refuse("one").contains("x.reshape(-1, 1)"));
    bench.write("none/a.npy", &npy("|u1", "(0, 3)", &[]));
    assert!(bench.refuse("none").contains("holds no data"));
    bench.write("other/a.txt", b"1");
    assert!(bench.refuse("other").contains("holds no images"));
    assert!(
        bench
            .refuse("other/*.txt")
            .contains("are no parts of one set")
    );
    bench.write("mixed/a.npy", &npy("|u1", "(1,)", &[1]));
    bench.write("mixed/b.npy", &npy("|S1", "(1,)", b"x"));
    let error = read_labels(&bench.path("mixed")).unwrap_err().to_string();
    assert!(error.contains("numbers and text as labels"), "{error}");
}

#[test]
fn folders_that_mean_something_else_keep_their_meaning() {
    let bench = TestDir::new();
    bench.write("pictures/0/a.png", &grey(2, 2, &[7; 4]));
    bench.write("pictures/1/b.png", &grey(2, 2, &[8; 4]));
    bench.write("pictures/x.npy", &npy("|u1", "(2, 2)", &[1; 4]));
    let reading = bench.read("pictures");
    assert_eq!(reading.data.shape, [1, 2, 2]);
    assert_eq!(reading.data.labels, Some(vec![0, 1]));
    assert!(reading.notes.concat().contains("1 .npy"));
    bench.write("cifar/train.bin", &[1; 3074]);
    bench.write("cifar/x.npy", &npy("|u1", "(2, 2)", &[1; 4]));
    assert_eq!(bench.read("cifar").data.shape, [3, 32, 32]);
    // A name with a star in it is itself.
    bench.write("a*.npy", &npy("|u1", "(1, 2)", &[3; 2]));
    bench.write("ab.npy", &npy("|u1", "(1, 2)", &[4; 2]));
    assert_eq!(bytes(&bench.read("a*.npy")), [3, 3]);
}
