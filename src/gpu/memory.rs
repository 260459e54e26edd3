//! The memory of a recording on a device.
//!
//! wgpu orders dispatches by whole buffers: two that write different parts of one wait for each
//! other as if the parts were the same. So every part of a buffer that no other view overlaps is a
//! buffer of its own on the device; what the host reads and writes goes across them. Replicas of a
//! network lie one behind the other in each part, but for what all share.

use super::device::Gpu;
use crate::engine::{Buffer, Recording, View};
use crate::error::{Error, Result};
use crate::net::{ALIGNMENT, LARGEST_BINDING};

/// Every buffer of a recording, in parts.
pub(super) struct Memory {
    /// Of each buffer in order, without gaps from its first element to its last.
    buffers: Vec<Vec<Part>>,
}

/// Consecutive elements of a buffer.
struct Part {
    /// First element.
    start: usize,
    /// Number among all parts.
    id: usize,
    /// Elements from one replica to the next; 0 where all share them.
    stride: usize,
    buffer: wgpu::Buffer,
}

/// What a view has in one part.
pub(super) struct Span<'a> {
    pub(super) buffer: &'a wgpu::Buffer,
    /// In bytes.
    pub(super) offset: u64,
    /// Elements.
    pub(super) len: usize,
}

impl Memory {
    /// Allocates the buffers of `recording`, of which dispatches bind `views`, with what they hold
    /// before the first step. There are as many of each as `replicas`, but of constants and of those
    /// that are `shared`.
    ///
    /// # Errors
    /// Where the device binds or holds less.
    pub(super) fn new(
        gpu: &Gpu,
        recording: &Recording,
        views: &[View],
        replicas: usize,
        shared: &[View],
    ) -> Result<Self> {
        let limits = gpu.device.limits();
        let largest = limits
            .max_buffer_size
            .min(limits.max_storage_buffer_binding_size);
        let mut id = 0;
        let mut buffers = Vec::with_capacity(recording.buffers.len());
        for (i, (starts, described)) in starts_of_parts(recording, views, elements(largest))
            .iter()
            .zip(&recording.buffers)
            .enumerate()
        {
            let alone = replicas == 1 || is_shared(i, described, shared);
            let mut parts = Vec::with_capacity(starts.len());
            for (i, start) in starts.iter().enumerate() {
                let end = starts.get(i + 1).copied().unwrap_or(described.len);
                let stride = if alone {
                    0
                } else {
                    (end - start).next_multiple_of(ALIGNMENT)
                };
                let bytes = 4 * (end - start).max(replicas * stride) as u64;
                if bytes > largest {
                    return Err(Error::Device(too_large(
                        &described.name,
                        bytes,
                        &gpu.info.name,
                        largest,
                    )));
                }
                let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some(&described.name),
                    // vec4 views read whole 16 bytes.
                    size: bytes.next_multiple_of(16),
                    usage: wgpu::BufferUsages::STORAGE
                        | wgpu::BufferUsages::COPY_DST
                        | wgpu::BufferUsages::COPY_SRC,
                    mapped_at_creation: false,
                });
                if let Some(initial) = &described.initial {
                    gpu.queue
                        .write_buffer(&buffer, 0, bytemuck::cast_slice(&initial[*start..end]));
                }
                parts.push(Part {
                    start: *start,
                    id,
                    stride,
                    buffer,
                });
                id += 1;
            }
            buffers.push(parts);
        }
        gpu.check()?;
        Ok(Self { buffers })
    }

    /// The part that holds `view`, one of those that dispatches bind.
    fn part(&self, view: View) -> &Part {
        let parts = &self.buffers[view.buffer.0];
        &parts[parts.partition_point(|part| part.start <= view.offset) - 1]
    }

    /// The number of the part that holds `view`, one of those that dispatches bind.
    pub(super) fn id(&self, view: View) -> usize {
        self.part(view).id
    }

    /// The device's buffer that holds `view`, one of those that dispatches bind.
    pub(super) fn buffer(&self, view: View) -> &wgpu::Buffer {
        &self.part(view).buffer
    }

    /// Elements from one replica of `view` to the next; 0 where all share it.
    pub(super) fn stride(&self, view: View) -> usize {
        self.part(view).stride
    }

    /// `view`, one of those that dispatches bind, as they bind it for so many replicas.
    pub(super) fn binding(&self, view: View, replicas: usize) -> wgpu::BufferBinding<'_> {
        let part = self.part(view);
        let len = (replicas - 1) * part.stride + view.len;
        wgpu::BufferBinding {
            buffer: &part.buffer,
            offset: 4 * (view.offset - part.start) as u64,
            size: wgpu::BufferSize::new((4 * len as u64).next_multiple_of(16)),
        }
    }

    /// Any view of a replica, part by part in order.
    pub(super) fn spans(&self, view: View, replica: usize) -> impl Iterator<Item = Span<'_>> {
        let parts = &self.buffers[view.buffer.0];
        let ends = parts[1..].iter().map(|part| part.start).chain([usize::MAX]);
        parts.iter().zip(ends).filter_map(move |(part, end)| {
            let start = view.offset.max(part.start);
            let end = end.min(view.offset + view.len);
            (start < end).then(|| Span {
                buffer: &part.buffer,
                offset: 4 * (start - part.start + replica * part.stride) as u64,
                len: end - start,
            })
        })
    }
}

