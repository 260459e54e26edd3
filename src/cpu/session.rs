//! A recording prepared on the CPU.

use super::{Float, Memory, replicas, run};
use crate::engine::{Recording, Segment, View};
use crate::error::Result;
use crate::executor::{Executor, Session, no_segments};
use std::ops::Range;
use std::time::{Duration, Instant};

/// The CPU executor in f32, as training uses it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu;

impl Executor for Cpu {
    fn name(&self) -> String {
        "CPU".into()
    }

    fn driver(&self) -> String {
        format!("native, {} threads", rayon::current_num_threads())
    }

    fn data_limit(&self) -> usize {
        // Beyond this a second copy of the data would be felt.
        1 << 30
    }

    fn prepare(&self, recording: &Recording) -> Result<Box<dyn Session>> {
        Ok(Box::new(CpuSession::<f32>::prepare(recording)?))
    }

    fn replicas(
        &self,
        recording: &Recording,
        _shared: &[View],
        wanted: Option<usize>,
    ) -> Result<usize> {
        Ok(replicas::at_once(recording, wanted))
    }

    fn prepare_replicas(
        &self,
        recordings: &[&Recording],
        _shared: &[View],
    ) -> Result<Vec<Box<dyn Session>>> {
        replicas::sessions(recordings)
    }
}

/// A recording with its buffers, in f32 to train or in f64 to check.
#[derive(Debug)]
pub struct CpuSession<T> {
    recording: Recording,
    /// The buffers, open to tests.
    pub memory: Memory<T>,
}

impl<T: Float> CpuSession<T> {
    /// Allocates every buffer, zeroed but for constants.
    ///
    /// # Errors
    /// When there is not enough memory.
    pub fn prepare(recording: &Recording) -> Result<Self> {
        let recording = recording.with_planned_memory().into_owned();
        let memory = Memory::new(&recording)?;
        Ok(Self { recording, memory })
    }

    /// [`CpuSession::prepare`] for recordings that are known to be small.
    ///
    /// # Panics
    /// When there is not enough memory.
    pub fn new(recording: &Recording) -> Self {
        Self::prepare(recording).expect("memory for a small recording")
    }

    /// Replays the recording `steps` times.
    pub fn replay(&mut self, steps: usize) {
        // One entry into the thread pool for all passes: one for each would have a thread sleep and
        // wake up again around it.
        rayon::scope(|_| {
            (0..steps).for_each(|_| self.replay_passes(0..self.recording.passes.len()))
        });
    }

    fn replay_passes(&mut self, range: Range<usize>) {
        for (_, pass) in &self.recording.passes[range] {
            run(pass, &mut self.memory);
        }
    }
}

impl<T: Float> Session for CpuSession<T> {
    fn write(&mut self, view: View, values: &[f32]) -> Result<()> {
        assert!(values.len() <= view.len, "more values than the view holds");
        for (to, from) in self.memory.reals_mut(view).iter_mut().zip(values) {
            *to = T::of(f64::from(*from));
        }
        Ok(())
    }

    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()> {
        self.memory.words_mut(view)[..values.len()].copy_from_slice(values);
        Ok(())
    }

    fn run(&mut self, steps: usize) -> Result<()> {
        self.replay(steps);
        Ok(())
    }

    fn run_segment(&mut self, segment: Segment) -> Result<()> {
        let range = self
            .recording
            .segment(segment)
            .ok_or_else(|| no_segments(segment))?;
        rayon::scope(|_| self.replay_passes(range));
        Ok(())
    }

    fn read(&mut self, view: View) -> Result<Vec<f32>> {
        Ok(self
            .memory
            .reals(view)
            .iter()
            .map(|value| value.to_f64() as f32)
            .collect())
    }

    fn read_u32(&mut self, view: View) -> Result<Vec<u32>> {
        Ok(self.memory.words(view).to_vec())
    }

    fn profile(&mut self) -> Result<Option<Vec<Duration>>> {
        let mut times = Vec::with_capacity(self.recording.passes.len());
        rayon::scope(|_| {
            for (_, pass) in &self.recording.passes {
                let start = Instant::now();
                run(pass, &mut self.memory);
                times.push(start.elapsed());
            }
        });
        Ok(Some(times))
    }
}
