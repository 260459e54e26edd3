//! A recording prepared on a GPU: every buffer, pipeline and bind group exists before the first
//! step.

use super::device::Gpu;
use super::dispatch::{Dispatch, dispatches};
use super::memory::Memory;
use super::plan::Plan;
use super::replicas::uniforms_of_replicas;
use super::schedule::{self, Schedule, Use};
use crate::engine::{Recording, Segment, View};
use crate::error::{Error, Result};
use crate::executor::{Session, StepCounts, no_segments};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Work in one submission: long enough that the device never idles, short enough that no watchdog
/// fires.
const SUBMISSION: Duration = Duration::from_millis(100);
/// Bytes that are copied out at once; less in tests, so that they come in several pieces.
const READ_AT_MOST: u64 = if cfg!(test) { 4096 } else { 128 << 20 };

/// A level, and the buffers that become readable in front of it.
struct Level {
    dispatches: Range<usize>,
    readable: Vec<wgpu::Buffer>,
}

/// See the module's documentation.
pub(super) struct GpuSession {
    gpu: Gpu,
    memory: Memory,
    /// In the order in which they run.
    dispatches: Vec<Dispatch>,
    /// The levels of each segment of a step, those of [`Segment::Gradient`] first; one where the
    /// recording has no segments.
    segments: Vec<Vec<Level>>,
    /// Whether each segment of each step is a compute pass of its own, which levels pay in, rather
    /// than all steps one.
    by_levels: bool,
    counts: StepCounts,
    /// Passes of the recording.
    passes: usize,
    /// As many steps as fit in [`SUBMISSION`]; `None` until one has been timed.
    steps_per_submission: Option<usize>,
    /// The one that the host writes and reads.
    pub(super) replica: usize,
}

impl GpuSession {
    /// Prepares `recordings`, which differ in parameters of passes alone, as replicas that run side
    /// by side, of which each has buffers of its own but for constants and those that are `shared`.
    pub(super) fn new(gpu: Gpu, recordings: &[&Recording], shared: &[View]) -> Result<Self> {
        let (recording, replicas) = (recordings[0], recordings.len());
        let Plan {
            order,
            groups,
            planned,
            kernels,
            bound,
            by_levels,
        } = Plan::new(&gpu, recording, replicas);
        let memory = Memory::new(&gpu, &planned, &bound, replicas, shared)?;
        let uniforms = uniforms_of_replicas(recordings, &order, &groups, &kernels, &gpu);
        let prepared = dispatches(&gpu, &planned, &order, &kernels, &uniforms, &memory)?;
        let update = recording.update.map_or(kernels.len(), |update| {
            kernels.partition_point(|(at, _)| order[*at] < update)
        });
        let segments = std::iter::once(0..update)
            .chain(recording.update.map(|_| update..kernels.len()))
            .collect();
        let uses: Vec<Vec<Use>> = kernels
            .iter()
            .map(|(_, kernel)| {
                let bindings = kernel.describe().bindings().into_iter();
                bindings
                    .map(|binding| (memory.id(binding.view), binding.access.writes()))
                    .collect()
            })
            .collect();
        let Schedule {
            order,
            segments,
            counts,
        } = Schedule::new(&kernels, &uses, segments, by_levels);
        let buffer_of = |(dispatch, binding): &(usize, usize)| {
            let (_, kernel) = &kernels[order[*dispatch]];
            let binding = kernel.describe().bindings()[*binding];
            memory.buffer(binding.view).clone()
        };
        let with_buffers = |level: &schedule::Level| Level {
            dispatches: level.dispatches.clone(),
            readable: level.readable.iter().map(buffer_of).collect(),
        };
        let segments = segments
            .iter()
            .map(|levels| levels.iter().map(with_buffers).collect())
            .collect();
        let mut prepared: Vec<Option<Dispatch>> = prepared.into_iter().map(Some).collect();
        let dispatches = order
            .iter()
            .map(|position| prepared[*position].take().expect("each runs once"))
            .collect();
        gpu.check()?;
        Ok(Self {
            gpu,
            memory,
            dispatches,
            segments,
            by_levels,
            counts,
            passes: recording.passes.len(),
            steps_per_submission: None,
            replica: 0,
        })
    }

