//! What cannot be used is told in a sentence, and changes nothing.

use crate::SMALL;
use crate::test_dir::TestDir;

/// Every command line, behind `command`, is refused with a sentence of these parts and writes none
/// of the files that it would.
fn refused(bench: &TestDir, command: &str, table: &[(&str, &[&str])]) {
    for (arguments, parts) in table {
        let arguments = format!("{command}{arguments}");
        bench.refuse(&arguments, parts);
        for file in ["new", "z.npy", "g.npy"] {
            assert!(!bench.path(file).exists(), "{arguments} wrote {file}");
        }
    }
}

fn write(bench: &TestDir, files: &[(&str, &[u8])]) {
    for (name, content) in files {
        std::fs::write(bench.path(name), content).unwrap();
    }
}

/// Samples with values beyond those of a sigmoid.
const BIG: (&str, &[u8]) = ("big.csv", b"0,5\n300,2\n40,6\n");

#[test]
fn data_to_train_on() {
    let bench = TestDir::new();
    // An .npy of complex numbers.
    let header = b"{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2), }                                \n";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header);
    npy.extend([0; 32]);
    write(
        &bench,
        &[
            ("ragged.csv", b"1,2\n3\n"),
            ("nan.csv", b"1,2\n3,nan\n"),
            ("words.csv", b"a,b\n1,2\n3,four\n"),
            ("complex.npy", &npy),
            BIG,
        ],
    );
    refused(
        &bench,
        &format!("train {SMALL} --out new "),
        &[
            (
                "--data none.npy",
                &["there is no file none.npy", "NRAE_DATA"],
            ),
            (
                "--data complex.npy",
                &["complex.npy", "real numbers are needed", "astype"],
            ),
            ("--data ragged.csv", &["ragged.csv is ragged", "line 2"]),
            ("--data words.csv", &["words.csv", "`four`", "line 3"]),
            (
                "--data nan.csv --missing drop",
                &["train.batch is 10", "only 1 training samples"],
            ),
            (
                "--data big.csv --scaling none --set net.output=sigmoid --k 1 --batch 1",
                &["300", "sigmoid", "data.scaling"],
            ),
        ],
    );
}

#[test]
fn settings_of_a_run() {
    let bench = TestDir::new();
    write(
        &bench,
        &[
            ("typo.toml", b"[neighbours]\nlamda = 1.0\n"),
            ("broken.toml", b"seed = \n"),
        ],
    );
    refused(
        &bench,
        &format!("train {SMALL} --out new "),
        &[
            (
                "--data x.csv --k 40",
                &["k is 40", "40 samples", "choose k from 1 to 39"],
            ),
            ("--data x.csv --latent 0", &["net.latent is 0"]),
            (
                "--data x.csv --batch 41",
                &["train.batch is 41", "40 training samples"],
            ),
            (
                "typo.toml --data x.csv",
                &["typo.toml", "`lamda`", "did you mean `lambda`"],
            ),
            ("broken.toml --data x.csv", &["broken.toml", "line 1"]),
            (
                "--data x.csv --set lamda=1",
                &[
                    "unknown key `lamda`",
                    "`lambda`, which is `neighbours.lambda`",
                ],
            ),
            (
                "--data x.csv --set umap=1",
                &["unknown key `umap`", "--help"],
            ),
            ("--data x.csv --set latent=0", &["net.latent is 0"]),
            ("x.csv", &["did you mean --data x.csv?"]),
            ("digits", &["did you mean --data digits?"]),
            ("none.toml", &["there is no configuration none.toml"]),
            (
                "--data x.csv --hidden 64 32",
                &["did you mean --hidden 64,32?"],
            ),
            ("--data x.csv --lambda -1", &["--lambda is -1"]),
            ("--data x.csv --lr -1", &["--lr is -1"]),
            (
                "--data x.csv --validation 10",
                &["--validation is 10", "0.1 holds out a tenth"],
            ),
            (
                "--data x.csv --method umap",
                &["no method `umap`", "`nrae methods` lists all"],
            ),
            ("--data digits", &["NRAE_DATA"]),
            ("--data x.csv --set k", &["has no `=`"]),
            (
                "--data x.csv --method vea",
                &["no method `vea`", "did you mean `vae`?"],
            ),
            ("", &["no data to train on", "--data"]),
            (
                "--data x.csv --precision f16",
                &["the CPU multiplies in f32", "--device gpu"],
            ),
        ],
    );
}

#[test]
fn models_and_folders() {
    let bench = TestDir::new();
    bench.succeed(&format!("train --data x.csv --epochs 1 {SMALL} --out run"));
    let model = bench.bytes("run/model.safetensors");
    write(
        &bench,
        &[("cut.safetensors", &model[..model.len() - 7]), BIG],
    );
    bench.refuse(
        &format!("train {SMALL} --data x.csv --out run"),
        &["run already holds a run", "--overwrite"],
    );
    refused(
        &bench,
        "",
        &[
            (
                "encode cut.safetensors --data x.csv --out z.npy",
                &["cut.safetensors is damaged, cut short"],
            ),
            (
                "encode run --data big.csv --out z.npy",
                &["big.csv", "[2]", "[3]"],
            ),
            (
                "decode run --latents x.csv --out z.npy",
                &["x.csv has the shape [40, 3]", "[N, 2]"],
            ),
            ("resume nowhere", &["nowhere is no run folder"]),
            ("eval nowhere", &["nowhere"]),
            ("knn --data x.csv --k 0 --out g.npy", &["k is 0"]),
        ],
    );
    assert_eq!(bench.bytes("run/model.safetensors"), model);
}

#[test]
fn measurements_of_speed() {
    let bench = TestDir::new();
    refused(
        &bench,
        "",
        &[
            (
                "bench step --workload huge",
                &["no workload `huge`", "mlp-elu"],
            ),
            (
                "bench gemm --seconds nan",
                &["--seconds is NaN", "from 0 to"],
            ),
            (
                "bench step --seconds inf",
                &["--seconds is inf", "from 0 to"],
            ),
            (
                "bench conv --only cube",
                &["conv contains `cube`", "convolve_weight_adjoint"],
            ),
            ("bench jet --adapter no-such-gpu", &["no-such-gpu"]),
            (
                "bench knn --precision f16",
                &["neighbours are found in f32", "leave out --precision"],
            ),
            (
                "bench knn --data x.csv --limit 15",
                &["k is 15", "15 samples"],
            ),
            ("bench knn --data none.npy", &["there is no file none.npy"]),
            (
                "bench knn --features 0",
                &["10000 samples of 0 features", "at least 1"],
            ),
            (
                "bench knn --samples 9999999999999 --features 9999999999999",
                &["do not fit into memory"],
            ),
        ],
    );
}

#[test]
fn without_an_adapter_gpu_is_refused_and_auto_takes_the_cpu() {
    let bench = TestDir::new();
    let with = |device: &str| {
        let mut command = bench.command(&format!(
            "train --data x.csv --epochs 1 --k 3 --device {device} --out {device}"
        ));
        command
            .env("VK_DRIVER_FILES", "/nonexistent.json")
            .env("VK_ICD_FILENAMES", "/nonexistent.json");
        command.output().unwrap()
    };
    let refused = with("gpu");
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        message.contains("no GPU adapter was found") && message.contains("--device cpu"),
        "{message}"
    );
    assert!(!bench.path("gpu").exists());
    let taken = with("auto");
    assert!(
        taken.status.success() && String::from_utf8_lossy(&taken.stdout).contains("Device: CPU")
    );
}
