//! The commands and the Python lines of README.md, run in their order by the binary.

#[path = "common/test_dir.rs"]
mod test_dir;

use nrae::data::read_array;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use test_dir::TestDir;

/// How the test treats a command.
enum How {
    /// Runs it with these arguments behind, which make it short.
    Run(&'static str),
    /// Leaves it out, for this reason.
    Elsewhere(&'static str),
}
use How::{Elsewhere, Run};

/// What stands in the README's blocks of shell commands, in their order.
const COMMANDS: &[(&str, How)] = &[
    ("make demo", Elsewhere("run by scripts/test-all")),
    ("make test", Elsewhere("runs this test")),
    (
        "cargo install --path . --locked",
        Elsewhere("the build of `make build`, installed for the user"),
    ),
    (
        "nrae train --data mine.npy --latent 2 --out runs/mine",
        Run("--epochs 2"),
    ),
    (
        "nrae train --data mine.npy --method ae,nrae-l,nrae-q --out runs/methods",
        Run("--epochs 2"),
    ),
    (
        "nrae compare runs/mine runs/methods/* --plot curves.png",
        Run(""),
    ),
    (
        "nrae train --data mine.npy --seeds 10 --out runs/ten",
        Run("--epochs 1 --seeds 2"),
    ),
    (
        "nrae search --data mine.npy --validation 0.1 --over k=5,10,20 --out runs/search",
        Run("--epochs 1 --seeds 1"),
    ),
    ("nrae runs", Run("")),
    ("nrae data list", Run("")),
    (
        "nrae data fetch mnist",
        Elsewhere("needs the network; tests/download.rs"),
    ),
    ("nrae data info mnist:test --picture test.png", Run("")),
    (
        "nrae train --data mnist --test mnist:test --limit 10000",
        Run("--epochs 1"),
    ),
    (
        "nrae train --data photos/ --net conv",
        Run("--epochs 1 --out runs/photos"),
    ),
    (
        "nrae data prepare celeba/ --crop 148 --size 64 --out celeba.npy",
        Run(""),
    ),
    (
        "nrae data prepare omniglot --size 28 --invert --out omniglot.npy",
        Run(""),
    ),
    (
        "nrae data prepare cifar10 --draw 12500 --seed 1 --out cifar10-small.npy",
        Run(""),
    ),
    (
        "nrae data make rotated mnist --class 3 --count 20 --degrees 180 --out rotated3.npy",
        Run(""),
    ),
    (
        "nrae data make rotated mnist --class 8 --images 100 --count 100 --degrees 360 --out rotated8.npy",
        Run(""),
    ),
    (
        "nrae data make shifted mnist --class 7 --out shifted7.npy",
        Run(""),
    ),
    (
        "nrae data make noisy cifar10 --deviation 0.1 --out noisy.npy",
        Run("--limit 100"),
    ),
    ("nrae explore runs/mine", Run("--field 16")),
    ("nrae eval runs/mine", Run("")),
    (
        "nrae eval runs/mine --curvature-field curvature.png",
        Run(""),
    ),
    ("nrae eval runs/mine --neighbourhood-loss", Run("")),
    ("nrae encode runs/mine --data new.npy --out z.csv", Run("")),
    ("nrae decode runs/mine --data z.csv --out x.png", Run("")),
    (
        "nrae geodesic runs/mine --from 0 --to 12 --picture path.png",
        Run(""),
    ),
    (
        "nrae interpolate runs/mine --from 0 --to 12 --out between.png",
        Run(""),
    ),
    ("nrae sample runs/mine --count 64 --out new.png", Run("")),
    (
        "nrae jets runs/mine --latents z.npy --directions dz.npy --out jets.safetensors",
        Run(""),
    ),
    (
        "nrae grad runs/mine --centres x.npy --neighbours xn.npy --out grad.safetensors",
        Run(""),
    ),
    ("nrae knn --data mine.npy --k 10 --out graph.npy", Run("")),
    (
        "nrae export runs/demo/digits/nrae-q --format pytorch",
        Run(""),
    ),
    ("nrae export runs/mine --format onnx", Run("")),
    ("nrae export runs/mine --format tensorboard", Run("")),
    ("nrae report runs/mine", Run("")),
    (
        "pip install .",
        Elsewhere("a build of the Python package; scripts/test-python"),
    ),
    (
        "python3 -c \"import nrae; from sklearn.datasets import load_digits; print(nrae.NRAE().fit(load_digits().data).score(load_digits().data))\"",
        Elsewhere("needs the Python package; scripts/test-python"),
    ),
];

/// The lines of README.md between the fences of `language`.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let open = format!("```{language}");
    let mut lines = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match line {
            "```" => inside = false,
            line if line == open => inside = true,
            line if inside => lines.push(line.to_owned()),
            _ => {}
        }
    }
    lines
}

