//! Arrays that stay in their files: whatever is done with them has the result that it has with
//! arrays in memory.

use crate::SMALL;
use crate::tables::npy;
use crate::test_dir::TestDir;
use std::io::{Read, Write};
use std::process::{Output, Stdio};

const SAMPLES: usize = 90;
const FEATURES: usize = 18;

/// Samples near a curve, not scaled.
fn samples() -> Vec<f32> {
    let value = |sample: usize, feature: usize| {
        let t = sample as f32 * 0.07;
        3.0 + (t * (1.0 + feature as f32 * 0.11)).sin() * (1.0 + feature as f32)
    };
    (0..SAMPLES)
        .flat_map(|sample| (0..FEATURES).map(move |feature| value(sample, feature)))
        .collect()
}

/// A folder with the samples as f32, as f64 with high bytes first, as bytes and as images with their
/// channels last, and with labels.
fn bench() -> TestDir {
    let bench = TestDir::new();
    let values = samples();
    let shape = format!("({SAMPLES}, {FEATURES})");
    let singles: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    // f32 would not hold what varies.
    let far = |v: &f32| (f64::from(*v) * 1e-3 + 1e4).to_be_bytes();
    let doubles: Vec<u8> = values.iter().flat_map(far).collect();
    let bytes: Vec<u8> = values.iter().map(|v| (v * 4.0 + 100.0) as u8).collect();
    let labels: Vec<u8> = (0..SAMPLES).map(|sample| (sample % 3) as u8).collect();
    bench.write("single.npy", npy("<f4", false, &shape, &singles));
    bench.write("double.npy", npy(">f8", false, &shape, &doubles));
    bench.write("bytes.npy", npy("|u1", false, &shape, &bytes));
    let images = format!("({SAMPLES}, 3, 2, 3)");
    bench.write("images.npy", npy("<f4", false, &images, &singles));
    bench.write("byte-images.npy", npy("|u1", false, &images, &bytes));
    bench.write(
        "labels.npy",
        npy("|u1", false, &format!("({SAMPLES},)"), &labels),
    );
    bench
}

/// Runs `arguments` with every array mapped, or with none.
fn run(bench: &TestDir, mapped: bool, arguments: &str) -> Output {
    let from = if mapped { "1" } else { "999999999" };
    let mut command = bench.command(arguments);
    command.env("NRAE_MAP_FROM", from).output().unwrap()
}

/// The standard output of a command that succeeds.
fn succeed(bench: &TestDir, mapped: bool, arguments: &str) -> Vec<u8> {
    let output = run(bench, mapped, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments}: {said}");
    output.stdout
}

/// What a run has measured: its metrics, and its result without when and how it was started.
fn measured(bench: &TestDir, run: &str) -> (String, serde_json::Value) {
    let mut result: serde_json::Value =
        serde_json::from_slice(&bench.bytes(&format!("{run}/result.json"))).unwrap();
    for key in ["command", "date", "seconds", "out", "files"] {
        result.as_object_mut().unwrap().remove(key);
    }
    let lines = bench.bytes(&format!("{run}/metrics.jsonl"));
    (String::from_utf8(lines).unwrap(), result)
}

/// Trains with data in memory as `memory-AT` and with mapped ones as `mapped-AT`: the same comes of it.
fn trains_alike(bench: &TestDir, at: usize, arguments: &str) {
    for (name, mapped) in [("memory", false), ("mapped", true)] {
        let train = format!("train --epochs 3 {SMALL} --seed 4 {arguments} --out {name}-{at}");
        succeed(bench, mapped, &train);
    }
    let [memory, mapped] = ["memory", "mapped"].map(|name| format!("{name}-{at}"));
    let model = |run: &str| bench.bytes(&format!("{run}/model.safetensors"));
    assert!(model(&memory) == model(&mapped), "{arguments}");
    assert_eq!(
        measured(bench, &memory),
        measured(bench, &mapped),
        "{arguments}"
    );
}

#[test]
fn models_of_mapped_samples_have_the_bytes_of_those_in_memory() {
    let bench = bench();
    for (at, arguments) in [
        "--data single.npy --method ae",
        "--data single.npy --labels labels.npy --method nrae-l --k 5 --test 0.2",
        "--data single.npy --method nrae-q --k 5 --scaling unit --data-memory-mib 0",
        "--data single.npy --method ae --scaling none --validation 0 --limit 50",
        "--data double.npy --method ae",
        "--data double.npy --method ae --scaling standardise --data-memory-mib 0",
        "--data bytes.npy --labels labels.npy --method ae --data-memory-mib 0",
        "--data images.npy --layout nhwc --method ae",
        "--data byte-images.npy --method nrae-l --k 4 --scaling unit-global",
        "--data single.npy --labels labels.npy --method nrae-l --k 4 --data-memory-mib 0 --device gpu",
        "--data bytes.npy --method ae --device gpu",
    ]
    .into_iter()
    .enumerate()
    {
        trains_alike(&bench, at, arguments);
    }
}

