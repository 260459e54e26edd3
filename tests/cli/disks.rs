//! What the system refuses or takes away while a run goes on: room on the disk, memory, its folder.
#![cfg(unix)]

use crate::SMALL;
use crate::test_dir::TestDir;
use std::io::Read;
use std::process::{Command, Output, Stdio};

/// Runs `arguments` after `limit`, a command of the shell.
fn limited(bench: &TestDir, limit: &str, arguments: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.current_dir(bench.folder.path());
    shell.args(["-c", &format!("{limit}; exec \"$@\""), "sh"]);
    shell.arg(env!("CARGO_BIN_EXE_nrae"));
    shell
        .args(arguments.split_whitespace())
        .env("RAYON_NUM_THREADS", "1")
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap()
}

/// The one sentence of a command that ended with exit status 2.
fn sentence(output: &Output, what: &str) -> String {
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{what}: {message}");
    let mut sentences = message.lines().filter(|line| line.starts_with("nrae: "));
    let sentence = sentences
        .next()
        .unwrap_or_else(|| panic!("{what}: {message}"));
    assert!(sentences.next().is_none(), "{what}: {message}");
    for sign in ["panicked", "backtrace"] {
        assert!(!message.contains(sign), "{what}: {message}");
    }
    sentence.to_owned()
}

const TRAIN: &str = "train --data x.csv --schedule constant";

#[test]
fn a_model_that_is_exported_to_its_own_folder_stays() {
    let bench = TestDir::new();
    bench.succeed(&format!("{TRAIN} --epochs 1 {SMALL} --out run"));
    let model = bench.bytes("run/model.safetensors");
    for out in ["run", "./run", "other"] {
        bench.succeed(&format!("export run --format pytorch --out {out}"));
        assert_eq!(bench.bytes(&format!("{out}/model.safetensors")), model);
    }
    assert_eq!(bench.bytes("run/model.safetensors"), model);
}

#[test]
fn a_quota_that_is_used_up_leaves_the_checkpoint() {
    let bench = TestDir::new();
    for run in ["whole", "run"] {
        bench.succeed(&format!("{TRAIN} --epochs 3 {SMALL} --out {run}"));
    }
    bench.succeed("resume whole --epochs 6 --device cpu --quiet");
    let resume = "resume run --epochs 6 --device cpu --quiet";
    for blocks in 0..4 {
        let output = limited(&bench, &format!("ulimit -f {blocks}"), resume);
        let said = sentence(&output, &format!("{blocks} blocks"));
        assert!(
            said.contains("run/") && said.contains("File too large"),
            "{said}"
        );
    }
    bench.succeed(resume);
    for file in [
        "model.safetensors",
        "metrics.jsonl",
        "checkpoint/state.safetensors",
    ] {
        let [run, whole] = ["run", "whole"].map(|run| bench.bytes(&format!("{run}/{file}")));
        assert!(run == whole, "{file}");
    }
}

