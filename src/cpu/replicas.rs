//! Replicas of one network that run side by side on the CPU, each on a thread of its own.
//!
//! The passes of a small network are too short to be shared among threads: handing a part over and
//! waiting for it takes as long as computing it. A step of another network is work enough for a thread,
//! and asks for nothing in between. Threads without a replica help the others with their passes.

use super::CpuSession;
use crate::engine::{Recording, Segment, View};
use crate::error::Result;
use crate::executor::{REPLICA_MEMORY, Session};
use rayon::prelude::*;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many replicas of `recording` run at once: as many as are `wanted`, else one a thread where there
/// is memory for them.
pub(super) fn at_once(recording: &Recording, wanted: Option<usize>) -> usize {
    wanted.unwrap_or_else(|| {
        let planned = recording.with_planned_memory();
        let elements: usize = planned.buffers.iter().map(|buffer| buffer.len).sum();
        let fit = REPLICA_MEMORY / (4 * elements).max(1);
        rayon::current_num_threads().min(fit).max(1)
    })
}

/// One of several replicas: it writes and reads its own, and runs all of them.
struct Replica {
    all: Arc<Mutex<Vec<CpuSession<f32>>>>,
    number: usize,
}

/// A session of each of `recordings`. Each has buffers of its own, also those that could be shared.
///
/// # Errors
/// When there is not enough memory.
pub(super) fn sessions(recordings: &[&Recording]) -> Result<Vec<Box<dyn Session>>> {
    let sessions = recordings.iter().map(|one| CpuSession::prepare(one));
    let all = Arc::new(Mutex::new(sessions.collect::<Result<Vec<_>>>()?));
    let replica = |number| -> Box<dyn Session> {
        let all = all.clone();
        Box::new(Replica { all, number })
    };
    Ok((0..recordings.len()).map(replica).collect())
}

impl Replica {
    fn all(&self) -> MutexGuard<'_, Vec<CpuSession<f32>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session for Replica {
    fn write(&mut self, view: View, values: &[f32]) -> Result<()> {
        self.all()[self.number].write(view, values)
    }

    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()> {
        self.all()[self.number].write_u32(view, values)
    }

    fn run(&mut self, steps: usize) -> Result<()> {
        let mut all = self.all();
        all.par_iter_mut().for_each(|own| own.replay(steps));
        Ok(())
    }

    fn run_segment(&mut self, segment: Segment) -> Result<()> {
        let mut all = self.all();
        all.par_iter_mut()
            .try_for_each(|own| own.run_segment(segment))
    }

    fn read(&mut self, view: View) -> Result<Vec<f32>> {
        self.all()[self.number].read(view)
    }

    fn read_u32(&mut self, view: View) -> Result<Vec<u32>> {
        self.all()[self.number].read_u32(view)
    }

    /// The passes of the replicas run between each other, so that none has a time.
    fn profile(&mut self) -> Result<Option<Vec<Duration>>> {
        self.run(1)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Optimiser;
    use crate::net::{Activation, Network};
    use crate::objective::{Data, Method, Sampling, Variants, training_step};

    #[test]
    fn a_thread_takes_a_replica_where_there_is_memory_for_all() {
        let fit = |features: usize, wanted| {
            let network =
                Network::mlp(&[features], &[4096], 1, Activation::Elu, Activation::Linear).unwrap();
            let sampling = Sampling {
                neighbours: 0,
                centre: true,
            };
            let objective = Method::find("ae")
                .unwrap()
                .objective(sampling, Variants::default());
            let data = Data::floats(features);
            let step = training_step(&network, &objective, data, 3, 1, 1, &Optimiser::default());
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(5)
                .build()
                .unwrap();
            pool.install(|| at_once(&step.recording, wanted))
        };
        assert_eq!(fit(10, None), 5);
        // Weights of 131 MB with their gradients and moments.
        assert!((2..5).contains(&fit(4000, None)), "{}", fit(4000, None));
        assert_eq!(fit(100_000, None), 1);
        assert_eq!(fit(100_000, Some(7)), 7);
    }
}