/// The rows of an `.npy` whose header has `header` bytes, cut into parts behind each of `cuts`.
fn cut(bench: &TestDir, file: &str, kind: &str, width: usize, cuts: &[usize]) -> String {
    let whole = bench.bytes(file);
    let row = width * kind[2..].parse::<usize>().unwrap();
    let data = &whole[whole.len() - SAMPLES * row..];
    let folder = format!("{file}-parts");
    std::fs::create_dir(bench.path(&folder)).unwrap();
    let ends = cuts.iter().copied().chain([SAMPLES]);
    for (at, (begin, end)) in std::iter::once(0)
        .chain(cuts.iter().copied())
        .zip(ends)
        .enumerate()
    {
        let shape = match width {
            1 => format!("({},)", end - begin),
            _ => format!("({}, {width})", end - begin),
        };
        // As numbers, 10 comes last, and as text second.
        let number = [1, 2, 3, 10][at];
        let part = npy(kind, false, &shape, &data[begin * row..end * row]);
        bench.write(&format!("{folder}/part-{number}.npy"), part);
    }
    folder
}

#[test]
fn models_of_parts_have_the_bytes_of_those_of_one_file() {
    let bench = bench();
    for (file, kind, width) in [
        ("single.npy", "<f4", FEATURES),
        ("double.npy", ">f8", FEATURES),
        ("bytes.npy", "|u1", FEATURES),
        ("labels.npy", "|u1", 1),
    ] {
        cut(&bench, file, kind, width, &[40, 40, 61]);
    }
    for (at, arguments) in [
        "--data single.npy --labels labels.npy --method nrae-l --k 5 --test 0.2",
        "--data double.npy --method ae --data-memory-mib 0",
        "--data bytes.npy --labels labels.npy --method nrae-q --k 5 --set train.shuffle_buffer=40",
        "--data single.npy --method ae --set train.shuffle_buffer=9 --data-memory-mib 0",
    ]
    .into_iter()
    .enumerate()
    {
        let train = format!("train --epochs 3 {SMALL} --seed 4 {arguments}");
        let [one, parts, pattern] = ["one", "parts", "pattern"].map(|name| format!("{name}-{at}"));
        succeed(&bench, false, &format!("{train} --out {one}"));
        let folder = train.replace(".npy", ".npy-parts");
        succeed(&bench, false, &format!("{folder} --out {parts}"));
        let all = train.replace(".npy", ".npy-parts/*-*.npy");
        succeed(&bench, false, &format!("{all} --out {pattern}"));
        for other in [&parts, &pattern] {
            let model = |run: &str| bench.bytes(&format!("{run}/model.safetensors"));
            assert!(model(&one) == model(other), "{arguments}");
            assert_eq!(
                without_names(measured(&bench, &one)),
                without_names(measured(&bench, other)),
                "{arguments}"
            );
        }
    }
    let all = format!("train --epochs 1 {SMALL} --data single.npy-parts/part-*.npy --method ae");
    succeed(&bench, false, &all);
    assert!(
        bench
            .path("runs/single-ae")
            .join("model.safetensors")
            .exists()
    );
}

/// An archive of PNG with labels.
fn archive(bench: &TestDir, name: &str, samples: std::ops::Range<usize>) {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content).unwrap();
    };
    for sample in samples {
        let pixels: Vec<u8> = (0..3 * 36).map(|at| (sample * 5 + at * at) as u8).collect();
        let path = bench.path("picture.png");
        nrae::data::write_png(&path, &pixels, [3, 6, 6]).unwrap();
        let png = std::fs::read(&path).unwrap();
        add(&format!("{sample:03}.png"), &png);
        add(
            &format!("{sample:03}.cls"),
            (sample % 4).to_string().as_bytes(),
        );
    }
    bench.write(name, builder.into_inner().unwrap());
}