    /// Submits `steps` times the segments at `range`.
    fn submit(&self, range: Range<usize>, steps: usize) -> wgpu::SubmissionIndex {
        let mut encoder = self
            .gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor {
                label: Some("steps"),
            });
        let begin = |encoder: &mut wgpu::CommandEncoder| {
            let pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("steps"),
                timestamp_writes: None,
            });
            pass.forget_lifetime()
        };
        let mut pass = None;
        for _ in 0..steps {
            for segment in &self.segments[range.clone()] {
                if self.by_levels {
                    // The pass before ends here.
                    pass = None;
                }
                let pass = pass.get_or_insert_with(|| begin(&mut encoder));
                for level in segment {
                    self.record(level, pass);
                }
            }
        }
        drop(pass);
        self.gpu.queue.submit([encoder.finish()])
    }

    fn record(&self, level: &Level, pass: &mut wgpu::ComputePass) {
        if !level.readable.is_empty() {
            let readable = level.readable.iter().map(|buffer| wgpu::BufferTransition {
                buffer,
                state: wgpu::BufferUses::STORAGE_READ_ONLY,
            });
            pass.transition_resources(readable, std::iter::empty());
        }
        for dispatch in &self.dispatches[level.dispatches.clone()] {
            dispatch.record(pass);
        }
    }

    fn write_words(&self, view: View, words: &[u32]) -> Result<()> {
        let mut rest = words;
        for span in self.memory.spans(view, self.replica) {
            let (part, later) = rest.split_at(span.len);
            let bytes = bytemuck::cast_slice(part);
            self.gpu.queue.write_buffer(span.buffer, span.offset, bytes);
            rest = later;
        }
        self.gpu.check()
    }

    fn read_bytes(&self, view: View) -> Result<Vec<u8>> {
        self.read_replicas(view, self.replica..self.replica + 1)
    }

    /// The bytes of `view` of several replicas, one behind the other, copied out by at most
    /// [`READ_AT_MOST`]: a device binds and holds less in one buffer than all parameters may take.
    pub(super) fn read_replicas(&self, view: View, replicas: Range<usize>) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(4 * view.len * replicas.len());
        let mut batch = Vec::new();
        let mut size = 0;
        for span in replicas.flat_map(|replica| self.memory.spans(view, replica)) {
            let end = span.offset + 4 * span.len as u64;
            let mut start = span.offset;
            while start < end {
                let len = (end - start).min(READ_AT_MOST - size);
                batch.push((span.buffer, start, len));
                (start, size) = (start + len, size + len);
                if size == READ_AT_MOST {
                    self.read_batch(&mut batch, &mut bytes)?;
                    size = 0;
                }
            }
        }
        self.read_batch(&mut batch, &mut bytes)?;
        Ok(bytes)
    }

    /// Appends what each of `batch` says, an offset and a number of bytes of a buffer, to `bytes`.
    fn read_batch(
        &self,
        batch: &mut Vec<(&wgpu::Buffer, u64, u64)>,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        let size = batch.iter().map(|(.., len)| len).sum();
        if size == 0 {
            return Ok(());
        }
        let staging = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read back"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self
            .gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor {
                label: Some("read back"),
            });
        let mut end = 0;
        for (buffer, offset, len) in batch.drain(..) {
            encoder.copy_buffer_to_buffer(buffer, offset, &staging, end, len);
            end += len;
        }
        self.gpu.queue.submit([encoder.finish()]);
        self.map(&staging, bytes)
    }

    /// Appends what `staging` holds once the device is done to `bytes`.
    fn map(&self, staging: &wgpu::Buffer, bytes: &mut Vec<u8>) -> Result<()> {
        // The outcome arrives with `wait`, which reports a lost device.
        staging.map_async(wgpu::MapMode::Read, .., |_| {});
        self.gpu.wait()?;
        let range = staging
            .get_mapped_range(..)
            .map_err(|error| Error::Device(format!("reading from the GPU failed: {error}")))?;
        bytes.extend_from_slice(&range);
        Ok(())
    }
}

