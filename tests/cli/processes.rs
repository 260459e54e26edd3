//! One of several processes that MPI has started, of a program without MPI. `scripts/test-mpi` has the
//! others.

#![cfg(not(feature = "mpi"))]

use crate::SMALL;
use crate::test_dir::TestDir;

#[test]
fn processes_that_know_nothing_of_each_other_write_nothing_and_one_says_why() {
    let bench = TestDir::new();
    for (size, rank) in [
        ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
        ("PMI_SIZE", "PMI_RANK"),
    ] {
        for number in ["0", "1"] {
            let mut command = bench.command(&format!(
                "train --synthetic swiss-roll --epochs 1 {SMALL} --out run"
            ));
            let output = command.env(size, "2").env(rank, number).output().unwrap();
            assert_eq!(output.status.code(), Some(2));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let sentence =
                "one of 2 processes that MPI has started, but nrae was built without MPI";
            assert_eq!(said.contains(sentence), number == "0", "{said}");
            assert_eq!(said.is_empty(), number == "1", "{said}");
            assert!(!bench.path("run").exists());
        }
    }
}
