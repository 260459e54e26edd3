//! What a GPU makes of a recording before anything is allocated: the order of the passes, which of
//! them run as one, and where buffers share memory.

use super::device::Gpu;
use super::fuse::{self, Kernel};
use crate::engine::{Recording, View};
use std::ops::Range;

/// Bytes of all buffers of a recording up to which none share memory where levels run side by side.
const SMALL: usize = 256 << 20;

/// See the module's documentation.
pub(super) struct Plan {
    /// Positions of the passes as recorded.
    pub(super) order: Vec<usize>,
    /// Passes in that order that run as one.
    pub(super) groups: Vec<Range<usize>>,
    /// The recording in that order, with memory that buffers share where they should.
    pub(super) planned: Recording,
    /// What is dispatched, with the position in `order` of the first pass of each.
    pub(super) kernels: Vec<(usize, Kernel)>,
    /// Everything that is bound.
    pub(super) bound: Vec<View>,
    /// Whether dispatches of a level run side by side.
    pub(super) by_levels: bool,
}

impl Plan {
    /// Of so many replicas of `recording` on `gpu`.
    pub(super) fn new(gpu: &Gpu, recording: &Recording, replicas: usize) -> Self {
        // Parameters of replicas that differ are one more storage buffer.
        let limit = gpu.device.limits().max_storage_buffers_per_shader_stage as usize;
        let fuses = |kernel: &Kernel| {
            let buffers = kernel.describe().bindings().len() + usize::from(replicas > 1);
            buffers <= limit && gpu.fuses(kernel)
        };
        let order = fuse::order(recording, fuses);
        let by_levels = gpu.runs_levels();
        let ordered = fuse::ordered(recording, &order);
        let groups = fuse::groups(&ordered, fuses);
        let mut planned = if by_levels && replicas * recording.bytes() <= SMALL {
            // Buffers that share memory would have to wait for each other.
            ordered
        } else {
            fuse::planned(&ordered, &groups)
        };
        let kernels = fuse::kernels(&planned, &groups);
        let cut = |kernel: &Kernel| gpu.cut(kernel);
        let kernels = fuse::in_parts(&mut planned, &groups, kernels, cut);
        let bindings = kernels
            .iter()
            .flat_map(|(_, kernel)| kernel.describe().bindings());
        let bound = bindings.map(|binding| binding.view).collect();
        Self {
            order,
            groups,
            planned,
            kernels,
            bound,
            by_levels,
        }
    }
}
