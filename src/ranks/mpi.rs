//! Ranks that MPI has started.

use super::Ranks;
use mpi::environment::{Threading, Universe, initialize_with_threading};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};
use std::sync::Mutex;

/// Bytes that are sent at once, at most: MPI counts in 32 bits.
const MOST_BYTES: usize = 1 << 30;

/// All processes of an `mpirun`. MPI ends with it.
pub(super) struct Mpi {
    universe: Universe,
    rank: usize,
    size: usize,
    local_rank: usize,
    /// Calls are made one at a time, which is all that is asked of the library.
    turn: Mutex<()>,
}

impl Mpi {
    /// Starts MPI; `None` where that has been done, or the library allows only one thread.
    pub(super) fn start() -> Option<Self> {
        let (universe, threading) = initialize_with_threading(Threading::Serialized)?;
        let world = universe.world();
        let local_rank = world.split_shared(world.rank()).rank() as usize;
        (threading >= Threading::Serialized).then(|| Self {
            rank: world.rank() as usize,
            size: world.size() as usize,
            local_rank,
            universe,
            turn: Mutex::default(),
        })
    }

    /// Lets `call` have the communicator while nobody else has.
    fn in_turn(&self, call: impl FnOnce(&SimpleCommunicator)) {
        let _turn = self.turn.lock();
        call(&self.universe.world());
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        // The others wait for this process, which cannot go on: they end with it.
        if std::thread::panicking() {
            self.universe.world().abort(1);
        }
    }
}

impl Ranks for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn local_rank(&self) -> usize {
        self.local_rank
    }

    fn all_to_all(&self, own: &[f32], others: &mut [f32]) {
        assert!(own.len() == others.len() && own.len().is_multiple_of(self.size));
        self.in_turn(|world| world.all_to_all_into(own, others));
    }

    fn all_gather(&self, own: &[f32], all: &mut [f32]) {
        assert_eq!(all.len(), self.size * own.len());
        self.in_turn(|world| world.all_gather_into(own, all));
    }

    fn broadcast(&self, from: usize, bytes: &mut [u8]) {
        self.in_turn(|world| {
            for part in bytes.chunks_mut(MOST_BYTES) {
                world.process_at_rank(from as i32).broadcast_into(part);
            }
        });
    }
}