impl Session for GpuSession {
    fn write(&mut self, view: View, values: &[f32]) -> Result<()> {
        assert!(values.len() <= view.len, "more values than the view holds");
        self.write_words(view.part(0, values.len()), bytemuck::cast_slice(values))
    }

    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()> {
        assert!(values.len() <= view.len, "more words than the view holds");
        self.write_words(view.part(0, values.len()), values)
    }

    fn run(&mut self, steps: usize) -> Result<()> {
        let mut remaining = steps;
        let mut earlier = None;
        while remaining > 0 {
            let now = remaining.min(self.steps_per_submission.unwrap_or(1));
            let start = Instant::now();
            let index = self.submit(0..self.segments.len(), now);
            remaining -= now;
            if self.steps_per_submission.is_none() {
                self.gpu.wait()?;
                // The first step includes compilation in some drivers, so the next one is timed
                // again.
                let fit = SUBMISSION.as_secs_f64() / start.elapsed().as_secs_f64().max(1e-6);
                self.steps_per_submission = (fit >= 2.0).then_some((fit as usize).min(512));
            } else if let Some(earlier) = earlier.replace(index) {
                // Two submissions in flight keep the device busy; more would only queue up.
                let wait = wgpu::PollType::Wait {
                    submission_index: Some(earlier),
                    timeout: None,
                };
                self.gpu.device.poll(wait).map_err(|error| {
                    Error::Device(format!("waiting for the GPU failed: {error}"))
                })?;
                self.gpu.check()?;
            }
        }
        self.gpu.check()
    }

    fn run_segment(&mut self, segment: Segment) -> Result<()> {
        if self.segments.len() < 2 {
            return Err(no_segments(segment));
        }
        let position = match segment {
            Segment::Gradient => 0,
            Segment::Update => 1,
        };
        self.submit(position..position + 1, 1);
        self.gpu.check()
    }

    fn counts(&self) -> Option<StepCounts> {
        Some(self.counts)
    }

    fn read(&mut self, view: View) -> Result<Vec<f32>> {
        Ok(self
            .read_bytes(view)?
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect())
    }

    fn read_u32(&mut self, view: View) -> Result<Vec<u32>> {
        Ok(self
            .read_bytes(view)?
            .chunks_exact(4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect())
    }

    fn profile(&mut self) -> Result<Option<Vec<Duration>>> {
        if !self.gpu.timestamps {
            self.run(1)?;
            self.gpu.wait()?;
            return Ok(None);
        }
        let count = 2 * self.dispatches.len() as u32;
        let queries = self.gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("profile"),
            ty: wgpu::QueryType::Timestamp,
            count,
        });
        let buffer = |usage| {
            let size = 8 * u64::from(count);
            self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("profile"),
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        let resolved = buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC);
        let staging = buffer(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let mut encoder = self
            .gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor {
                label: Some("profile"),
            });
        for (i, dispatch) in (0u32..).zip(&self.dispatches) {
            // A pass each, because timestamps are only reliable at the boundaries of passes.
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(&dispatch.label),
                timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                    query_set: &queries,
                    beginning_of_pass_write_index: Some(2 * i),
                    end_of_pass_write_index: Some(2 * i + 1),
                }),
            });
            dispatch.record(&mut pass);
        }
        encoder.resolve_query_set(&queries, 0..count, &resolved, 0);
        encoder.copy_buffer_to_buffer(&resolved, 0, &staging, 0, None);
        self.gpu.queue.submit([encoder.finish()]);
        let mut bytes = Vec::new();
        self.map(&staging, &mut bytes)?;
        let period = f64::from(self.gpu.queue.get_timestamp_period());
        let ticks: Vec<u64> = bytes
            .chunks_exact(8)
            .map(|b| u64::from_le_bytes(b.try_into().expect("8 bytes")))
            .collect();
        let mut spans = vec![Duration::ZERO; self.passes];
        for (dispatch, pair) in self.dispatches.iter().zip(ticks.chunks_exact(2)) {
            spans[dispatch.position] +=
                Duration::from_secs_f64(pair[1].saturating_sub(pair[0]) as f64 * period * 1e-9);
        }
        Ok(Some(spans))
    }
}
