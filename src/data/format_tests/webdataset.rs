//! Images in tar archives, with a label beside each.

use super::*;

/// An image of `size` x `size` pixels of one value.
fn flat(size: u32, value: u8) -> Vec<u8> {
    grey(size, size, &vec![value; (size * size) as usize])
}

fn refused(bench: &TestDir, files: &[(&str, Vec<u8>)]) -> String {
    bench.write("x.tar", &tar(files));
    bench.refuse("x.tar")
}

#[test]
fn entries_with_one_key_are_a_sample_in_the_order_of_the_archives() {
    let bench = TestDir::new();
    let number = |number: &str| number.as_bytes().to_vec();
    let long = format!("{}/deep.png", "long".repeat(40));
    let first = tar(&[
        ("./a/1.png", flat(2, 1)),
        ("./a/1.cls", number("3\n")),
        ("./a/1.json", b"{}".to_vec()),
        // The same name in another folder is another key.
        ("b/1.cls", number("0")),
        ("b/1.image.png", flat(2, 2)),
        ("b/._2.png", number("not an image")),
    ]);
    let second = tar(&[
        (&long, flat(2, 3)),
        (&long.replace("png", "cls"), number("7")),
    ]);
    bench.write("shards/s-2.tar", &first);
    bench.write("shards/s-10.tar", &second);
    bench.write("shards/readme.txt", b"two of them");
    bench.write("shards/empty-1.tar", &tar(&[]));
    for name in ["shards", "shards/*.tar", "shards/s-*.tar"] {
        let reading = bench.read(name);
        assert_eq!(reading.data.shape, [1, 2, 2]);
        assert_eq!(bytes(&reading), [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
        assert_eq!(reading.data.labels, Some(vec![3, 0, 7]));
        assert!(reading.notes.concat().contains("1 .json"));
    }
    assert_eq!(read_labels(&bench.path("shards")).unwrap(), [3, 0, 7]);
    let one = bench.read("shards/s-10.tar");
    assert_eq!(
        (bytes(&one), one.data.labels.clone()),
        (&[3; 4][..], Some(vec![7]))
    );
    let some = ReadOptions {
        skip: 1,
        limit: Some(1),
        ..ReadOptions::default()
    };
    let reading = read_dataset(&bench.path("shards"), &some).unwrap();
    assert_eq!(
        (bytes(&reading), reading.data.labels.clone()),
        (&[2; 4][..], Some(vec![0]))
    );
    let named = [
        ("1.png", flat(2, 1)),
        ("1.cls", number("dog")),
        ("2.png", flat(2, 1)),
        ("2.cls", number("cat")),
    ];
    bench.write("named.tar", &tar(&named));
    let reading = bench.read("named.tar");
    assert_eq!(reading.data.labels, Some(vec![1, 0]));
    assert_eq!(reading.classes.unwrap(), ["cat", "dog"]);
    bench.write("some.tar", &tar(&named[..3]));
    let reading = bench.read("some.tar");
    assert_eq!(reading.data.labels, None);
    assert!(
        reading
            .notes
            .concat()
            .contains("only 1 of 2 images have a .cls")
    );
}

#[test]
fn images_of_several_sizes_are_brought_to_one_as_in_a_folder() {
    let bench = TestDir::new();
    let deep = png(
        2,
        2,
        png::ColorType::Grayscale,
        png::BitDepth::Sixteen,
        &[1; 8],
    );
    for (at, images) in [
        vec![flat(2, 1), flat(80, 2), flat(300, 3)],
        vec![flat(300, 1), flat(300, 2)],
        vec![flat(4, 9), hex(RED_JPEG)],
        vec![flat(2, 5), deep, flat(2, 6)],
        vec![flat(4, 9); 1100],
    ]
    .into_iter()
    .enumerate()
    {
        let names: Vec<String> = (0..images.len())
            .map(|image| format!("{image:04}.png"))
            .collect();
        let files: Vec<(&str, Vec<u8>)> = names.iter().map(|name| &**name).zip(images).collect();
        bench.write(&format!("{at}.tar"), &tar(&files));
        for (name, content) in &files {
            bench.write(&format!("{at}/{name}"), content);
        }
        for options in [
            ReadOptions {
                largest: Some(256),
                ..ReadOptions::default()
            },
            ReadOptions {
                like: Some(vec![3, 5, 6]),
                ..ReadOptions::default()
            },
            ReadOptions {
                adjustments: Adjustments {
                    size: Some([3, 4]),
                    invert: true,
                    ..Adjustments::default()
                },
                ..ReadOptions::default()
            },
        ] {
            let read = |path: &str| read_dataset(&bench.path(path), &options).unwrap();
            assert_eq!(read(&format!("{at}.tar")), read(&at.to_string()), "{at}");
        }
    }
}

#[test]
fn what_is_no_set_of_images_is_said() {
    let bench = TestDir::new();
    let whole = tar(&[("1.png", flat(8, 1)), ("2.png", flat(8, 2))]);
    for (length, what) in [
        (0, "cut short"),
        (512, "1.png in it has"),
        (700, "zeros that end"),
        (1024, "zeros that end"),
        (1100, "cut short"),
        (1540, "cut short"),
    ] {
        bench.write("x.tar", &whole[..length]);
        let error = bench.refuse("x.tar");
        assert!(error.contains(what), "{length}: {error}");
    }
    let error = refused(&bench, &[("a.txt", Vec::new()), ("b", Vec::new())]);
    assert!(
        error.contains("holds no images") && error.contains("1 .txt"),
        "{error}"
    );
    let error = refused(&bench, &[("a.png", flat(2, 1)), ("a.jpg", hex(RED_JPEG))]);
    assert!(
        error.contains("two images for the key a, a.png and a.jpg"),
        "{error}"
    );
    for label in [&b""[..], &[0xff, 0xfe], &[b'1'; 2000]] {
        let error = refused(&bench, &[("a.png", flat(2, 1)), ("a.cls", label.to_vec())]);
        assert!(error.contains("a.cls, which is no label"), "{error}");
    }
    let error = refused(
        &bench,
        &[("a.png", b"\x89PNG".to_vec()), ("b.png", b"text".to_vec())],
    );
    assert!(
        error.contains("a.png in it is damaged") && error.contains("so are b.png"),
        "{error}"
    );
    // A length that the archive does not have takes no memory.
    let mut huge = whole.clone();
    huge[124..135].copy_from_slice(b"77777777777");
    let sum: u32 = (0..512)
        .map(|at| {
            if (148..156).contains(&at) {
                32
            } else {
                u32::from(huge[at])
            }
        })
        .sum();
    huge[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bench.write("x.tar", &huge);
    let error = bench.refuse("x.tar");
    assert!(
        error.contains("1.png in it has 8589934591 bytes"),
        "{error}"
    );
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder
        .append_link(&mut header, "a.png", "../../etc/passwd")
        .unwrap();
    bench.write("x.tar", &builder.into_inner().unwrap());
    assert!(bench.refuse("x.tar").contains("a.png, which is a link"));
    bench.write("x.tar.gz", &gzip(&whole));
    assert!(
        bench
            .refuse("x.tar.gz")
            .contains("unpack a .tar.gz of images to a .tar")
    );
    bench.write("both/a.tar", &whole);
    bench.write("both/a.npy", &npy("|u1", "(1, 1)", &[1]));
    assert!(bench.refuse("both").contains("both .npy and .tar"));
    bench.write("pictures/a.tar", &whole);
    bench.write("pictures/b/a.png", &flat(3, 1));
    assert_eq!(bench.read("pictures").data.shape, [1, 3, 3]);
}