#[test]
fn models_of_images_in_archives_have_the_bytes_of_those_in_memory() {
    let bench = bench();
    std::fs::create_dir(bench.path("shards")).unwrap();
    archive(&bench, "shards/s-0.tar", 0..50);
    archive(&bench, "shards/s-1.tar", 50..SAMPLES);
    for (at, arguments) in [
        "--data shards --method ae --data-memory-mib 0",
        "--data shards/*.tar --method nrae-l --k 5 --test 0.2 --set train.shuffle_buffer=30",
        "--data shards/s-1.tar --method ae --size 4",
    ]
    .into_iter()
    .enumerate()
    {
        trains_alike(&bench, at, arguments);
    }
    for arguments in [
        "data info shards --json",
        "eval mapped-0 --data shards --json --device cpu",
    ] {
        let [memory, mapped] = [false, true].map(|mapped| succeed(&bench, mapped, arguments));
        assert_eq!(
            String::from_utf8_lossy(&memory),
            String::from_utf8_lossy(&mapped),
            "{arguments}"
        );
    }
}

/// What was measured, without what the data are called.
fn without_names((lines, mut result): (String, serde_json::Value)) -> (String, serde_json::Value) {
    for key in ["data", "data_path"] {
        result.as_object_mut().unwrap().remove(key);
    }
    (lines, result)
}

#[test]
fn a_buffer_gives_another_order_and_a_resumed_run_the_same_bytes() {
    let bench = bench();
    let train = |more: &str| {
        let train = format!(
            "train --data single.npy --method nrae-l --k 4 --schedule constant {SMALL} {more}"
        );
        succeed(&bench, true, &train);
    };
    train("--epochs 4 --out whole");
    train("--epochs 4 --out buffered --set train.shuffle_buffer=30");
    train("--epochs 2 --out resumed --set train.shuffle_buffer=30");
    succeed(
        &bench,
        true,
        "resume resumed --epochs 4 --device cpu --quiet",
    );
    let model = |run: &str| bench.bytes(&format!("{run}/model.safetensors"));
    assert!(model("whole") != model("buffered"));
    assert!(model("resumed") == model("buffered"));
    let refused = run(
        &bench,
        true,
        "train --data single.npy --out none --set train.shuffle_buffer=0",
    );
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("train.shuffle_buffer is 0"), "{said}");
}

#[test]
fn what_a_model_makes_of_mapped_samples_is_the_same() {
    let bench = bench();
    let rows =
        (0..200_u8).flat_map(|row| [0, 1, 2].map(|at| row % 9 * (row.wrapping_mul(7 + at) >> 3)));
    let rows: Vec<u8> = rows.collect();
    bench.write("zeros.npy", npy("|u1", false, "(200, 3)", &rows));
    succeed(
        &bench,
        true,
        &format!("train --data single.npy --method nrae-q --k 5 --epochs 2 {SMALL} --out run"),
    );
    for arguments in [
        "encode run --data single.npy --out OUT.npy --device cpu",
        "reconstruct run --data single.npy --out OUT.npy --device cpu",
        "knn --data single.npy --k 4 --out OUT.npy",
        "knn --data byte-images.npy --k 4 --out OUT.npy",
        "knn --data single.npy --k 4 --graph approximate --scaling standardise --out OUT.npy",
        "knn --data double.npy --k 4 --metric cosine --out OUT.npy",
        "knn --data images.npy --k 4 --metric cosine --graph approximate --out OUT.npy",
        "knn --data zeros.npy --k 4 --metric cosine --out OUT.npy",
        "knn --data zeros.npy --k 4 --metric cosine --graph approximate --out OUT.npy",
        "data prepare images.npy --layout nhwc --grey --out OUT.npy",
        "data prepare double.npy --draw 20 --out OUT.npy",
        "data prepare bytes.npy --draw 20 --out OUT.npy",
    ] {
        for (name, mapped) in [("memory", false), ("mapped", true)] {
            succeed(&bench, mapped, &arguments.replace("OUT", name));
        }
        assert!(
            bench.bytes("memory.npy") == bench.bytes("mapped.npy"),
            "{arguments}"
        );
        for name in ["memory.npy", "mapped.npy"] {
            std::fs::remove_file(bench.path(name)).unwrap();
        }
    }
    for arguments in [
        "eval run --data single.npy --json --device cpu",
        "data info double.npy --json",
        "data info images.npy --layout nhwc --json",
    ] {
        let [memory, mapped] = [false, true].map(|mapped| succeed(&bench, mapped, arguments));
        assert_eq!(
            String::from_utf8_lossy(&memory),
            String::from_utf8_lossy(&mapped),
            "{arguments}"
        );
    }
}

