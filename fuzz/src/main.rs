//! One input of libFuzzer, given to the reader that the environment variable `NRAE_READER` names. A
//! reader must end with what it has read or with an error: a panic is a fault, and so is taking memory
//! beyond [`Allowance`].

#![no_main]

mod allowance;

use allowance::Allowance;
use libfuzzer_sys::fuzz_target;
use nrae::data::{ReadOptions, Values, read_array, read_dataset, read_integers, read_labels};
use nrae::model::Model;
use nrae::reproduce::Experiment;
use nrae::train::{Config, State};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

#[global_allocator]
static ALLOWANCE: Allowance = Allowance;

fuzz_target!(|bytes: &[u8]| {
    let folder = folder();
    let pictures = ["image", "zip", "tar"].contains(&reader());
    Allowance::begin(bytes.len(), pictures);
    match reader() {
        "model" => drop(Model::from_bytes(bytes, Path::new("model.safetensors"))),
        "checkpoint" => drop(State::from_bytes(bytes, Path::new("state.safetensors"))),
        "config" => read_config(bytes),
        "experiment" => {
            write(&folder.join("fuzzed.toml"), bytes);
            let _ = Experiment::all(Some(folder));
        }
        // Whatever its name says, its first bytes decide.
        "image" if pixels(bytes) <= MOST_PIXELS => {
            write(&folder.join("x.png"), bytes);
            read_samples(folder);
        }
        "image" => {}
        // As `npy`, in a process that maps every array (`NRAE_MAP_FROM`).
        name => {
            let ending = if name == "mapped" { "npy" } else { name };
            let path = folder.join(format!("x.{ending}"));
            write(&path, bytes);
            read_samples(&path);
            let _ = (read_array(&path), read_labels(&path), read_integers(&path));
        }
    }
    Allowance::end();
});

/// Pixels of an image that is decoded. A lossless WebP of one colour has 38 bytes, however large it is, and a large one takes
/// this slow program as long as a fault would.
const MOST_PIXELS: u32 = 1 << 20;

/// Pixels that a lossless WebP claims, 0 of other images.
fn pixels(bytes: &[u8]) -> u32 {
    let chunk = bytes.windows(4).position(|name| name == b"VP8L");
    // Behind the chunk's name, its length and a byte 0x2f are 14 bits of each side, less one.
    let sides = chunk.and_then(|at| bytes.get(at + 9..at + 13)?.try_into().ok());
    sides.map_or(0, |sides| {
        let sides = u32::from_le_bytes(sides);
        ((sides & 0x3fff) + 1) * ((sides >> 14 & 0x3fff) + 1)
    })
}

/// The reader that is wanted: how the names of its files end, or what it reads.
fn reader() -> &'static str {
    static READER: OnceLock<String> = OnceLock::new();
    READER.get_or_init(|| std::env::var("NRAE_READER").expect("NRAE_READER names a reader"))
}

/// A folder for the files of this process.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let name = format!("nrae-fuzz-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    })
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

/// Samples as they are read without options; what comes must be whole.
fn read_samples(path: &Path) {
    if let Ok(reading) = read_dataset(path, &ReadOptions::default()) {
        let data = reading.data;
        let read = match &data.values {
            Values::Bytes(values) => values.whole().len(),
            Values::Floats(values) => values.whole().len(),
            Values::Doubles(values) => values.whole().len(),
        };
        assert_eq!(data.samples * data.features(), read);
        assert!(
            data.labels
                .is_none_or(|labels| labels.len() == data.samples)
        );
    }
}

/// A configuration, and the network and objective that it describes.
fn read_config(bytes: &[u8]) {
    let Ok(config) = std::str::from_utf8(bytes)
        .map_err(drop)
        .and_then(|text| toml::from_str::<Config>(text).map_err(drop))
    else {
        return;
    };
    let _ = (
        config.method(),
        config.objective(),
        config.network(&[3], false),
    );
    toml::to_string(&config).expect("what was read can be written");
}
