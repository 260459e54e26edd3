//! Kernels that are timed once: `nrae doctor --tune`, and what runs make of it.

use crate::test_dir::TestDir;
use std::path::PathBuf;

/// A folder with a cache of its own and a small configuration.
struct Bench(TestDir);

const CONFIG: &str = "method = \"nrae-q\"\n[data]\nsynthetic = \"swiss-roll-official\"\n[net]\nhidden = [16]\nlatent = 1\n\
                      [train]\nbatch = 8\nepochs = 6\nschedule = \"constant\"\nwarm_start = \"none\"\n[neighbours]\nk = 3\n";

impl Bench {
    fn new() -> Self {
        let bench = TestDir::new();
        std::fs::write(bench.path("small.toml"), CONFIG).unwrap();
        Self(bench)
    }

    /// Standard output and standard error of a run that succeeds.
    fn told(&self, arguments: &str) -> [String; 2] {
        let mut command = self.0.command(arguments);
        command.env("NRAE_CACHE", self.0.path("cache"));
        let output = command.output().unwrap();
        let texts = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{arguments}: {}", texts[1]);
        texts
    }

    fn json(&self, arguments: &str) -> serde_json::Value {
        serde_json::from_str(&self.told(arguments)[0]).unwrap()
    }

    /// The table on disk.
    fn table(&self) -> PathBuf {
        let mut files = std::fs::read_dir(self.0.path("cache")).unwrap();
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        files
            .find_map(|file| {
                Some(file.unwrap().path()).filter(|path| name(path).starts_with("tiles_"))
            })
            .expect("there is a table")
    }
}

#[test]
fn runs_keep_the_kernels_that_they_began_with() {
    let bench = Bench::new();
    let train = |out: &str, epochs: usize| {
        let arguments = format!("train small.toml --device gpu --epochs {epochs} --out {out}");
        bench.told(&arguments)[0].clone()
    };
    assert!(!train("before", 3).contains("Kernels:"));
    let tuned = bench.json("doctor --tune small.toml --json");
    let products = tuned["products"].as_array().unwrap();
    assert!(products.len() > 5, "{tuned}");
    for product in products {
        assert_eq!(product["wrong"].as_array().unwrap().len(), 0, "{product}");
        let time = |of: &str| product[of]["microseconds"].as_f64().unwrap();
        assert!(
            0.0 < time("chosen") && time("chosen") <= time("by_shape"),
            "{product}"
        );
        assert!(product["candidates"].as_u64().unwrap() > 1, "{product}");
    }
    let path = bench.table();
    assert_eq!(tuned["table"].as_str().unwrap(), path.to_str().unwrap());

    let line = format!(
        "ernels: tiles of {} products as timed by `nrae doctor --tune` (table {})",
        products.len(),
        tuned["sum"].as_str().unwrap()
    );
    assert!(train("whole", 6).contains(&line));
    assert!(train("part", 3).contains(&line));
    let config =
        |run: &str| String::from_utf8(bench.0.bytes(&format!("{run}/config.toml"))).unwrap();
    assert!(config("part").contains(&line));
    let result = bench.0.bytes("part/result.json");
    let result: serde_json::Value = serde_json::from_slice(&result).unwrap();
    assert!(line.ends_with(result["kernels"].as_str().unwrap()));

    // Another table, and none.
    let text = std::fs::read_to_string(&path).unwrap();
    let mut table: serde_json::Value = serde_json::from_str(&text).unwrap();
    for product in table["products"].as_array_mut().unwrap() {
        product["family"] = "register".into();
        product["tile"] = "16x64".into();
    }
    std::fs::write(&path, table.to_string()).unwrap();
    let resumed = bench.told("resume part --epochs 6 --device gpu");
    assert!(resumed[0].contains(&line), "{}", resumed[0]);
    assert!(config("part").contains(&line));
    assert!(bench.0.bytes("part/model.safetensors") == bench.0.bytes("whole/model.safetensors"));
    let resumed = bench.told("resume before --epochs 6 --device gpu");
    assert!(!resumed[0].contains("Kernels:"), "{}", resumed[0]);
    let other = train("other", 3);
    assert!(
        other.contains("Kernels: ") && !other.contains(&line),
        "{other}"
    );

    // What is no table is said, and costs nothing else.
    std::fs::write(&path, "{").unwrap();
    let [out, warning] = bench.told("train small.toml --device gpu --epochs 3 --out last");
    assert!(!out.contains("Kernels:"), "{out}");
    assert!(
        warning.contains("is no table of timed kernels"),
        "{warning}"
    );
}

#[test]
fn what_cannot_be_tuned_is_refused() {
    let bench = TestDir::new();
    bench.refuse(
        "doctor --tune mpl",
        &["`mpl` is neither a configuration", "toy, mlp"],
    );
    bench.refuse("doctor --tune missing.toml", &["missing.toml"]);
    assert_eq!(bench.run("doctor --adapter 0").status.code(), Some(2));
}

#[test]
fn shaders_of_minimal_filtering_have_tiles_of_their_own() {
    let bench = TestDir::new();
    let text = bench.succeed("shader convolve_filtered --tile filtered-16x32");
    assert!(text.contains("const PRODUCT_ROWS: u32 = 16u;") && text.contains("let m22 = pairs["));
    bench.refuse(
        "shader convolve_filtered --tile 32x32",
        &[
            "convolve_filtered has no tile 32x32",
            "filtered-32x32, filtered-16x32",
        ],
    );
    bench.refuse(
        "shader convolve_filtered --family register",
        &["no form in the family register", "choose tiled"],
    );
    let mut command = bench.command("gradcheck --device gpu");
    let output = command.env("NRAE_FILTERING", "maybe").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("NRAE_FILTERING is `maybe`, but it can be `off` or `always`"),
        "{told}"
    );
}

#[test]
fn shaders_that_move_no_vectors_say_so() {
    let bench = TestDir::new();
    let vectors = |arguments: &str| {
        let text = bench.succeed(&format!("shader {arguments} --vectors"));
        assert!(text.contains("alias Values = vec4<f32>"), "{arguments}");
    };
    vectors("linear");
    vectors("activate --family register");
    for refused in [
        "linear --family register",
        "linear --family subgroup",
        "convolve",
    ] {
        bench.refuse(
            &format!("shader {refused} --vectors"),
            &["moves value by value", "leave out --vectors"],
        );
    }
}
