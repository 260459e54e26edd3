//! The interface of devices that run recordings: the GPU and the CPU executor.

use crate::engine::{Recording, View};
use crate::error::Result;
use std::time::Duration;

/// A device that recordings can be prepared on.
pub trait Executor {
    /// Name, for people and for the run's record, e.g. `NVIDIA H200 (Vulkan)`.
    fn name(&self) -> String;
    /// Driver and its version, or what takes their place.
    fn driver(&self) -> String;
    /// Largest error against exact arithmetic that rounding may leave, relative to the largest
    /// value of a tensor.
    fn tolerance(&self) -> f64 {
        1e-4
    }
    /// Whether large products are faster here than on the CPU.
    fn is_hardware(&self) -> bool {
        false
    }
    /// Most bytes of training data to keep on the device.
    fn data_limit(&self) -> usize;
    /// Allocates every buffer (zeroed but for constants) and builds whatever the passes need.
    /// Nothing is allocated after this.
    ///
    /// # Errors
    /// When a buffer exceeds the device's limits or memory.
    fn prepare(&self, recording: &Recording) -> Result<Box<dyn Session>>;
}

/// A prepared recording.
pub trait Session {
    /// Writes real numbers to the beginning of `view`.
    fn write(&mut self, view: View, values: &[f32]) -> Result<()>;
    /// Writes words to the beginning of `view`.
    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()>;
    /// Replays the recording `steps` times.
    fn run(&mut self, steps: usize) -> Result<()>;
    /// Reads real numbers, after all submitted work has finished.
    fn read(&mut self, view: View) -> Result<Vec<f32>>;
    /// Reads words, after all submitted work has finished.
    fn read_u32(&mut self, view: View) -> Result<Vec<u32>>;
    /// Runs one step and returns the time of each pass, in the order of the recording; `None` if
    /// the device cannot measure it.
    fn profile(&mut self) -> Result<Option<Vec<Duration>>>;
}
