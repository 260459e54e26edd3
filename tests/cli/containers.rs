//! Files that hold arrays or tables of many kinds, as Python and MATLAB write them: those of
//! `tests/data/containers`, all with the same 24 samples of 4 features.

use crate::test_dir::TestDir;

/// The path of a file that `tests/data/containers/make.py` wrote.
fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/containers");
    format!("{folder}/{name}")
}

/// The samples of all files.
fn samples() -> Vec<f32> {
    let text = include_str!("../data/containers/X.csv");
    let fields = text.split(['\n', ',']).filter(|field| !field.is_empty());
    fields.map(|field| field.parse().unwrap()).collect()
}

/// The same without the negative ones.
fn positive() -> Vec<f32> {
    samples().into_iter().map(|value| value.max(0.0)).collect()
}

fn values(path: &str) -> Vec<f32> {
    let array = nrae::data::read_array(path.as_ref()).unwrap();
    array.values.to_floats()
}

#[test]
fn sparse_matrices_are_made_dense_and_it_is_said() {
    let bench = TestDir::new();
    for layout in ["csr", "csc", "coo"] {
        let path = fixture(&format!("{layout}.npz"));
        let output = bench.run(&format!("data info {path} --json"));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(
            told.contains("is sparse (") && told.contains("made dense"),
            "{told}"
        );
        let info: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&info["samples"], &info["shape"][0]),
            (&24.into(), &4.into())
        );
        assert_eq!(values(&path), positive(), "{layout}");
    }
    let huge = [
        "huge.npz is a sparse matrix of 1000000 x 1000000",
        "3725.3 GiB when made dense",
    ];
    bench.refuse(&format!("data info {}", fixture("huge.npz")), &huge);
    let blocks = ["format `bsr`: save matrix.tocsr() instead"];
    bench.refuse(&format!("data info {}", fixture("bsr.npz")), &blocks);
}

