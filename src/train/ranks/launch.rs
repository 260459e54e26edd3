//! Whether this process was started as one of several.

use super::{Alone, Ranks};
use crate::error::{Error, Result};
use std::sync::Arc;

/// Environment variables in which starters of MPI programs say how many processes there are, each with
/// that of the process's own number: Open MPI; MPICH, Intel's and Slurm's PMI-2.
const MPI: [[&str; 2]; 2] = [
    ["OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"],
    ["PMI_SIZE", "PMI_RANK"],
];

/// The same of Slurm's `srun`, whether it knows of MPI or not.
const SLURM: [&str; 2] = ["SLURM_STEP_NUM_TASKS", "SLURM_PROCID"];

/// Those of the process's number on its machine: Open MPI; MPICH and Intel's; Slurm.
const LOCAL: [&str; 3] = [
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "MPI_LOCALRANKID",
    "SLURM_LOCALID",
];

/// The place of a process among those that were started with it, as its environment tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// How many processes there are.
    pub size: usize,
    /// The number of this one, from 0 on.
    pub rank: usize,
    /// Its number among those on its machine.
    pub local_rank: usize,
    /// Whether they can reach each other by MPI.
    by_mpi: bool,
}

impl Launch {
    /// That of this process.
    pub fn of_this_process() -> Self {
        Self::told(|name| std::env::var(name).ok())
    }

    /// What the environment tells; `variable` gives the value of one of its variables.
    fn told(variable: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name: &str| variable(name)?.parse::<usize>().ok();
        let of = |[size, rank]: [&str; 2], by_mpi| {
            let size = number(size).filter(|size| *size > 1)?;
            let rank = number(rank)?;
            let local_rank = LOCAL.into_iter().find_map(number).unwrap_or(rank);
            Some(Self {
                size,
                rank,
                local_rank,
                by_mpi,
            })
        };
        // Slurm's PMIx gives numbers alone.
        let by_pmix = || of(["SLURM_NTASKS", "PMIX_RANK"], true);
        let found = MPI.into_iter().find_map(|names| of(names, true));
        let found = found.or_else(by_pmix).or_else(|| of(SLURM, false));
        found.unwrap_or(Self {
            size: 1,
            rank: 0,
            local_rank: 0,
            by_mpi: false,
        })
    }

    /// Whether this is the process that prints.
    pub fn leads(&self) -> bool {
        self.rank == 0
    }

    /// The processes that this one can reach; [`Alone`] where there are none. MPI ends when the last
    /// reference is gone, before which all must have come that far.
    ///
    /// # Errors
    /// When there are several processes and the program was built without MPI, or with another one than
    /// has started it.
    pub fn join(&self) -> Result<Arc<dyn Ranks>> {
        match self.by_mpi {
            true => connect(self.size),
            false => Ok(Arc::new(Alone)),
        }
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
    fn a_process_has_the_place_that_open_mpi_mpich_and_slurm_tell_it() {
        let of = |given: &[(&str, &str)]| {
            let value = |name: &str| {
                let found = given.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let Launch {
                size,
                rank,
                local_rank,
                by_mpi,
            } = Launch::told(value);
            (size, rank, local_rank, by_mpi)
        };
        let open_mpi = [
            ("OMPI_COMM_WORLD_SIZE", "4"),
            ("OMPI_COMM_WORLD_RANK", "2"),
            ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
            ("SLURM_LOCALID", "0"),
        ];
        assert_eq!(of(&open_mpi), (4, 2, 1, true));
        assert_eq!(of(&[("PMI_SIZE", "3"), ("PMI_RANK", "0")]), (3, 0, 0, true));
        let pmix = [("SLURM_NTASKS", "8"), ("PMIX_RANK", "5")];
        assert_eq!(of(&pmix), (8, 5, 5, true));
        let srun = [
            ("SLURM_NTASKS", "8"),
            ("SLURM_STEP_NUM_TASKS", "8"),
            ("SLURM_PROCID", "5"),
            ("SLURM_LOCALID", "1"),
        ];
        assert_eq!(of(&srun), (8, 5, 1, false));
        let alone = (1, 0, 0, false);
        assert_eq!(of(&pmix[..1]), alone, "a job's own script is one process");
        assert_eq!(of(&[("OMPI_COMM_WORLD_SIZE", "1")]), alone);
        assert_eq!(of(&[]), alone);
    }
}
