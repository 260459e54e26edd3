//! Several processes that share the runs of one folder: each run is made once, that of a process which was
//! lost again, and the results are those of one process.

use crate::SMALL;
use crate::reproduce;
use crate::test_dir::TestDir;
use serde_json::Value;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a process may take to come as far as is waited for, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// A search whose first run takes longer than all others.
fn search(out: &str) -> String {
    format!(
        "search --data x.csv --validation 0.2 {SMALL} --over epochs=4000,3,5 --seeds 1,2 --over lr=1e-3,1e30 --out {out}"
    )
}

/// A process that ends with its test at the latest.
struct Process(Option<Child>);

impl Process {
    fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(Some(command.spawn().unwrap()))
    }

    fn ends_well(mut self) -> String {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

fn start(bench: &TestDir, arguments: &str) -> Process {
    Process::start(bench.command(arguments))
}

/// Waits until the folder `out` has a file whose name begins with `name`.
fn wait_for(bench: &TestDir, out: &str, name: &str) {
    let is_there = || {
        let entries = std::fs::read_dir(bench.path(out)).into_iter().flatten();
        let mut names = entries.flatten().map(|entry| entry.file_name());
        names.any(|other| other.to_string_lossy().starts_with(name))
    };
    let start = Instant::now();
    while !is_there() {
        assert!(start.elapsed() < PATIENCE, "{out} has no {name}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The runs of a search as they stand in its file, without the seconds that they took.
fn trials(bench: &TestDir, out: &str) -> Vec<String> {
    let text = String::from_utf8(bench.bytes(&format!("{out}/results.jsonl"))).unwrap();
    let line = |line: &str| {
        let mut trial: Value = serde_json::from_str(line).unwrap();
        trial["seconds"] = 0.into();
        trial.to_string()
    };
    text.lines().map(line).collect()
}

/// Both searches have left the same, and nothing else.
fn same(bench: &TestDir, one: &str, other: &str) {
    assert_eq!(trials(bench, one), trials(bench, other));
    for file in ["table.md", "best.toml", "settings.toml"] {
        let [one, other] = [one, other].map(|out| bench.bytes(&format!("{out}/{file}")));
        assert!(one == other, "{file}");
    }
    let files = |out: &str| {
        let entries = std::fs::read_dir(bench.path(out)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(files(one), files(other));
}

#[test]
fn processes_make_every_run_of_a_search_once() {
    let bench = TestDir::new();
    let told = bench.succeed(&search("alone"));
    assert_eq!(trials(&bench, "alone").len(), 12);
    let both = [(); 3].map(|()| start(&bench, &search("shared")));
    for process in both {
        // Each waits for the others, and knows all.
        assert_eq!(process.ends_well(), told);
    }
    same(&bench, "alone", "shared");
    // Nothing is left to be made.
    bench.succeed(&search("shared"));
    same(&bench, "alone", "shared");
}

/// On a software driver, which trains runs side by side when it is told to.
#[test]
fn processes_that_train_side_by_side_take_their_parts() {
    let bench = TestDir::new();
    let search = |out: &str| {
        format!(
            "search --data x.csv --validation 0.2 --k 3 --batch 10 --epochs 3 --over hidden=[8],[6] --over lr=1e-3,1e-2 --seeds 1,2 \
             --at-once 4 --device gpu --quiet --out {out}"
        )
    };
    bench.succeed(&search("alone"));
    let both = ["0", "1"].map(|number| {
        let mut command = bench.command(&search("shared"));
        command
            .env("SLURM_STEP_NUM_TASKS", "2")
            .env("SLURM_PROCID", number);
        Process::start(command)
    });
    both.into_iter()
        .for_each(|process| drop(process.ends_well()));
    same(&bench, "alone", "shared");
}

#[test]
fn the_run_of_a_process_that_was_lost_is_made_by_another_and_by_a_later_call() {
    let bench = TestDir::new();
    bench.succeed(&search("alone"));
    let lost = start(&bench, &search("shared"));
    wait_for(&bench, "shared", ".nrae-claim-");
    let other = start(&bench, &search("shared"));
    // The second process has made a run while the first makes its own.
    wait_for(&bench, "shared", "results.jsonl");
    drop(lost);
    other.ends_well();
    same(&bench, "alone", "shared");

    let lost = start(&bench, &search("later"));
    wait_for(&bench, "later", ".nrae-claim-");
    drop(lost);
    bench.succeed(&search("later"));
    same(&bench, "alone", "later");
}

#[test]
fn runs_of_other_settings_or_data_do_not_come_into_a_search() {
    let bench = TestDir::new();
    let search = |more: &str| {
        format!("search --data x.csv --validation 0.2 {SMALL} --seeds 1 --out s {more}")
    };
    let endless = start(&bench, &search("--over lr=0.1 --epochs 100000000"));
    wait_for(&bench, "s", ".nrae-claim-");
    let differs = [
        "s is of runs with other settings",
        "train.epochs was 100000000 and is 2",
        "another --out",
    ];
    bench.refuse(&search("--over lr=0.1 --epochs 2"), &differs);
    drop(endless);
    // No run of them is there, so that nothing can be mistaken.
    bench.succeed(&search("--over lr=0.1 --epochs 2"));
    bench.refuse(
        &search("--over lr=0.1 --epochs 3"),
        &["train.epochs was 2 and is 3"],
    );
    assert_eq!(trials(&bench, "s").len(), 1);
    // What is tried is no setting of all, and neither is the seed.
    bench.succeed(&search("--over lr=0.1,0.2 --epochs 2 --lr 0.5 --seed 7"));
    assert_eq!(trials(&bench, "s").len(), 2);
    // Data of the same name may be others.
    let old = bench.bytes("x.csv");
    let swapped: Vec<u8> = old
        .iter()
        .map(|&byte| if byte == b'1' { b'2' } else { byte })
        .collect();
    std::fs::write(bench.path("x.csv"), swapped).unwrap();
    let same = search("--over lr=0.1 --epochs 2");
    bench.refuse(
        &same,
        &[
            "s is of runs with other",
            "the data of data.train have changed",
        ],
    );
    std::fs::write(bench.path("x.csv"), old).unwrap();
    bench.succeed(&same);
    std::fs::write(bench.path("s/settings.toml"), "train = 3 4").unwrap();
    bench.refuse(
        &search("--over lr=0.1 --epochs 2"),
        &["s/settings.toml is damaged"],
    );
}

/// Where starters tell a process that it is one of several, it needs no MPI for this.
#[test]
fn one_of_the_processes_that_are_started_together_prints() {
    let bench = TestDir::new();
    let search = |out: &str, over: &str| {
        format!(
            "search --data x.csv --validation 0.2 --hidden 8 --k 3 --epochs 3 --device cpu --over {over} --out {out}"
        )
    };
    let starters = [
        ["SLURM_STEP_NUM_TASKS", "SLURM_PROCID"],
        ["OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"],
    ];
    for (out, [size, rank]) in ["slurm", "mpi"].into_iter().zip(starters) {
        let run = |number: &str, over: &str| {
            let mut command = bench.command(&search(out, over));
            let output = command.env(size, "2").env(rank, number).output().unwrap();
            let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
            (output.status.code(), said)
        };
        let silent = || [String::new(), String::new()];
        assert_eq!(run("1", "lr=1e-2,1e-3"), (Some(0), silent()));
        assert_eq!(trials(&bench, out).len(), 6);
        let (status, [told, _]) = run("0", "lr=1e-2,1e-3");
        assert!(
            status == Some(0) && told.contains("Processes: 2, each of which makes"),
            "{told}"
        );
        assert!(told.contains("| train.lr=0.01 |"), "{told}");
        // What is wrong for all is said by one, and what a process meets by itself.
        assert_eq!(run("1", "lamda=1"), (Some(2), silent()));
        let (status, [_, errors]) = run("1", "k=300");
        assert!(
            status == Some(2) && errors.starts_with("nrae: rank 1: "),
            "{errors}"
        );
    }
}

#[test]
fn processes_make_every_run_of_an_experiment_once() {
    let bench = reproduce::bench(|text| text.replace("epochs = 2", "epochs = 300"));
    // Without what the clock has measured, and how many trained side by side: two processes share them out.
    let runs = |out: &str| {
        let entries = std::fs::read_dir(bench.path(out).join("runs")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let json = |path: std::path::PathBuf| -> Value {
            let mut run: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            (run["seconds"], run["at_once"]) = (0.into(), 0.into());
            let measures = run["measures"].as_object_mut().unwrap();
            measures.retain(|name, _| !name.ends_with("seconds"));
            run
        };
        let runs = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        let mut runs: Vec<Value> = runs.map(json).collect();
        runs.sort_by_key(ToString::to_string);
        runs
    };
    let made = |told: &str| told.lines().filter(|line| line.contains("\"key\"")).count();
    let shared = reproduce::RUN.replace("--out out", "--out shared");
    bench.succeed(reproduce::RUN);
    let told = [(); 2]
        .map(|()| start(&bench, &shared))
        .map(Process::ends_well)
        .concat();
    assert_eq!((made(&told), runs("shared").len()), (6, 6), "{told}");
    assert_eq!(runs("shared"), runs("out"));

    let shared = reproduce::RUN.replace("--out out", "--out lost");
    let lost = start(&bench, &shared);
    wait_for(&bench, "lost/runs", ".nrae-claim-");
    let other = start(&bench, &shared);
    drop(lost);
    other.ends_well();
    assert_eq!(runs("lost"), runs("out"));
}