/// The commands, without what is said of them.
fn commands() -> Vec<String> {
    let lines = blocks("sh").into_iter();
    let command = |line: String| {
        line.split(" #")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    lines.map(command).filter(|line| !line.is_empty()).collect()
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a line in `bench` as a shell does, where `nrae` is the binary.
fn shell(bench: &TestDir, line: &str) {
    let binary = Path::new(env!("CARGO_BIN_EXE_nrae"));
    let places = std::env::var_os("PATH").unwrap_or_default();
    let places =
        std::iter::once(binary.parent().unwrap().to_owned()).chain(std::env::split_paths(&places));
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .current_dir(bench.folder.path())
        .env("PATH", std::env::join_paths(places).unwrap())
        .env_remove("NRAE_DATA")
        .env_remove("NRAE_ADAPTER")
        .env_remove("NRAE_KERNELS");
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "`{line}` of README.md: {told}");
}

/// The run of `make demo` that the README exports, of one epoch.
fn write_demo(bench: &TestDir) {
    fs::create_dir_all(bench.path("data")).unwrap();
    for file in ["data/digits.npy", "data/digits-labels.npy"] {
        fs::copy(repository().join(file), bench.path(file)).unwrap();
    }
    let config = repository().join("configs/demo-digits.toml");
    bench.succeed(&format!(
        "train {} --epochs 1 --device cpu --quiet --out runs/demo/digits/nrae-q",
        config.display()
    ));
}

/// The files that the commands name as a user's own: images of 8 x 8, and photographs.
fn write_own(bench: &TestDir) {
    let part = |skip: usize, limit: usize, out: &str| {
        bench.succeed(&format!(
            "data prepare digits --skip {skip} --limit {limit} --out {out}"
        ));
    };
    part(0, 80, "mine.npy");
    for (at, name) in ["new.npy", "x.npy", "xn.npy"].into_iter().enumerate() {
        part(80 + 20 * at, 20, name);
    }
    for (folder, count, wider) in [("photos", 12, 1), ("celeba", 3, 0)] {
        fs::create_dir(bench.path(folder)).unwrap();
        for number in 0..count {
            let file = fs::File::create(bench.path(&format!("{folder}/{number}.png"))).unwrap();
            let width = 178 + wider * u32::from(number);
            write_png(file, [width, 218], png::ColorType::Rgb, number);
        }
    }
}

/// Small files where MNIST, Omniglot and CIFAR-10 are looked for.
fn write_published(bench: &TestDir) {
    for set in ["mnist", "omniglot", "cifar10"] {
        fs::create_dir_all(bench.path(&format!("data/{set}"))).unwrap();
    }
    let images = read_array(&repository().join("data/mnist5000.npy.gz")).unwrap();
    let labels = read_array(&repository().join("data/mnist5000-labels.npy")).unwrap();
    let bytes = |values: Vec<f32>| values.into_iter().map(|v| v as u8).collect::<Vec<_>>();
    let (images, labels) = (
        bytes(images.values.to_floats()),
        bytes(labels.values.to_floats()),
    );
    for (part, range) in [("train", 0..1500), ("t10k", 1500..1600)] {
        let count = (range.len() as u32).to_be_bytes();
        let side = 28_u32.to_be_bytes();
        let pixels = &images[range.start * 784..range.end * 784];
        let file = |kind: &str| bench.path(&format!("data/mnist/{part}-{kind}-ubyte"));
        let idx = [&[0, 0, 8, 3], &count[..], &side, &side, pixels].concat();
        fs::write(file("images-idx3"), idx).unwrap();
        let idx = [&[0, 0, 8, 1], &count[..], &labels[range]].concat();
        fs::write(file("labels-idx1"), idx).unwrap();
    }

    let archive = fs::File::create(bench.path("data/omniglot/images_background.zip")).unwrap();
    let mut archive = zip::ZipWriter::new(archive);
    for number in 1..=4 {
        let name = format!("images_background/Greek/character0{number}/0{number}01_01.png");
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(name, options).unwrap();
        write_png(&mut archive, [105, 105], png::ColorType::Grayscale, number);
    }
    archive.finish().unwrap();

    let archive = fs::File::create(bench.path("data/cifar10/cifar-10-binary.tar.gz")).unwrap();
    let packed = flate2::write::GzEncoder::new(archive, flate2::Compression::fast());
    let mut archive = tar::Builder::new(packed);
    for batch in 1..=5_u8 {
        let image = |number: u32| [&[(number % 10) as u8][..], &[number as u8; 3072]].concat();
        let content: Vec<u8> = (0..2500).flat_map(image).collect();
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        let name = format!("cifar-10-batches-bin/data_batch_{batch}.bin");
        archive
            .append_data(&mut header, name, &content[..])
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
}

/// A PNG whose brightness rises to the right.
fn write_png(to: impl Write, [width, height]: [u32; 2], colour: png::ColorType, number: u8) {
    let mut encoder = png::Encoder::new(to, width, height);
    encoder.set_color(colour);
    let row = (0..width).flat_map(|x| vec![(x as u8).wrapping_add(number); colour.samples()]);
    let image = row.collect::<Vec<_>>().repeat(height as usize);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&image).unwrap();
}

#[test]
fn the_commands_of_the_readme_work_one_after_the_other() {
    let known: Vec<&str> = COMMANDS.iter().map(|(command, _)| *command).collect();
    assert_eq!(
        commands(),
        known,
        "README.md has other shell commands than the test knows: add them to COMMANDS"
    );
    let bench = TestDir::new();
    write_demo(&bench);
    write_own(&bench);
    write_published(&bench);
    for (command, how) in COMMANDS {
        match how {
            Elsewhere(why) => println!("not run: {command}: {why}"),
            Run(more) => {
                if command.starts_with("nrae jets") {
                    bench.succeed("encode runs/mine --data new.npy --out z.npy");
                    fs::copy(bench.path("z.npy"), bench.path("dz.npy")).unwrap();
                }
                let start = std::time::Instant::now();
                shell(&bench, &format!("{command} {more}"));
                println!("{:.1} s: {command}", start.elapsed().as_secs_f64());
                for file in written(command) {
                    let length = fs::metadata(bench.path(file)).map(|file| file.len());
                    assert!(length.is_ok_and(|bytes| bytes > 0), "{command}: {file}");
                }
            }
        }
    }
}

/// The files that a command says it writes.
fn written(command: &str) -> Vec<&str> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let flags = ["--out", "--plot", "--picture", "--curvature-field"];
    words
        .windows(2)
        .filter(|pair| flags.contains(&pair[0]))
        .map(|pair| pair[1])
        .collect()
}

