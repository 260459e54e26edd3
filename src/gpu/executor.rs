//! A GPU as an executor of recordings.

use super::adapter::driver;
use super::device::Gpu;
use super::replicas;
use super::session::GpuSession;
use crate::engine::{Recording, View};
use crate::error::Result;
use crate::executor::{Executor, Session};
use crate::tolerance::Tolerance;
use crate::tuned::Tuned;

impl Executor for Gpu {
    fn name(&self) -> String {
        let products = match self.matrices() {
            Some(matrices) if matrices.split => ", products in f16x3",
            Some(_) => ", products in f16",
            None => "",
        };
        format!("{} ({}{products})", self.info.name, self.info.backend)
    }

    fn driver(&self) -> String {
        driver(&self.info)
    }

    fn tolerance(&self) -> Tolerance {
        match self.matrices() {
            Some(matrices) if matrices.split => Tolerance::F16X3,
            Some(_) => Tolerance::F16,
            None => Tolerance::F32,
        }
    }

    fn is_hardware(&self) -> bool {
        !self.is_software()
    }

    fn tuned(&self) -> Option<&Tuned> {
        self.tuned_kernels()
    }

    /// One dispatch for 128 MiB of parameters instead of one a layer; and the gradients of all layers
    /// have memory of their own, so that no layer's way back waits for the update of another. Software
    /// drivers gain from gradients that are still in a cache.
    fn updates_at_once(&self) -> bool {
        self.has_gpu_kernels()
    }

    fn data_limit(&self) -> usize {
        let limits = self.device.limits();
        let largest = limits
            .max_buffer_size
            .min(limits.max_storage_buffer_binding_size);
        usize::try_from(largest).unwrap_or(usize::MAX)
    }

    fn prepare(&self, recording: &Recording) -> Result<Box<dyn Session>> {
        Ok(Box::new(GpuSession::new(self.clone(), &[recording], &[])?))
    }

    fn replicas(
        &self,
        recording: &Recording,
        shared: &[View],
        wanted: Option<usize>,
    ) -> Result<usize> {
        replicas::at_once(self, recording, shared, wanted)
    }

    fn prepare_replicas(
        &self,
        recordings: &[&Recording],
        shared: &[View],
    ) -> Result<Vec<Box<dyn Session>>> {
        replicas::sessions(self, recordings, shared)
    }
}
