//! A recording prepared on a GPU: every buffer, pipeline and bind group exists before the first
//! step.

use super::device::Gpu;
use super::fuse::{self, Kernel};
use super::pipeline::{Pipeline, PipelineKey};
use crate::engine::{Binding, Grid, Recording, Segment, View};
use crate::error::{Error, Result};
use crate::executor::{Session, no_segments};
use std::ops::Range;
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
    /// Position in the recording of the pass that this is, or of the first of two.
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
    /// In the order in which they run; those of [`Segment::Gradient`] first.
    dispatches: Vec<Dispatch>,
    /// Passes of the recording, and the first one of [`Segment::Update`], where it has one.
    passes: usize,
    update: Option<usize>,
    /// As many steps as fit in [`SUBMISSION`]; `None` until one has been timed.
    steps_per_submission: Option<usize>,
}

impl GpuSession {
    pub(super) fn new(gpu: Gpu, recording: &Recording) -> Result<Self> {
        let order = fuse::order(recording, |kernel| gpu.fuses(kernel));
        let planned = fuse::planned(recording, &order, |kernel| gpu.fuses(kernel));
        let buffers = allocate(&gpu, &planned)?;
        let passes = planned.passes.iter().map(|(_, pass)| pass);
        let kernels = fuse::kernels(passes, |kernel| gpu.fuses(kernel));
        let keys: Vec<_> = kernels
            .iter()
            .map(|(_, kernel)| PipelineKey::new(kernel, &gpu))
            .collect();
        let pipelines = gpu.kernels(&keys);
        let params: Vec<_> = kernels
            .iter()
            .zip(&pipelines)
            .map(|((_, kernel), pipeline)| pipeline.reflection.pack(&kernel.describe().uniforms()))
            .collect();
        let uniforms = Uniforms::new(&gpu, &params);
        let mut dispatches = Vec::with_capacity(kernels.len());
        for (i, ((at, kernel), pipeline)) in kernels.iter().zip(pipelines).enumerate() {
            let end = kernels
                .get(i + 1)
                .map_or(planned.passes.len(), |(next, _)| *next);
            let labels: Vec<&str> = planned.passes[*at..end]
                .iter()
                .map(|(label, _)| label.as_str())
                .collect();
            let label = labels.join(", ");
            let groups = workgroups(&gpu, &label, kernel, &pipeline)?;
            let bind_group = bind(
                &gpu,
                &label,
                kernel,
                &pipeline,
                &buffers,
                uniforms.of(i, &params),
            );
            dispatches.push(Dispatch {
                position: order[*at],
                label,
                kernel: pipeline,
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
            update: recording.update,
            steps_per_submission: None,
        })
    }

    /// Submits `steps` times the dispatches at `range`.
    fn submit(&self, range: Range<usize>, steps: usize) -> wgpu::SubmissionIndex {
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
                for dispatch in &self.dispatches[range.clone()] {
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

/// Every buffer of a recording, with what it holds before the first step.
fn allocate(gpu: &Gpu, recording: &Recording) -> Result<Vec<wgpu::Buffer>> {
    let limits = gpu.device.limits();
    let largest = limits
        .max_buffer_size
        .min(limits.max_storage_buffer_binding_size);
    let mut buffers = Vec::with_capacity(recording.buffers.len());
    for described in &recording.buffers {
        let bytes = 4 * described.len as u64;
        if bytes > largest {
            return Err(Error::Device(format!(
                "the buffer of {} needs {} MiB, but {} binds at most {} MiB at once: choose a smaller batch or less data, or run on the \
                 CPU with --device cpu",
                described.name,
                bytes >> 20,
                gpu.info.name,
                largest >> 20
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
                .write_buffer(&buffer, 0, bytemuck::cast_slice(initial));
        }
        buffers.push(buffer);
    }
    gpu.check()?;
    Ok(buffers)
}

/// The `params` of all dispatches in one buffer.
struct Uniforms {
    buffer: wgpu::Buffer,
    stride: usize,
}

impl Uniforms {
    fn new(gpu: &Gpu, params: &[Vec<u8>]) -> Self {
        let longest = params.iter().map(Vec::len).max().unwrap_or(0);
        let stride = longest.next_multiple_of(UNIFORM_ALIGNMENT);
        let mut packed = vec![0; (params.len() * stride).max(UNIFORM_ALIGNMENT)];
        for (i, bytes) in params.iter().enumerate() {
            packed[i * stride..][..bytes.len()].copy_from_slice(bytes);
        }
        let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("parameters of passes"),
            size: packed.len() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        gpu.queue.write_buffer(&buffer, 0, &packed);
        Self { buffer, stride }
    }

    /// The `params` of dispatch `i`.
    fn of(&self, i: usize, params: &[Vec<u8>]) -> wgpu::BufferBinding<'_> {
        wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: (i * self.stride) as u64,
            size: wgpu::BufferSize::new(params[i].len() as u64),
        }
    }
}

fn bind(
    gpu: &Gpu,
    label: &str,
    kernel: &Kernel,
    pipeline: &Pipeline,
    buffers: &[wgpu::Buffer],
    params: wgpu::BufferBinding<'_>,
) -> wgpu::BindGroup {
    let reflection = &pipeline.reflection;
    let params = reflection
        .params_binding
        .map(|binding| wgpu::BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::Buffer(params),
        });
    let bindings =
        kernel
            .describe()
            .bindings()
            .into_iter()
            .map(|Binding { name, view, .. }| wgpu::BindGroupEntry {
                binding: reflection.bindings[name],
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffers[view.buffer.0],
                    offset: 4 * view.offset as u64,
                    size: wgpu::BufferSize::new((4 * view.len as u64).next_multiple_of(16)),
                }),
            });
    let entries: Vec<_> = params.into_iter().chain(bindings).collect();
    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(label),
        layout: &pipeline.pipeline.get_bind_group_layout(0),
        entries: &entries,
    })
}

/// Workgroups along x, y and z.
fn workgroups(gpu: &Gpu, label: &str, kernel: &Kernel, pipeline: &Pipeline) -> Result<[u32; 3]> {
    let grid = kernel.describe().grid();
    if let Grid::Product { terms, .. } = grid
        && terms > LONGEST_SUM
        && gpu.is_software()
    {
        return Err(Error::Device(format!(
            "the pass {label} adds up {terms} terms, but software drivers end loops after 65 535 iterations and would give a wrong \
             result: run on the CPU with --device cpu"
        )));
    }
    let limit = gpu.device.limits().max_compute_workgroups_per_dimension as usize;
    pipeline.groups(grid, limit).ok_or_else(|| {
        Error::Device(format!(
            "the pass {label} needs more than {limit} workgroups: choose a smaller batch"
        ))
    })
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
            let index = self.submit(0..self.dispatches.len(), now);
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
        let update = self.update.ok_or_else(|| no_segments(segment))?;
        let first = self
            .dispatches
            .partition_point(|dispatch| dispatch.position < update);
        self.submit(
            match segment {
                Segment::Gradient => 0..first,
                Segment::Update => first..self.dispatches.len(),
            },
            1,
        );
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