#[cfg(not(feature = "hdf5"))]
#[test]
fn a_build_without_hdf5_says_how_to_build_one_with_it() {
    let bench = TestDir::new();
    for name in [
        "named.h5",
        "dense.h5ad",
        "v73.mat",
        "groups.h5:deep/down/points",
    ] {
        let parts = [
            "is HDF5, which this build",
            "`make build-all`",
            "--features hdf5",
        ];
        bench.refuse(&format!("train --data {}", fixture(name)), &parts);
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_how_to_build_one_with_it() {
    let bench = TestDir::new();
    for name in ["snappy.parquet", "lz4.feather", "stream.arrow"] {
        let parts = [
            ", which this build",
            "`make build-all`",
            "--features parquet",
        ];
        bench.refuse(&format!("train --data {}", fixture(name)), &parts);
    }
}

/// The names of the classes, each with its number of samples.
#[cfg(any(feature = "hdf5", feature = "parquet"))]
fn classes(bench: &TestDir, arguments: &str) -> Vec<(String, u64)> {
    let info = bench.json(&format!("data info {arguments} --json"));
    let class = |class: &serde_json::Value| {
        let name = class["name"].as_str().map(str::to_owned);
        let name = name.unwrap_or_else(|| class["label"].to_string());
        (name, class["samples"].as_u64().unwrap())
    };
    info["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(class)
        .collect()
}

#[cfg(any(feature = "hdf5", feature = "parquet"))]
fn eight_each(names: [&str; 3]) -> Vec<(String, u64)> {
    names.map(|name| (name.to_owned(), 8)).to_vec()
}

/// Trains on a file, encodes it and evaluates it.
#[cfg(any(feature = "hdf5", feature = "parquet"))]
fn goes_round(bench: &TestDir, name: &str) {
    let (path, small) = (fixture(name), crate::SMALL);
    bench.succeed(&format!(
        "train --data {path} --epochs 2 {small} --overwrite --out run"
    ));
    bench.succeed(&format!(
        "encode run --data {path} --out z.npy --device cpu"
    ));
    let codes = nrae::data::read_array(&bench.path("z.npy")).unwrap();
    assert_eq!(codes.shape, [24, 2], "{name}");
    bench.succeed(&format!("eval run --data {path} --device cpu"));
    assert!(bench.path("run/plots/latent.png").exists(), "{name}");
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::*;

    #[test]
    fn tables_are_read_with_their_text_as_labels() {
        let bench = TestDir::new();
        let names = [
            "snappy.parquet",
            "zstd.parquet",
            "lz4.feather",
            "stream.arrow",
            "categories.parquet",
        ];
        for name in names {
            let path = fixture(name);
            assert_eq!(values(&path), samples(), "{name}");
            assert_eq!(
                classes(&bench, &path),
                eight_each(["a", "b", "c"]),
                "{name}"
            );
        }
        for name in ["snappy.parquet", "lz4.feather"] {
            goes_round(&bench, name);
        }
        let told = bench
            .run(&format!("data info {}", fixture("categories.parquet")))
            .stderr;
        let told = String::from_utf8(told).unwrap();
        for column in [
            "has text in `note`",
            "day (Timestamp",
            "__index_level_0__ (names of rows)",
        ] {
            assert!(told.contains(column), "{told}");
        }
        // The labels alone, beside the samples of another file.
        let labels = format!(
            "{} --labels {}",
            fixture("X.csv"),
            fixture("snappy.parquet")
        );
        assert_eq!(classes(&bench, &labels).len(), 3);
    }

    #[test]
    fn lists_of_numbers_are_vectors() {
        let bench = TestDir::new();
        let path = fixture("lists.parquet");
        assert_eq!(values(&path), samples());
        assert_eq!(classes(&bench, &path), eight_each(["0", "1", "2"]));
    }

    #[test]
    fn what_must_be_chosen_or_is_missing_is_named() {
        let bench = TestDir::new();
        let texts = fixture("texts.parquet");
        assert_eq!(classes(&bench, &texts), eight_each(["a", "b", "c"]));
        let told = String::from_utf8(bench.run(&format!("data info {texts}")).stderr).unwrap();
        assert!(
            told.contains("has text in `two` (such as `x`), left out"),
            "{told}"
        );
        assert_eq!(
            classes(&bench, &format!("{texts} --label-column two")).len(),
            1
        );
        let parts = ["no column `three`", "p, q, r, s, one, two"];
        bench.refuse(&format!("data info {texts} --columns p,three"), &parts);
        let info = bench.json(&format!("data info {texts}:p,r --json"));
        assert_eq!(info["shape"][0], 2);
        for (missing, rows) in [("--missing drop", 22), ("--missing mean", 24), ("", 24)] {
            let missing = format!("{} {missing}", fixture("missing.parquet"));
            assert_eq!(
                bench.json(&format!("data info {missing} --json"))["samples"],
                rows
            );
        }
    }
}

#[cfg(feature = "hdf5")]
mod hdf5 {
    use super::*;

    #[test]
    fn datasets_are_found_by_their_usual_names_or_chosen() {
        let bench = TestDir::new();
        for part in ["", ":train", ":x_train"] {
            let path = fixture(&format!("named.h5{part}"));
            assert_eq!(values(&path), samples(), "{part}");
            assert_eq!(classes(&bench, &path), eight_each(["0", "1", "2"]));
        }
        assert_eq!(values(&fixture("named.h5:test")), samples()[..24]);
        for part in ["deep/down/points", "/deep/down/packed", "halves"] {
            assert_eq!(
                values(&fixture(&format!("groups.h5:{part}"))),
                samples(),
                "{part}"
            );
        }
        let above: Vec<f32> = samples()
            .iter()
            .map(|&v| f32::from(u8::from(v > 0.0)))
            .collect();
        assert_eq!(values(&fixture("groups.h5:above")), above);
        for part in ["kinds", "fixed"] {
            let labels = format!(
                "{} --labels {}:{part}",
                fixture("X.csv"),
                fixture("groups.h5")
            );
            assert_eq!(classes(&bench, &labels).len(), 3, "{part}");
        }
        let listed = ["groups.h5", "deep/down/points", "kinds", "FILE:NAME"];
        bench.refuse(&format!("data info {}", fixture("groups.h5")), &listed);
        let listed = ["no array `none`", "deep/down/points"];
        bench.refuse(&format!("data info {}:none", fixture("groups.h5")), &listed);
        let parts = ["holds text in the dataset kinds"];
        bench.refuse(&format!("data info {}:kinds", fixture("groups.h5")), &parts);
        bench.refuse(
            &format!("data info {}", fixture("records.h5")),
            &["no array of numbers"],
        );
        goes_round(&bench, "named.h5");
    }

    #[test]
    fn matlab_73_is_read_as_version_5_is() {
        let bench = TestDir::new();
        assert_eq!(values(&fixture("v73.mat")), samples());
        assert_eq!(
            classes(&bench, &fixture("v73.mat")),
            eight_each(["0", "1", "2"])
        );
        bench.refuse(
            &format!("data info {}:z", fixture("v73.mat")),
            &["no array `z`: it holds X, y"],
        );
        goes_round(&bench, "v73.mat");
    }

    #[test]
    fn annotated_matrices_bring_the_kinds_of_their_cells() {
        let bench = TestDir::new();
        for (name, expected) in [
            ("dense", samples()),
            ("csr", positive()),
            ("csc", positive()),
        ] {
            let path = fixture(&format!("{name}.h5ad"));
            assert_eq!(values(&path), expected, "{name}");
            assert_eq!(
                classes(&bench, &path),
                eight_each(["a", "b", "c"]),
                "{name}"
            );
        }
        let path = fixture("csr.h5ad");
        let pca: Vec<f32> = samples()
            .chunks(4)
            .flat_map(|row| row[..2].to_vec())
            .collect();
        for part in ["obsm/X_pca", "X_pca"] {
            assert_eq!(values(&format!("{path}:{part}")), pca, "{part}");
        }
        let batches = format!("{path} --labels {path}:batch");
        assert_eq!(classes(&bench, &batches).len(), 2);
        let batches = format!("{path} --label-column batch");
        assert_eq!(classes(&bench, &batches).len(), 2);
        let told = String::from_utf8(bench.run(&format!("data info {path}")).stderr).unwrap();
        assert!(
            told.contains("has its labels in obs/cell_type; --label-column takes batch"),
            "{told}"
        );
        assert!(
            told.contains("holds X sparse (54.2 % entries), made dense"),
            "{told}"
        );
        let parts = ["no matrix `obsm/none`", "X, obsm/X_pca"];
        bench.refuse(&format!("data info {path}:obsm/none"), &parts);
        let parts = ["no column `none` in obs", "batch, cell_type"];
        bench.refuse(&format!("data info {path} --labels {path}:none"), &parts);
        goes_round(&bench, "dense.h5ad");
        goes_round(&bench, "csc.h5ad");
    }
}