/// Whether the buffer numbered `id` is the same for all replicas.
fn is_shared(id: usize, buffer: &Buffer, shared: &[View]) -> bool {
    buffer.initial.is_some() || shared.iter().any(|view| view.buffer.0 == id)
}

/// What one replica takes of each part of the memory of `recording`, of which dispatches bind
/// `views`, in elements: without constants and what is `shared`.
pub(super) fn parts_of_replica(
    recording: &Recording,
    views: &[View],
    shared: &[View],
) -> Vec<usize> {
    let starts = starts_of_parts(recording, views, LARGEST_BINDING);
    let buffers = recording.buffers.iter().zip(&starts).enumerate();
    let own = buffers.filter(|(id, (buffer, _))| !is_shared(*id, buffer, shared));
    own.flat_map(|(_, (buffer, starts))| {
        let ends = starts[1..].iter().copied().chain([buffer.len]);
        starts
            .iter()
            .zip(ends)
            .map(|(start, end)| (end - start).next_multiple_of(ALIGNMENT))
    })
    .collect()
}

/// Elements of what no dispatch binds that a buffer of at most `bytes` holds.
fn elements(bytes: u64) -> usize {
    let most = usize::try_from(bytes / 4).unwrap_or(usize::MAX);
    (most.min(LARGEST_BINDING) / ALIGNMENT).max(1) * ALIGNMENT
}

/// Where the parts of each buffer begin: at its first element, and at every bound view that no
/// view which begins before it reaches into. What no view binds, such as the encoder where only the
/// decoder runs, lies in parts of its own of at most `most` elements, a multiple of [`ALIGNMENT`].
fn starts_of_parts(recording: &Recording, views: &[View], most: usize) -> Vec<Vec<usize>> {
    let mut of_buffers = vec![Vec::new(); recording.buffers.len()];
    for view in views {
        of_buffers[view.buffer.0].push(*view);
    }
    let starts = |(mut views, len): (Vec<View>, usize)| {
        views.sort_by_key(|view| view.offset);
        let mut starts = Vec::new();
        let mut reach = 0;
        for view in views {
            if view.offset >= reach {
                starts.extend((reach..view.offset).step_by(most));
                starts.push(view.offset);
            }
            let end = (view.offset + view.len).next_multiple_of(ALIGNMENT);
            reach = reach.max(end);
        }
        // A buffer whose elements have all moved to another still has a place.
        starts.extend((reach..len.max(1)).step_by(most));
        starts
    };
    let lengths = recording.buffers.iter().map(|buffer| buffer.len);
    of_buffers.into_iter().zip(lengths).map(starts).collect()
}

/// Why a buffer cannot be made, and what makes it smaller.
fn too_large(buffer: &str, bytes: u64, gpu: &str, largest: u64) -> String {
    let of_parameters = ["parameters", "gradient", "moments"];
    let help = if of_parameters.iter().any(|name| buffer.contains(name)) {
        // Matrices are bound in blocks of 64 outputs or more, by a sum over terms those of each term, and
        // filters as a whole.
        "it holds 64 outputs of a linear layer or all filters of a convolution, whatever the batch: choose narrower layers (net.hidden), smaller samples, or fewer channels"
    } else if buffer == "data" {
        "give train.data_memory_mib, with which samples are streamed"
    } else {
        "choose a smaller train.batch, or fewer neighbours at once"
    };
    format!(
        "the buffer of {buffer} needs {} MiB, but {gpu} binds at most {} MiB at once: {help}, or run on the CPU with --device cpu",
        bytes >> 20,
        largest >> 20
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::blocks;

    #[test]
    fn a_buffer_is_cut_where_no_view_reaches_across() {
        let mut r = Recording::default();
        let (whole, cut) = (r.reals("whole", 256), r.reals("cut", 256));
        r.reals("unbound", LARGEST_BINDING + 64);
        let moved = r.reals("moved", 64);
        r.buffers[moved.buffer.0].len = 0;
        let late = r.reals("late", 2 * LARGEST_BINDING);
        let views = [
            late.part(LARGEST_BINDING + 64, 64),
            cut.part(128, 64),
            cut.part(0, 64),
            cut.part(128, 128),
            whole,
            whole.part(64, 64),
            cut.part(192, 10),
        ];
        assert_eq!(
            starts_of_parts(&r, &views, LARGEST_BINDING),
            [
                vec![0],
                vec![0, 64, 128],
                vec![0, LARGEST_BINDING],
                vec![0],
                vec![
                    0,
                    LARGEST_BINDING,
                    LARGEST_BINDING + 64,
                    LARGEST_BINDING + 128
                ],
            ]
        );
    }

    /// What is bound in blocks also lies in blocks: no buffer of the device holds more parameters.
    #[test]
    fn parameters_in_blocks_are_cut_between_them() {
        for step in blocks::steps() {
            let recording = step.recording.with_planned_memory();
            let bindings = recording
                .passes
                .iter()
                .flat_map(|(_, pass)| pass.bindings());
            let views: Vec<_> = bindings.map(|binding| binding.view).collect();
            let starts = starts_of_parts(&recording, &views, LARGEST_BINDING);
            for view in [step.parameters].into_iter().chain(step.moments.unwrap()) {
                let (starts, len) = (&starts[view.buffer.0], recording.buffers[view.buffer.0].len);
                let ends = starts[1..].iter().copied().chain([len]);
                let longest = starts
                    .iter()
                    .zip(ends)
                    .map(|(start, end)| end - start)
                    .max();
                assert!(longest <= Some(blocks::MOST), "{longest:?}");
            }
        }
    }
}
