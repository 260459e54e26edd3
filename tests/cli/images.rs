//! Images as people have them: any number of channels and any size, signals, photos.

use crate::test_dir::TestDir;

/// An `.npy` of floats that vary from sample to sample.
fn floats(shape: &[usize]) -> Vec<u8> {
    let n: usize = shape[1..].iter().product();
    let values = (0..shape.iter().product::<usize>()).flat_map(|at| {
        let (sample, place) = ((at / n) as f32, (at % n) as f32);
        (1.0 + (0.3 * sample + 0.1 * place).sin()).to_le_bytes()
    });
    npy("<f4", shape, values.collect())
}

/// The same of bytes.
fn bytes(shape: &[usize]) -> Vec<u8> {
    let values = (0..shape.iter().product::<usize>()).map(|at| (at * at % 251) as u8);
    npy("|u1", shape, values.collect())
}

fn npy(kind: &str, shape: &[usize], values: Vec<u8>) -> Vec<u8> {
    let shape: Vec<String> = shape.iter().map(|extent| format!("{extent},")).collect();
    let header = format!(
        "{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}), }}\n",
        shape.concat()
    );
    let length = (header.len() as u16).to_le_bytes();
    [
        b"\x93NUMPY\x01\x00".as_slice(),
        &length,
        header.as_bytes(),
        &values,
    ]
    .concat()
}

/// A PNG of 8 or 16 bits a channel.
fn png(size: [u32; 2], colour: png::ColorType, depth: png::BitDepth, pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size[1], size[0]);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    file
}

fn grey(height: u32, width: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..height * width).map(|at| (at * 7 % 256) as u8).collect();
    let depth = png::BitDepth::Eight;
    png([height, width], png::ColorType::Grayscale, depth, &pixels)
}

const QUICK: &str = "--latent 2 --k 3 --epochs 1 --method nrae-l --device cpu";

