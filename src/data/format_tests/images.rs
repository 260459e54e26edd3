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
fn webp_and_bmp_are_read() {
    let (red, shape) = pixels(hex(RED_WEBP));
    assert_eq!(shape, [3, 4, 8]);
    for (plane, value) in red.chunks(32).zip([201, 38, 41]) {
        assert_eq!(plane, [value; 32]);
    }
    let (pixels, shape) = pixels(hex(BMP));
    assert_eq!(shape, [3, 3, 4]);
    assert_eq!((pixels[0], pixels[1], pixels[25]), (255, 0, 255));
    let bench = TestDir::new();
    // One pixel.
    let small = "424d3a0000000000000036000000280000000100000001000000010018000000000004000000c40e0000c40e0000000000000000000001020300";
    bench.write("small/1.bmp", &hex(small));
    assert_eq!(bytes(&bench.read("small")), [3, 2, 1]);
    bench.write("grey/1.bmp", &grey_bmp());
    let reading = bench.read("grey");
    assert_eq!(reading.data.shape, [1, 2, 8]);
    let expected: Vec<u8> = (0..16).map(|level| 10 * level).collect();
    assert_eq!(bytes(&reading), expected);
}

/// 8 x 2 pixels with a palette of grey levels, ten times their number.
fn grey_bmp() -> Vec<u8> {
    let palette: Vec<u8> = (0..=255_u8)
        .flat_map(|level| [level.wrapping_mul(10); 4])
        .collect();
    let header = hex(
        "424d46040000000000003604000028000000080000000200000001000800000000001000000000000000000000000001000000000000",
    );
    let rows: Vec<u8> = (8..16).chain(0..8).collect();
    [&header[..], &palette, &rows].concat()
}

/// Among images of 8 bits, too, whose white is the same.
#[test]
fn sixteen_bits_are_kept() {
    use png::{BitDepth, ColorType};
    let deep = png(
        2,
        1,
        ColorType::Grayscale,
        BitDepth::Sixteen,
        &[0x80, 0xff, 0xff, 0xff],
    );
    for names in [["1.png", "2.png"], ["2.png", "1.png"]] {
        let bench = TestDir::new();
        bench.write(&format!("set/{}", names[0]), &deep);
        bench.write(&format!("set/{}", names[1]), &grey(2, 1, &[0, 255]));
        let reading = bench.read("set");
        let mut rows = [[33023.0, 65535.0], [0.0, 65535.0]];
        if names[0] == "2.png" {
            rows.reverse();
        }
        assert_eq!(reading.data.values, Values::Floats(rows.concat().into()));
        assert!(reading.notes[0].contains("1 of 2 images have 16 bits a channel, which are kept"));
    }
    let half = png(
        1,
        1,
        ColorType::GrayscaleAlpha,
        BitDepth::Sixteen,
        &[0, 0, 0x80, 0],
    );
    let bench = TestDir::new();
    bench.write("set/1.png", &half);
    let reading = bench.read("set");
    assert_eq!(reading.data.values, Values::Floats(vec![32767.0].into()));
    assert!(reading.notes[1].contains("1 of 1 images are partly transparent"));
}

/// `jpeg` with `extra` behind its first segment.
fn with_inserted(jpeg: &[u8], extra: &[u8]) -> Vec<u8> {
    let end = 4 + usize::from(u16::from_be_bytes([jpeg[4], jpeg[5]]));
    [&jpeg[..end], extra, &jpeg[end..]].concat()
}

#[test]
fn jpegs_are_turned_upright_and_extra_bytes_in_their_headers_passed_over() {
    let exif =
        b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let grey_jpeg = hex(GREY_JPEG);
    let (upright, shape) = pixels(grey_jpeg.clone());
    assert_eq!(shape, [1, 4, 8]);
    // JFIF's segment is the first one of the red image; the grey one begins with its tables.
    let bench = TestDir::new();
    let turned = [&grey_jpeg[..2], exif, &grey_jpeg[2..]].concat();
    bench.write("set/1.jpg", &turned);
    let reading = bench.read("set");
    assert_eq!(reading.data.shape, [1, 8, 4]);
    for (row, values) in bytes(&reading).chunks(4).enumerate() {
        assert!(values.iter().all(|&value| value == upright[row]), "{row}");
    }
    assert!(
        reading.notes[0].contains("1 of 1 images are turned"),
        "{:?}",
        reading.notes
    );
    let red = hex(RED_JPEG);
    let expected = pixels(red.clone());
    assert_eq!(
        pixels(with_inserted(&red, b"\x12\x34\x56\xff\x00\xff\xff\x78\x9a")),
        expected
    );
    let cut = with_inserted(&red[..150], b"\x12\x34\x56\x78");
    bench.write("cut/1.jpg", &cut);
    assert!(bench.refuse("cut").contains("1.jpg in it is damaged"));
}