/// What the README's Python lines leave in `z`, for raw images `x`, against `nrae encode`.
const COMPARE: &str = "
import numpy
difference = numpy.abs(z.numpy() - numpy.load('z.npy')).max()
assert z.shape == (20, 8) and difference < 1e-4, (z.shape, difference)
";

#[test]
fn the_python_lines_of_the_readme_give_what_nrae_encode_gives() {
    let lines = blocks("python");
    assert!(!lines.is_empty(), "README.md has no Python lines");
    let packages = Command::new("python3")
        .args(["-c", "import torch, safetensors, numpy"])
        .output();
    if !packages.is_ok_and(|output| output.status.success()) {
        let _ = writeln!(
            std::io::stderr(),
            "NOT RUN: README.md's Python lines: python3 has no torch, safetensors and numpy"
        );
        return;
    }
    let bench = TestDir::new();
    write_demo(&bench);
    bench.succeed("data prepare digits --limit 20 --out x.npy");
    bench.succeed("encode runs/demo/digits/nrae-q --data x.npy --out z.npy --device cpu");
    bench.succeed("export runs/demo/digits/nrae-q --format pytorch");
    let before = "import numpy; x = numpy.load('x.npy').reshape(20, 8, 8)\n";
    let script = [before, &lines.join("\n"), COMPARE].concat();
    let output = Command::new("python3")
        .args(["-c", &script])
        .current_dir(bench.folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{script}: {told}");
}
