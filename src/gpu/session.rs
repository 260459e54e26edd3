//! A recording prepared on a GPU: every buffer, pipeline and bind group exists before the first
//! step.

use super::device::Gpu;
use super::pipeline::{Pipeline, PipelineKey};
use crate::engine::{Grid, Recording, View};
use crate::error::{Error, Result};
use crate::executor::Session;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Work in one submission: long enough that the device never idles, short enough that no watchdog
/// fires.
const SUBMISSION: Duration = Duration::from_millis(100);
/// Terms of a product's sums that fit within 65 535 iterations of all loops together, whichever
/// kernel adds them up.
const LONGEST_SUM: usize = 40_000;
/// Alignment of uniform parameters that every adapter accepts.
const UNIFORM_ALIGNMENT: usize = 256;

struct Dispatch {
    /// Position of the pass that this is, or is a part of, in the recording.
    position: usize,
    label: String,
    kernel: Arc<Pipeline>,
    bind_group: wgpu::BindGroup,
    groups: [u32; 3],
}

/// See the module's documentation.
pub(super) struct GpuSession {
    gpu: Gpu,
    buffers: Vec<wgpu::Buffer>,
    dispatches: Vec<Dispatch>,
    /// Passes of the recording.
    passes: usize,
    /// As many steps as fit in [`SUBMISSION`]; `None` until one has been timed.
    steps_per_submission: Option<usize>,
}

impl GpuSession {
    pub(super) fn new(gpu: Gpu, recording: &Recording) -> Result<Self> {
        let limits = gpu.device.limits();
        let largest = limits
            .max_buffer_size
            .min(limits.max_storage_buffer_binding_size);
        for buffer in &recording.buffers {
            let bytes = 4 * buffer.len as u64;
            if bytes > largest {
                return Err(Error::Device(format!(
                    "the buffer of {} needs {} MiB, but {} binds at most {} MiB at once: choose a smaller batch or less data, or run on the \
                     CPU with --device cpu",
                    buffer.name,
                    bytes >> 20,
                    gpu.info.name,
                    largest >> 20
                )));
            }
        }
        let buffers = recording.buffers.iter().map(|buffer| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(&buffer.name),
                // vec4 views read whole 16 bytes.
                size: (4 * buffer.len as u64).next_multiple_of(16),
                usage: wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_DST
                    | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        });
        let buffers: Vec<_> = buffers.collect();
        for (buffer, described) in buffers.iter().zip(&recording.buffers) {
            if let Some(initial) = &described.initial {
                gpu.queue
                    .write_buffer(buffer, 0, bytemuck::cast_slice(initial));
            }
        }
        gpu.check()?;

        // What each dispatch runs: a pass of the recording, or one of the two that a fused pass is.
        let mut passes = Vec::new();
        for (position, (label, pass)) in recording.passes.iter().enumerate() {
            match pass.in_two().filter(|_| !gpu.fuses(pass)) {
                Some(parts) => passes.extend(parts.map(|part| (position, label, part))),
                None => passes.push((position, label, pass.clone())),
            }
        }
        let keys: Vec<_> = passes
            .iter()
            .map(|(_, _, pass)| PipelineKey::new(pass, &gpu))
            .collect();
        let kernels = gpu.kernels(&keys);
        let params: Vec<_> = passes
            .iter()
            .zip(&kernels)
            .map(|((_, _, pass), kernel)| kernel.reflection.pack(&pass.uniforms()))
            .collect();
        let stride = params
            .iter()
            .map(Vec::len)
            .max()
            .unwrap_or(0)
            .next_multiple_of(UNIFORM_ALIGNMENT);
        let mut packed = vec![0; (params.len() * stride).max(UNIFORM_ALIGNMENT)];
        for (i, bytes) in params.iter().enumerate() {
            packed[i * stride..][..bytes.len()].copy_from_slice(bytes);
        }
        let uniforms = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("parameters of passes"),
            size: packed.len() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        gpu.queue.write_buffer(&uniforms, 0, &packed);