#[test]
fn every_kind_of_pixel_becomes_grey_or_rgb() {
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
    assert!(mixed.notes[0].contains("2 of 3 images are grey"));
}

#[test]
fn images_of_many_sizes_are_brought_to_one() {
    let bench = TestDir::new();
    bench.write("set/1.png", &grey(2, 2, &[0, 10, 20, 30]));
    bench.write("set/2.png", &grey(4, 2, &[1, 5, 9, 7, 1, 5, 9, 7]));
    bench.write("set/notes.tif", b"");
    let reading = bench.read("set");
    assert_eq!(reading.data.shape, [1, 64, 64]);
    // Of the second one, the two columns in the middle.
    let second = &bytes(&reading)[64 * 64..][..64];
    assert_eq!(second[..32], [5; 32]);
    assert_eq!(second[32..], [9; 32]);
    assert!(
        reading.notes[0].contains("2 sizes with sides of 2 to 4 pixels")
            && reading.notes[0].contains("resized to 64 x 64")
            && reading.notes[1].contains("1 .tif"),
        "{:?}",
        reading.notes
    );
    let with = |options: ReadOptions| read_dataset(&bench.path("set"), &options).unwrap();
    let sized = with(ReadOptions {
        adjustments: Adjustments {
            size: Some([1, 2]),
            ..Default::default()
        },
        ..Default::default()
    });
    assert_eq!(
        (sized.data.shape.as_slice(), bytes(&sized)),
        (&[1, 1, 2][..], &[10, 20, 3, 8][..])
    );
    // As a model takes them, in colour.
    let like = with(ReadOptions {
        like: Some(vec![3, 1, 1]),
        ..Default::default()
    });
    assert_eq!(
        (like.data.shape.as_slice(), bytes(&like)),
        (&[3, 1, 1][..], &[15, 15, 15, 7, 7, 7][..])
    );
    bench.write("large/1.png", &grey(300, 2, &[3; 600]));
    assert_eq!(bench.read("large").data.shape, [1, 2, 300]);
    let large = ReadOptions {
        largest: Some(256),
        ..Default::default()
    };
    let reading = read_dataset(&bench.path("large"), &large).unwrap();
    assert_eq!(reading.data.shape, [1, 64, 64]);
    assert!(reading.notes[0].contains("2 x 300 pixels, cropped"));
}

#[test]
fn an_image_of_more_pixels_than_its_bytes_can_hold_is_refused() {
    let bench = TestDir::new();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 20_000_000, 4);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9c]).unwrap();
    drop(writer);
    bench.write("huge/1.png", &file);
    let refused = bench.refuse("huge");
    assert!(
        refused.contains("bytes cannot hold 4 x 20000000 pixels"),
        "{refused}"
    );
    // The decoder takes one of 196 bytes for 110 megapixels of grey.
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let jpeg = std::fs::read(folder.join("tests/data/damaged/pixels.jpg")).unwrap();
    bench.write("grey/1.jpg", &jpeg);
    let refused = bench.refuse("grey");
    assert!(refused.contains("1.jpg in it is damaged"), "{refused}");
    // As few bytes as pixels that are all the same take are enough.
    bench.write("same/1.png", &grey(4000, 4000, &vec![7; 16_000_000]));
    assert_eq!(bench.read("same").data.samples, 1);
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
    let bmp = hex(BMP);
    bench.write("bmp/1.bmp", &bmp[..bmp.len() - 1]);
    assert!(bench.refuse("bmp").contains("rows of pixels are missing"));
    let jpeg = hex(RED_JPEG);
    bench.write("jpeg/1.jpg", &jpeg[..150]);
    assert!(
        bench
            .refuse("jpeg")
            .contains("1.jpg in it is damaged or cut short")
    );
    bench.write("other/1.png", b"GIF89a");
    assert!(
        bench
            .refuse("other")
            .contains("neither PNG, JPEG, WebP nor BMP")
    );
    bench.write("empty/readme.txt", b"");
    let text = bench.refuse("empty");
    assert!(
        text.contains("holds no images") && text.contains("only 1 .txt"),
        "{text}"
    );
    for name in ["1", "2", "3", "4", "5", "6"] {
        bench.write(&format!("many/{name}.png"), &image[..40]);
    }
    bench.write("many/7.png", &image);
    assert!(
        bench
            .refuse("many")
            .contains("so are 2.png, 3.png, 4.png, 5.png and 1 more: replace or remove"),
    );
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
