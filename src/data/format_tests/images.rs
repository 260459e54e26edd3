//! Folders and archives of images.

use super::*;

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

/// The values of a single image and its shape.
fn pixels(image: Vec<u8>) -> (Vec<u8>, Vec<usize>) {
    let bench = TestDir::new();
    bench.write("one/1.png", &image);
    let reading = bench.read("one");
    (bytes(&reading).to_vec(), reading.data.shape)
}

#[test]
fn every_kind_of_pixel_becomes_8_bits_of_grey_or_rgb() {
    use png::{BitDepth, ColorType};
    assert_eq!(
        pixels(png(
            2,
            1,
            ColorType::Rgb,
            BitDepth::Eight,
            &[1, 2, 3, 4, 5, 6]
        )),
        (vec![1, 4, 2, 5, 3, 6], vec![3, 1, 2])
    );
    assert_eq!(
        pixels(png(
            1,
            1,
            ColorType::Grayscale,
            BitDepth::Sixteen,
            &[0x80, 0xff]
        )),
        (vec![0x80], vec![1, 1, 1])
    );
    assert_eq!(
        pixels(png(
            2,
            1,
            ColorType::GrayscaleAlpha,
            BitDepth::Eight,
            &[10, 255, 10, 0]
        )),
        (vec![10, 255], vec![1, 1, 2])
    );
    assert_eq!(
        pixels(png(
            1,
            1,
            ColorType::Rgba,
            BitDepth::Eight,
            &[0, 100, 200, 51]
        )),
        (vec![204, 224, 244], vec![3, 1, 1])
    );
}

#[test]
fn jpegs_are_grey_or_rgb() {
    let (red, shape) = pixels(hex(RED_JPEG));
    assert_eq!(shape, [3, 4, 8]);
    assert!(
        red.chunks(32)
            .zip([201_u8, 38, 41])
            .all(|(plane, value)| plane.iter().all(|pixel| pixel.abs_diff(value) <= 2))
    );
    let (grey, shape) = pixels(hex(GREY_JPEG));
    assert_eq!(shape, [1, 4, 8]);
    assert!(
        grey[..8]
            .iter()
            .zip([0_u8, 38, 71, 109, 144, 183, 217, 255])
            .all(|(pixel, value)| pixel.abs_diff(value) <= 2)
    );
}

/// Whichever comes first.
#[test]
fn grey_among_colour_becomes_colour() {
    let bench = TestDir::new();
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