        let mut dispatches = Vec::with_capacity(kernels.len());
        for (i, ((position, label, pass), kernel)) in passes.into_iter().zip(kernels).enumerate() {
            let reflection = &kernel.reflection;
            let mut entries = Vec::new();
            if let Some(binding) = reflection.params_binding {
                let resource = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &uniforms,
                    offset: (i * stride) as u64,
                    size: wgpu::BufferSize::new(params[i].len() as u64),
                });
                entries.push(wgpu::BindGroupEntry { binding, resource });
            }
            for (name, view) in pass.bindings() {
                let resource = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffers[view.buffer.0],
                    offset: 4 * view.offset as u64,
                    size: wgpu::BufferSize::new((4 * view.len as u64).next_multiple_of(16)),
                });
                entries.push(wgpu::BindGroupEntry {
                    binding: reflection.bindings[name],
                    resource,
                });
            }
            let bind_group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(label),
                layout: &kernel.pipeline.get_bind_group_layout(0),
                entries: &entries,
            });
            if let Grid::Product { terms, .. } = pass.grid()
                && terms > LONGEST_SUM
                && gpu.is_software()
            {
                return Err(Error::Device(format!(
                    "the pass {label} adds up {terms} terms, but software drivers end loops after 65 535 iterations and would give a wrong \
                     result: run on the CPU with --device cpu"
                )));
            }
            let limit = limits.max_compute_workgroups_per_dimension as usize;
            let groups = kernel.groups(pass.grid(), limit).ok_or_else(|| {
                Error::Device(format!(
                    "the pass {label} needs more than {limit} workgroups: choose a smaller batch"
                ))
            })?;
            dispatches.push(Dispatch {
                position,
                label: label.clone(),
                kernel,
                bind_group,
                groups,
            });
        }
        gpu.check()?;
        Ok(Self {
            gpu,
            buffers,
            dispatches,
            passes: recording.passes.len(),
            steps_per_submission: None,
        })
    }

    fn submit(&self, steps: usize) -> wgpu::SubmissionIndex {
        let mut encoder = self
            .gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor {
                label: Some("steps"),
            });
        {
            // One compute pass for all: wgpu puts the barriers, and a pass of its own would cost
            // more than a small dispatch.
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("steps"),
                timestamp_writes: None,
            });
            for _ in 0..steps {
                for dispatch in &self.dispatches {
                    dispatch.record(&mut pass);
                }
            }
        }
        self.gpu.queue.submit([encoder.finish()])
    }

    fn read_bytes(&self, view: View) -> Result<Vec<u8>> {
        let size = 4 * view.len as u64;
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
        encoder.copy_buffer_to_buffer(
            &self.buffers[view.buffer.0],
            4 * view.offset as u64,
            &staging,
            0,
            size,
        );
        self.gpu.queue.submit([encoder.finish()]);
        self.map(&staging)
    }

    fn map(&self, staging: &wgpu::Buffer) -> Result<Vec<u8>> {
        // The outcome arrives with `wait`, which reports a lost device.
        staging.map_async(wgpu::MapMode::Read, .., |_| {});
        self.gpu.wait()?;
        let range = staging
            .get_mapped_range(..)
            .map_err(|error| Error::Device(format!("reading from the GPU failed: {error}")))?;
        Ok(range.to_vec())
    }
}

impl Dispatch {
    fn record(&self, pass: &mut wgpu::ComputePass) {
        pass.set_pipeline(&self.kernel.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        let [x, y, z] = self.groups;
        pass.dispatch_workgroups(x, y, z);
    }
}

impl Session for GpuSession {
    fn write(&mut self, view: View, values: &[f32]) -> Result<()> {
        assert!(values.len() <= view.len, "more values than the view holds");
        self.gpu.queue.write_buffer(
            &self.buffers[view.buffer.0],
            4 * view.offset as u64,
            bytemuck::cast_slice(values),
        );
        self.gpu.check()
    }

    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()> {
        assert!(values.len() <= view.len, "more words than the view holds");
        self.gpu.queue.write_buffer(
            &self.buffers[view.buffer.0],
            4 * view.offset as u64,
            bytemuck::cast_slice(values),
        );
        self.gpu.check()
    }

    fn run(&mut self, steps: usize) -> Result<()> {
        let mut remaining = steps;
        let mut earlier = None;
        while remaining > 0 {
            let now = remaining.min(self.steps_per_submission.unwrap_or(1));
            let start = Instant::now();
            let index = self.submit(now);
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
        let bytes = self.map(&staging)?;
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
