//! Ranks that are threads of one process, for tests.

use super::Ranks;
use std::sync::{Arc, Barrier, Mutex};

struct Threads {
    rank: usize,
    shared: Arc<Shared>,
}

struct Shared {
    barrier: Barrier,
    /// What each rank has to say at the moment.
    said: Mutex<Vec<Vec<u8>>>,
}

/// What `of_rank` gives for each of so many ranks, which are told of each other.
pub(crate) fn on_threads<T: Send>(
    size: usize,
    of_rank: impl Fn(Arc<dyn Ranks>) -> T + Sync,
) -> Vec<T> {
    let shared = Arc::new(Shared {
        barrier: Barrier::new(size),
        said: Mutex::new(vec![Vec::new(); size]),
    });
    std::thread::scope(|scope| {
        let rank = |rank| {
            let (shared, of_rank) = (shared.clone(), &of_rank);
            scope.spawn(move || of_rank(Arc::new(Threads { rank, shared })))
        };
        let ranks: Vec<_> = (0..size).map(rank).collect();
        let done = ranks.into_iter().map(|rank| rank.join().unwrap());
        done.collect()
    })
}

impl Threads {
    /// What all say, where this one says `own`.
    fn exchange(&self, own: &[u8]) -> Vec<Vec<u8>> {
        self.shared.said.lock().unwrap()[self.rank] = own.to_vec();
        self.shared.barrier.wait();
        let said = self.shared.said.lock().unwrap().clone();
        // Nobody goes on to say more before all have heard.
        self.shared.barrier.wait();
        said
    }
}

impl Ranks for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.shared.said.lock().unwrap().len()
    }

    fn local_rank(&self) -> usize {
        self.rank
    }

    fn all_to_all(&self, own: &[f32], others: &mut [f32]) {
        let block = own.len() / self.size();
        let said = self.exchange(bytemuck::cast_slice(own));
        for (to, from) in others.chunks_mut(block).zip(said) {
            let part = &from[4 * block * self.rank..][..4 * block];
            bytemuck::cast_slice_mut(to).copy_from_slice(part);
        }
    }

    fn all_gather(&self, own: &[f32], all: &mut [f32]) {
        let said = self.exchange(bytemuck::cast_slice(own)).concat();
        bytemuck::cast_slice_mut(all).copy_from_slice(&said);
    }

    fn broadcast(&self, from: usize, bytes: &mut [u8]) {
        let said = self.exchange(bytes);
        bytes.copy_from_slice(&said[from]);
    }
}