#[test]
fn mapped_samples_that_cannot_be_used_are_refused_with_their_place() {
    let bench = bench();
    let refusal = |arguments: &str| {
        let [memory, mapped] = [false, true].map(|mapped| {
            let output = run(&bench, mapped, arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments}");
            String::from_utf8(output.stderr).unwrap()
        });
        assert_eq!(memory, mapped, "{arguments}");
        mapped
    };
    let train = |file: &str| format!("train --data {file} --epochs 1 {SMALL} --out none");
    for (name, kind, size) in [("single", "<f4", 4), ("double", ">f8", 8)] {
        let file = format!("{name}.npy");
        let whole = bench.bytes(&file);
        let header = whole.len() - SAMPLES * FEATURES * size;
        let mut hole = whole.clone();
        let at = header + (71 * FEATURES + 6) * size;
        let nan: Vec<u8> = match kind {
            "<f4" => f32::NAN.to_le_bytes().to_vec(),
            _ => f64::NAN.to_be_bytes().to_vec(),
        };
        hole[at..at + size].copy_from_slice(&nan);
        bench.write("hole.npy", hole);
        let said = refusal(&train("hole.npy"));
        assert!(said.contains("NaN in sample 71 (feature 6)"), "{said}");
        bench.write("short.npy", &whole[..whole.len() - 5]);
        let said = refusal(&train("short.npy"));
        assert!(said.contains("short.npy is cut short"), "{said}");
    }
    bench.write("complex.npy", npy("<c8", false, "(10, 1)", &[0; 80]));
    refusal(&train("complex.npy"));
    let output = bench
        .command(&train("single.npy"))
        .env("NRAE_MAP_FROM", "1 GB")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("NRAE_MAP_FROM is `1 GB`"), "{said}");
}

#[test]
fn where_copies_on_disk_find_no_room_a_sentence_says_what_to_do() {
    let bench = bench();
    for arguments in [
        format!("train --data single.npy --method nrae-l --k 4 --epochs 1 {SMALL} --out none"),
        "knn --data single.npy --k 4 --out none.npy".to_owned(),
    ] {
        let mut command = bench.command(&arguments);
        command.env("NRAE_MAP_FROM", "1").env("TMPDIR", "no/folder");
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {said}");
        assert!(
            said.contains("a working copy of the data takes 0.0 GiB in no/folder")
                && said.contains("TMPDIR"),
            "{said}"
        );
    }
}

/// What a run of the given data says that ends with exit status 2 after `change`, which is made while it
/// trains.
fn said_after(bench: &TestDir, data: &str, change: impl FnOnce()) -> String {
    let train = format!("train {data} --method ae --epochs 100000000 {SMALL} --json --out run");
    let mut command = bench.command(&train);
    command.env("NRAE_MAP_FROM", "1");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 32]).unwrap();
    change();
    std::io::copy(&mut out, &mut std::io::sink()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    std::fs::remove_dir_all(bench.path("run")).unwrap();
    said
}

#[test]
fn an_archive_that_is_written_over_ends_its_run_with_a_sentence() {
    let bench = bench();
    std::fs::create_dir(bench.path("shards")).unwrap();
    archive(&bench, "shards/s-0.tar", 0..50);
    for memory in ["", "--data-memory-mib 0"] {
        archive(&bench, "shards/s-1.tar", 50..SAMPLES);
        let length = bench.bytes("shards/s-1.tar").len();
        // In place: the mapping shows what is written.
        let said = said_after(&bench, &format!("--data shards {memory}"), || {
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .open(bench.path("shards/s-1.tar"));
            file.as_mut().unwrap().write_all(&vec![7; length]).unwrap();
        });
        let known = said.contains("s-1.tar") && said.contains("has changed since");
        assert!(known, "{said}");
    }
}

/// As `numpy.save` does with a file of the same name: it is emptied, then written.
#[cfg(target_os = "linux")]
#[test]
fn an_array_that_is_saved_again_ends_its_run_with_a_sentence() {
    let bench = bench();
    let content = bench.bytes("single.npy");
    let write = |rest: &[u8]| std::fs::write(bench.path("single.npy"), rest).unwrap();
    for memory in ["", "--data-memory-mib 0"] {
        // Cut short while it is read, and whole again before it is.
        for saved in [&[][..], &content] {
            write(&content);
            let said = said_after(&bench, &format!("--data single.npy {memory}"), || {
                write(saved)
            });
            let known = said.contains("single.npy") && said.contains("has changed since");
            assert!(known, "{said}");
        }
    }
}
