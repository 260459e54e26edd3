//! Kernels with what they bind, ready to be recorded.

use super::device::Gpu;
use super::fuse::Kernel;
use super::memory::Memory;
use super::pipeline::{Pipeline, PipelineKey};
use super::replicas::ReplicaUniforms;
use crate::engine::{Binding, Grid, Recording};
use crate::error::{Error, Result};
use std::sync::Arc;

/// Terms of a product's sums that fit within 65 535 iterations of all loops together, whichever
/// kernel adds them up.
const LONGEST_SUM: usize = 40_000;
/// Alignment of uniform parameters that every adapter accepts.
const UNIFORM_ALIGNMENT: usize = 256;

pub(super) struct Dispatch {
    /// Position in the recording of the pass that this is, or of the first of two.
    pub(super) position: usize,
    pub(super) label: String,
    kernel: Arc<Pipeline>,
    bind_group: wgpu::BindGroup,
    groups: [u32; 3],
}

/// What is dispatched for `kernels`, each with the position of its first pass in `order` and with
/// its `uniforms` of every replica.
pub(super) fn dispatches(
    gpu: &Gpu,
    ordered: &Recording,
    order: &[usize],
    kernels: &[(usize, Kernel)],
    uniforms: &[ReplicaUniforms],
    memory: &Memory,
) -> Result<Vec<Dispatch>> {
    let replicas = uniforms.first().map_or(1, ReplicaUniforms::len);
    let keys: Vec<_> = kernels
        .iter()
        .zip(uniforms)
        .map(|((_, kernel), uniforms)| PipelineKey::new(kernel, gpu, uniforms.replication()))
        .collect();
    let pipelines = gpu.kernels(&keys);
    let mut labels = Vec::with_capacity(kernels.len());
    let mut groups = Vec::with_capacity(kernels.len());
    for (i, ((at, kernel), pipeline)) in kernels.iter().zip(&pipelines).enumerate() {
        let end = kernels
            .get(i + 1)
            .map_or(ordered.passes.len(), |(next, _)| *next);
        // Of two that come from one pass, both have its name.
        let names: Vec<&str> = ordered.passes[*at..end.max(at + 1)]
            .iter()
            .map(|(label, _)| label.as_str())
            .collect();
        let label = names.join(", ");
        groups.push(workgroups(gpu, &label, kernel, pipeline)?);
        labels.push(label);
    }
    let packed = |i: usize| uniforms[i].pack(&pipelines[i].reflection);
    let params = Uniforms::new(gpu, (0..kernels.len()).map(packed).collect());
    let distances = |i: usize| {
        let bindings = kernels[i].1.describe().bindings();
        pipelines[i].distances(&bindings, memory, groups[i][2])
    };
    let distances = Uniforms::new(gpu, (0..kernels.len()).map(distances).collect());
    let mut dispatches = Vec::with_capacity(kernels.len());
    for (i, (((at, kernel), kernel_pipeline), label)) in
        kernels.iter().zip(pipelines).zip(labels).enumerate()
    {
        let places = [params.of(i), distances.of(i)];
        let bind_group = bind(
            gpu,
            &label,
            kernel,
            &kernel_pipeline,
            memory,
            replicas,
            places,
        );
        let [x, y, z] = groups[i];
        dispatches.push(Dispatch {
            position: order[*at],
            label,
            kernel: kernel_pipeline,
            bind_group,
            groups: [x, y, z * replicas as u32],
        });
    }
    Ok(dispatches)
}

/// Small parameters of all dispatches in one buffer.
struct Uniforms {
    buffer: wgpu::Buffer,
    stride: usize,
    sizes: Vec<usize>,
}

impl Uniforms {
    fn new(gpu: &Gpu, params: Vec<Vec<u8>>) -> Self {
        let longest = params.iter().map(Vec::len).max().unwrap_or(0);
        let stride = longest.next_multiple_of(UNIFORM_ALIGNMENT);
        let mut packed = vec![0; (params.len() * stride).max(UNIFORM_ALIGNMENT)];
        for (i, bytes) in params.iter().enumerate() {
            packed[i * stride..][..bytes.len()].copy_from_slice(bytes);
        }
        let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("parameters of passes"),
            size: packed.len() as u64,
            usage: wgpu::BufferUsages::UNIFORM
                | wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        gpu.queue.write_buffer(&buffer, 0, &packed);
        Self {
            buffer,
            stride,
            sizes: params.iter().map(Vec::len).collect(),
        }
    }

    /// Those of dispatch `i`.
    fn of(&self, i: usize) -> wgpu::BufferBinding<'_> {
        wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: (i * self.stride) as u64,
            size: wgpu::BufferSize::new(self.sizes[i] as u64),
        }
    }
}

/// The bind group of a dispatch, with its `params` and the distances between replicas.
fn bind(
    gpu: &Gpu,
    label: &str,
    kernel: &Kernel,
    pipeline: &Pipeline,
    memory: &Memory,
    replicas: usize,
    [params, distances]: [wgpu::BufferBinding<'_>; 2],
) -> wgpu::BindGroup {
    let reflection = &pipeline.reflection;
    let of_replicas = reflection.params_of_replicas.map(|(binding, _)| binding);
    let params = reflection
        .params_binding
        .or(of_replicas)
        .map(|binding| (binding, params));
    let distances = reflection
        .replicas
        .as_ref()
        .map(|found| (found.binding, distances));
    let bindings =
        kernel
            .describe()
            .bindings()
            .into_iter()
            .map(|Binding { name, view, .. }| {
                (reflection.bindings[name], memory.binding(view, replicas))
            });
    let entries: Vec<_> = params
        .into_iter()
        .chain(distances)
        .chain(bindings)
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::Buffer(buffer),
        })
        .collect();
    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(label),
        layout: &pipeline.pipeline.get_bind_group_layout(0),
        entries: &entries,
    })
}

/// Workgroups of one replica along x, y and z.
pub(super) fn workgroups(
    gpu: &Gpu,
    label: &str,
    kernel: &Kernel,
    pipeline: &Pipeline,
) -> Result<[u32; 3]> {
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
    let groups = pipeline.groups(kernel, limit);
    let groups = groups.map(|[x, y, z]| [x + kernel.groups_beside([y, z]), y, z]);
    let fit = groups.filter(|[x, ..]| *x as usize <= limit);
    fit.ok_or_else(|| {
        Error::Device(format!(
            "the pass {label} needs more than {limit} workgroups: choose a smaller batch"
        ))
    })
}

impl Dispatch {
    pub(super) fn record(&self, pass: &mut wgpu::ComputePass) {
        pass.set_pipeline(&self.kernel.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        let [x, y, z] = self.groups;
        pass.dispatch_workgroups(x, y, z);
    }
}