#[test]
fn any_number_of_channels_is_read_and_what_was_taken_is_said() {
    let bench = TestDir::new();
    for (file, shape, is_bytes, expected, said) in [
        (
            "a",
            &[12, 5, 8, 8][..],
            false,
            "[5, 8, 8]",
            "[N, C, H, W], channels first",
        ),
        (
            "b",
            &[12, 8, 8, 5],
            false,
            "[5, 8, 8]",
            "[N, H, W, C], channels last",
        ),
        (
            "c",
            &[12, 2, 9, 7],
            false,
            "[2, 9, 7]",
            "--layout nhwc takes the other end",
        ),
        ("d", &[12, 9, 7, 2], true, "[2, 9, 7]", "channels last"),
        ("e", &[12, 9, 7, 3], false, "[3, 9, 7]", "channels last"),
        ("f", &[12, 13, 6, 6], true, "[6, 13, 6]", "channels last"),
    ] {
        let content = if is_bytes {
            bytes(shape)
        } else {
            floats(shape)
        };
        std::fs::write(bench.path(&format!("{file}.npy")), content).unwrap();
        let told = bench.succeed(&format!("data info {file}.npy --picture {file}.png"));
        assert!(
            told.contains(expected) && told.contains(said),
            "{file}: {told}"
        );
        assert!(!bench.bytes(&format!("{file}.png")).is_empty());
    }
    let told = bench.succeed("data info f.npy --layout nchw");
    assert!(
        told.contains("[13, 6, 6]") && !told.contains("Layout"),
        "{told}"
    );
    bench.refuse(
        "data info a.npy --layout ncl",
        &["--layout ncl is for [N, C, L]"],
    );

    // From training to every use of the model, also with the channels at the other end.
    let told = bench.succeed(&format!("train --data a.npy --net conv {QUICK} --out run"));
    let told = told + &bench.kept("run");
    for part in [
        "samples of shape [5, 8, 8]",
        "channels first",
        "nrae-l on conv with 2 latent dimensions",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    for picture in ["reconstruction", "grid", "latent"] {
        assert!(bench.path(&format!("run/plots/{picture}.png")).exists());
    }
    let told = bench.succeed("reconstruct run --data b.npy --out first.npy --device cpu");
    assert!(told.contains("12 x 5 x 8 x 8"), "{told}");
    let told = bench.succeed("reconstruct run --data a.npy --out first.png --device cpu");
    assert!(told.contains("the first three of 5 channels"), "{told}");
    bench.succeed("encode run --data a.npy --out z.csv --device cpu");
    bench.succeed("decode run --latents z.csv --out folder --device cpu");
    assert!(bench.path("folder/11.png").exists());
    bench.succeed("eval run --k 3 --device cpu");
    bench.succeed("export run --format pytorch --out torch");
    // The channels of a configuration are those of its run.
    bench.succeed("train run/config.toml --device cpu --quiet --out again");
    assert_eq!(
        bench.bytes("run/model.safetensors"),
        bench.bytes("again/model.safetensors")
    );
}

#[test]
fn conv_fits_images_of_any_size() {
    let bench = TestDir::new();
    for (height, width) in [(30, 30), (131, 2), (5, 9), (1, 1)] {
        let name = format!("{height}x{width}.npy");
        std::fs::write(bench.path(&name), floats(&[12, 1, height, width])).unwrap();
        let told = bench.json(&format!("net --data {name} --net conv --json --device cpu"));
        let layers = told["layers"].as_array().unwrap();
        let last = &layers[layers.len() - 1]["output"];
        assert_eq!(last, &serde_json::json!([1, height, width]), "{name}");
    }
    bench.succeed(&format!(
        "train --data 131x2.npy --net conv {QUICK} --quiet --out run"
    ));
    let told = bench.succeed("reconstruct run --data 131x2.npy --out x.npy --device cpu");
    assert!(told.contains("12 x 1 x 131 x 2"), "{told}");
    bench.refuse(
        "train --data x.csv --net conv",
        &["`conv` is for images and signals, but samples are vectors of 3 features"],
    );
    bench.refuse("train --data 30x30.npy --net conv28", &["choose `conv`"]);
    let told = bench.succeed(&format!(
        "train --data 5x9.npy {QUICK} --hidden 8 --out mlp"
    ));
    assert!(told.contains("mlp (--net conv convolves images)"), "{told}");
}

#[test]
fn signals_are_convolved_along_their_length() {
    let bench = TestDir::new();
    for (file, layout, shape) in [
        ("first", "ncl", &[12, 2, 21][..]),
        ("last", "nlc", &[12, 21, 2]),
        ("one", "nl", &[12, 21]),
    ] {
        std::fs::write(bench.path(&format!("{file}.npy")), floats(shape)).unwrap();
        let told = bench.succeed(&format!(
            "train --data {file}.npy --layout {layout} --net conv {QUICK} --out {file}"
        ));
        let channels = if file == "one" { 1 } else { 2 };
        let expected = format!("samples of shape [{channels}, 1, 21]");
        assert!(told.contains(&expected), "{told}");
        assert!(
            bench
                .path(&format!("{file}/plots/reconstruction.png"))
                .exists()
        );
        // The model knows the layout of its samples.
        bench.succeed(&format!(
            "encode {file} --data {file}.npy --out z.npy --device cpu"
        ));
        bench.succeed(&format!("eval {file} --k 3 --device cpu"));
    }
    let told = bench.succeed("data info first.npy --layout ncl --picture signals.png");
    assert!(
        told.contains("signals [channels, 1, length] of [2, 1, 21]"),
        "{told}"
    );
    let told = bench.succeed("data info first.npy");
    assert!(
        told.contains(
            "[12, 2, 21] taken as [N, C, L], signals; if they are grey images, give --layout nhw"
        ),
        "{told}"
    );
    let net = bench.succeed("net --data first.npy --layout ncl --net conv --device cpu");
    for part in [
        "conv 2 -> 32, 1x4, stride 2, padding (0, 1)",
        "32 x 1 x 10",
        "output padding (0, 1)",
    ] {
        assert!(net.contains(part), "{part} is not in: {net}");
    }
    bench.succeed("export first --format pytorch --out torch");
    let module = String::from_utf8(bench.bytes("torch/load.py")).unwrap();
    assert!(
        module.contains("nn.Conv2d(2, 32, (1, 4), stride=2, padding=(0, 1))"),
        "{module}"
    );
    bench.refuse(
        "reconstruct first --data first.npy --out x.png --device cpu",
        &["asks for pictures, but these are no images"],
    );
}

/// Photos of any sizes, in classes, grey among coloured, and what is no photo.
fn photos(bench: &TestDir) {
    for folder in ["photos/cat", "photos/dog"] {
        std::fs::create_dir_all(bench.path(folder)).unwrap();
    }
    for i in 0..12_u32 {
        let folder = if i % 2 == 0 { "cat" } else { "dog" };
        let file = bench.path(&format!("photos/{folder}/{i}.png"));
        let (height, width) = (40 + 3 * i, 90 - 2 * i);
        let pixels: Vec<u8> = (0..3 * height * width)
            .map(|at| (at * (i + 1) % 255) as u8)
            .collect();
        let (colour, depth) = (png::ColorType::Rgb, png::BitDepth::Eight);
        let content = match i {
            3 => grey(height, width),
            _ => png([height, width], colour, depth, &pixels),
        };
        std::fs::write(file, content).unwrap();
    }
    std::fs::write(bench.path("photos/cat/raw.tif"), b"II*\0").unwrap();
    std::fs::write(bench.path("photos/notes.txt"), b"").unwrap();
}

#[test]
fn a_folder_of_photos_is_brought_to_one_size() {
    let bench = TestDir::new();
    photos(&bench);
    let train = format!("train --data photos {QUICK} --hidden 8");
    let told = bench.succeed(&format!("{train} --out run")) + &bench.kept("run");
    for part in [
        "12 samples of shape [3, 64, 64] to train on",
        "Images: 12 sizes with sides of 40 to 90 pixels, cropped in the middle and resized to 64 x 64; --size chooses another",
        "Images: 1 of 12 images are grey and have three equal channels",
        "Left out of photos: 1 .tif, 1 .txt; images are .png, .jpg, .jpeg, .webp, .bmp",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    let train = format!("{train} --size 24 --net conv --out small");
    let told = bench.succeed(&train) + &bench.kept("small");
    assert!(
        told.contains("shape [3, 24, 24]") && told.contains("resized to 24 x 24"),
        "{told}"
    );
    // New photos come to the model's size, grey ones alone, too.
    std::fs::create_dir(bench.path("new")).unwrap();
    std::fs::write(bench.path("new/1.png"), grey(33, 50)).unwrap();
    for command in [
        "encode small --data new --out z.npy",
        "reconstruct small --data new --out new.png",
    ] {
        bench.succeed(&format!("{command} --device cpu"));
    }
    let told = bench.succeed("eval small --k 3 --device cpu");
    assert!(told.contains("12"), "{told}");
    let info = bench.json("data info photos --json");
    assert_eq!(info["classes"][1]["name"], "dog");
    assert_eq!(info["notes"].as_array().unwrap().len(), 3);
    bench.succeed("data prepare photos --cover 16x24 --out set.npy");
    let told = bench.succeed("data info set.npy --labels set-labels.npy");
    assert!(
        told.contains("[3, 16, 24], u8") && told.contains("2 classes"),
        "{told}"
    );
    // --size is for images in arrays, too.
    std::fs::write(bench.path("wide.npy"), floats(&[12, 20, 30])).unwrap();
    let told = bench.succeed(&format!(
        "train --data wide.npy --size 10 {QUICK} --out wide"
    ));
    assert!(told.contains("shape [1, 10, 10]"), "{told}");
    bench.refuse("train --data photos --size 0", &["data.size is 0"]);
}

#[test]
fn sixteen_bits_and_damaged_files_in_a_folder() {
    let bench = TestDir::new();
    std::fs::create_dir(bench.path("deep")).unwrap();
    for i in 0..12_u16 {
        let values = (0..36).flat_map(|at| (i * 5000 + at).to_be_bytes());
        let (colour, depth) = (png::ColorType::Grayscale, png::BitDepth::Sixteen);
        let content = png([6, 6], colour, depth, &values.collect::<Vec<_>>());
        std::fs::write(bench.path(&format!("deep/{i}.png")), content).unwrap();
    }
    let info = bench.succeed("data info deep");
    assert!(
        info.contains("values from 0 to 55035") && info.contains("16 bits a channel"),
        "{info}"
    );
    bench.succeed(&format!(
        "train --data deep --hidden 8 {QUICK} --quiet --out run"
    ));
    let whole = bench.bytes("deep/1.png");
    std::fs::write(bench.path("deep/1.png"), &whole[..whole.len() - 20]).unwrap();
    std::fs::write(bench.path("deep/2.jpg"), b"").unwrap();
    bench.refuse(
        "train --data deep",
        &[
            "deep: 1.png in it is damaged or cut short",
            "so are 2.jpg: replace or remove it",
        ],
    );
}