/// Kibibytes that the program needs before it begins, which depends on how it was built.
#[cfg(target_os = "linux")]
fn least_memory(bench: &TestDir) -> u64 {
    let fits = |kibibytes: &u64| {
        let output = limited(bench, &format!("ulimit -v {kibibytes}"), "methods");
        output.status.success()
    };
    (1..1000).map(|step| step * 8192).find(fits).unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn memory_that_is_used_up_is_a_sentence() {
    let bench = TestDir::new();
    bench.succeed(&format!("{TRAIN} --epochs 3 {SMALL} --out run"));
    let state = bench.bytes("run/checkpoint/state.safetensors");
    let least = least_memory(&bench);
    let wide = "train --data x.csv --hidden 1500,1500 --k 3 --batch 10 --epochs 1 --device cpu --quiet --overwrite --out run";
    for step in 0..5 {
        let limit = format!("ulimit -v {}", least + step * 8192);
        let output = limited(&bench, &limit, wide);
        let said = sentence(&output, &limit);
        assert!(said.contains("memory"), "{limit}: {said}");
    }
    // The run that was there is as it was, since the new one has not begun.
    assert_eq!(bench.bytes("run/checkpoint/state.safetensors"), state);
    bench.succeed("resume run --epochs 4 --device cpu --quiet");
}

/// Resumed with more and more room, until there is enough: whatever came before, in whatever place, the
/// checkpoint was left whole.
#[test]
#[cfg(target_os = "linux")]
fn a_run_that_memory_ends_goes_on_from_its_checkpoint() {
    let bench = TestDir::new();
    let train = "train --data x.csv --hidden 600,600 --k 3 --batch 10 --device cpu --quiet --epochs 2 --out";
    for run in ["whole", "run"] {
        bench.succeed(&format!("{train} {run}"));
    }
    let resume = "resume run --epochs 4 --device cpu --quiet";
    bench.succeed(&resume.replace("run", "whole"));
    let (least, mut refused) = (least_memory(&bench), 0);
    for step in 0.. {
        let limit = format!("ulimit -v {}", least + step * 8192);
        let output = limited(&bench, &limit, resume);
        if output.status.success() {
            break;
        }
        let said = sentence(&output, &limit);
        assert!(said.contains("memory"), "{limit}: {said}");
        refused += 1;
    }
    assert!(refused > 1, "{refused}");
    for file in [
        "model.safetensors",
        "metrics.jsonl",
        "checkpoint/state.safetensors",
    ] {
        let [run, whole] = ["run", "whole"].map(|run| bench.bytes(&format!("{run}/{file}")));
        assert!(run == whole, "{file}");
    }
}

/// An array of more bytes than the process may have for itself is trained on where it lies.
#[test]
#[cfg(target_os = "linux")]
fn a_set_larger_than_memory_is_trained_on() {
    let bench = TestDir::new();
    // 256 MiB, of which the disk holds the header.
    let header = format!(
        "{:<117}\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (16384, 4096), }"
    );
    let start = [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes()].concat();
    std::fs::write(bench.path("large.npy"), start).unwrap();
    let file = std::fs::File::options()
        .write(true)
        .open(bench.path("large.npy"));
    file.unwrap().set_len(128 + (256 << 20)).unwrap();
    let train = "train --data large.npy --method ae --scaling none --hidden 2 --validation 0 --data-memory-mib 1 --device cpu --epochs 1 --quiet --out";
    // 234 MiB.
    let limit = "ulimit -d 240000";
    let output = limited(&bench, limit, &format!("{train} run"));
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_folder_that_is_removed_is_not_made_again() {
    let bench = TestDir::new();
    for renamed in [false, true] {
        let arguments = format!("{TRAIN} --epochs 100000000 {SMALL} --json --out run");
        let mut command = bench.command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 32]).unwrap();
        if renamed {
            std::fs::rename(bench.path("run"), bench.path("moved")).unwrap();
        } else {
            std::fs::remove_dir_all(bench.path("run")).unwrap();
        }
        let killed = Command::new("kill").arg(child.id().to_string()).status();
        assert!(killed.unwrap().success());
        // Its lines are read to the end, so that it can write them.
        std::io::copy(&mut out, &mut std::io::sink()).unwrap();
        let said = sentence(&child.wait_with_output().unwrap(), "without its folder");
        assert!(said.contains("removed or renamed"), "{said}");
        assert!(!bench.path("run").exists());
    }
    bench.succeed("resume moved --epochs 2 --device cpu --quiet");
}

#[test]
fn places_where_nothing_can_be_written_are_refused() {
    let bench = TestDir::new();
    std::fs::write(bench.path("file"), "").unwrap();
    for out in ["file", "file/run", "/dev/null/run"] {
        bench.refuse(&format!("{TRAIN} --epochs 1 {SMALL} --out {out}"), &[out]);
    }
    bench.succeed(&format!("{TRAIN} --epochs 1 {SMALL} --out run"));
    for command in [
        "encode run --data x.csv --out file/z.npy",
        "export run --format onnx --out file",
        "knn --data x.csv --k 3 --out file/graph.npy",
        "explore run --out file/page.html",
    ] {
        bench.refuse(command, &["file"]);
    }
}
