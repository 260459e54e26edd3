//! The interface of devices that run recordings: the GPU and the CPU executor.

use crate::engine::{Recording, Segment, View};
use crate::error::{Error, Result};
use crate::tolerance::Tolerance;
use crate::tuned::Tuned;
use std::time::Duration;

/// Bytes that all replicas of a recording may take together where nobody says how many there shall be.
pub(crate) const REPLICA_MEMORY: usize = 2 << 30;

/// A device that recordings can be prepared on.
pub trait Executor: Send + Sync {
    /// Name, for people and for the run's record, e.g. `NVIDIA H200 (Vulkan)`.
    fn name(&self) -> String;
    /// Driver and its version, or what takes their place.
    fn driver(&self) -> String;
    /// What rounding may leave of results, against exact arithmetic.
    fn tolerance(&self) -> Tolerance {
        Tolerance::F32
    }
    /// Whether large products are faster here than on the CPU.
    fn is_hardware(&self) -> bool {
        false
    }
    /// Whether all parameters are better updated at once, behind the whole gradient, than each
    /// layer's as soon as its gradient is there. The results are the same to the bit.
    fn updates_at_once(&self) -> bool {
        false
    }
    /// The kernels that were timed on the device and are run where they are known; `None` where all
    /// are chosen by shape.
    fn tuned(&self) -> Option<&Tuned> {
        None
    }
    /// Most bytes of training data to keep on the device.
    fn data_limit(&self) -> usize;
    /// Allocates every buffer (zeroed but for constants) and builds whatever the passes need.
    /// Nothing is allocated after this.
    ///
    /// # Errors
    /// When a buffer exceeds the device's limits or memory.
    fn prepare(&self, recording: &Recording) -> Result<Box<dyn Session>>;
    /// How many replicas of a recording run side by side here, where all have the same `shared`
    /// buffers: as many as are `wanted` if they fit, else, and where nobody says, as many as pay. 1
    /// where they run one after the other.
    ///
    /// # Errors
    /// When not even one fits.
    fn replicas(
        &self,
        _recording: &Recording,
        _shared: &[View],
        _wanted: Option<usize>,
    ) -> Result<usize> {
        Ok(1)
    }
    /// Prepares replicas, at most as many as [`Executor::replicas`] says, of recordings that are
    /// [alike](Recording::is_like). Each session writes and reads its own; whichever of them runs
    /// or profiles, runs all. What is `shared`, the first one writes for all.
    ///
    /// # Errors
    /// Those of [`Executor::prepare`].
    fn prepare_replicas(
        &self,
        recordings: &[&Recording],
        _shared: &[View],
    ) -> Result<Vec<Box<dyn Session>>> {
        match recordings {
            [recording] => Ok(vec![self.prepare(recording)?]),
            _ => Err(Error::Device(format!(
                "{} runs one network at a time",
                self.name()
            ))),
        }
    }
}

/// A prepared recording.
pub trait Session: Send {
    /// Writes real numbers to the beginning of `view`.
    fn write(&mut self, view: View, values: &[f32]) -> Result<()>;
    /// Writes words to the beginning of `view`.
    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()>;
    /// Replays the recording `steps` times.
    fn run(&mut self, steps: usize) -> Result<()>;
    /// Runs one segment of one step, so that gradients can be read, changed and written in between.
    ///
    /// # Errors
    /// Where the recording updates layers before all gradients are known, or the device fails.
    fn run_segment(&mut self, segment: Segment) -> Result<()>;
    /// Reads real numbers, once everything that was asked for has run.
    fn read(&mut self, view: View) -> Result<Vec<f32>>;
    /// Reads words, after all submitted work has finished.
    fn read_u32(&mut self, view: View) -> Result<Vec<u32>>;
    /// What a step consists of, where the device dispatches it; `None` on the CPU.
    fn counts(&self) -> Option<StepCounts> {
        None
    }
    /// Runs one step and returns the time of each pass, in the order of the recording; `None` if
    /// the device cannot measure it.
    fn profile(&mut self) -> Result<Option<Vec<Duration>>>;
}

/// What a step consists of on a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct StepCounts {
    /// Kernels that are started.
    pub dispatches: usize,
    /// How many times some dispatch has to wait for others.
    pub levels: usize,
    /// Barriers that the order of dispatches takes by wgpu's rules, with the one in front of every
    /// compute pass.
    pub barriers: usize,
}

/// The error of [`Session::run_segment`] on a recording without segments.
pub(crate) fn no_segments(segment: Segment) -> Error {
    Error::input(format!(
        "the step has no segment {segment:?}: it updates each layer as soon as its gradient is known"
    ))
}
