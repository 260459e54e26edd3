//! Whether this process was started as one of several.

use super::{Alone, Ranks};
use crate::error::{Error, Result};
use std::sync::Arc;

/// Environment variables in which starters of MPI programs say how many processes there are, each with
/// that of the process's own number: Open MPI; MPICH, Intel's and Slurm's PMI-2; Slurm's PMIx.
const COUNTS: [(&str, &str); 2] = [
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("PMI_SIZE", "PMI_RANK"),
];

/// How many processes `mpirun` or its like has started with this one, and the number of this one;
/// `None` where it was started alone. `variable` gives the value of an environment variable.
fn started(variable: impl Fn(&str) -> Option<String>) -> Option<(usize, usize)> {
    let number = |name: &str| variable(name)?.parse::<usize>().ok();
    let counted = COUNTS.into_iter().find_map(|(size, rank)| {
        let size = number(size)?;
        Some((size, number(rank).unwrap_or(0)))
    });
    // Slurm's PMIx gives numbers alone.
    let by_slurm = || Some((number("SLURM_NTASKS")?, number("PMIX_RANK")?));
    counted.or_else(by_slurm).filter(|(size, _)| *size > 1)
}

/// The processes that this one was started with, by `mpirun` or its like; [`Alone`] where there are
/// none. MPI ends when the last reference is gone, before which all must have come that far.
///
/// # Errors
/// When there are several processes and the program was built without MPI, or with another one than
/// has started it. The number of this process tells which of them prints that.
pub fn join() -> std::result::Result<Arc<dyn Ranks>, (usize, Error)> {
    match started(|name| std::env::var(name).ok()) {
        None => Ok(Arc::new(Alone)),
        Some((size, rank)) => connect(size).map_err(|error| (rank, error)),
    }
}

#[cfg(not(feature = "mpi"))]
fn connect(size: usize) -> Result<Arc<dyn Ranks>> {
    Err(Error::input(format!(
        "this is one of {size} processes that MPI has started, but nrae was built without MPI, and they would all write the same \
         files: build it with `cargo build --release --features mpi`, or start one process"
    )))
}

#[cfg(feature = "mpi")]
fn connect(size: usize) -> Result<Arc<dyn Ranks>> {
    let Some(mpi) = super::mpi::Mpi::start() else {
        return Err(Error::input(
            "the library of MPI allows one thread only: build nrae with one that allows several (MPI_THREAD_SERIALIZED)",
        ));
    };
    if mpi.size() != size {
        return Err(Error::input(format!(
            "{size} processes were started, but the library of MPI that nrae was built with sees {}: start them with the `mpirun` \
             of that library",
            mpi.size()
        )));
    }
    Ok(Arc::new(mpi))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_counted_as_open_mpi_mpich_and_slurm_tell_them() {
        let of = |given: &[(&str, &str)]| {
            let value = |name: &str| {
                let found = given.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            started(value)
        };
        let open_mpi = [("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_RANK", "2")];
        assert_eq!(of(&open_mpi), Some((4, 2)));
        assert_eq!(of(&[("PMI_SIZE", "3"), ("PMI_RANK", "0")]), Some((3, 0)));
        let slurm = [("SLURM_NTASKS", "8"), ("PMIX_RANK", "5")];
        assert_eq!(of(&slurm), Some((8, 5)));
        assert_eq!(of(&slurm[..1]), None, "a job's own script is one process");
        assert_eq!(of(&[("OMPI_COMM_WORLD_SIZE", "1")]), None);
        assert_eq!(of(&[]), None);
    }
}
