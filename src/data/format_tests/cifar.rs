//! CIFAR-10 and CIFAR-100.

use super::*;

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
