//! Which GPUs there are, and which one is taken.

use super::family::Matrices;
use crate::error::{Error, Result};

/// What `nrae doctor` tells of an adapter.
#[derive(Clone, Debug, serde::Serialize)]
pub struct AdapterReport {
    /// Name of the device.
    pub name: String,
    /// Vulkan, Metal or DX12.
    pub backend: String,
    /// `DiscreteGpu`, `IntegratedGpu`, `VirtualGpu`, `Cpu` or `Other`.
    pub kind: String,
    /// Driver with its version.
    pub driver: String,
    /// Largest binding, in bytes.
    pub max_binding_bytes: u64,
    /// Largest buffer, in bytes.
    pub max_buffer_bytes: u64,
    /// Largest workgroup, in invocations.
    pub max_workgroup: u32,
    /// Workgroup memory, in bytes.
    pub workgroup_bytes: u32,
    /// Whether passes can be timed on the device.
    pub timestamps: bool,
    /// Side of the cooperative matrices that `--precision f16` multiplies on, where there are any.
    pub matrix_side: Option<usize>,
}

pub(super) fn instance() -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    // The validation layers of a debug build are the driver developers' business; our own tests
    // validate the shaders.
    descriptor.flags = wgpu::InstanceFlags::empty();
    wgpu::Instance::new(descriptor.with_env())
}

/// Every adapter, the preferred first: discrete, integrated, virtual, other, software; then in the
/// order of the drivers.
pub(super) fn ranked() -> Vec<wgpu::Adapter> {
    let instance = instance();
    let mut adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    adapters.sort_by_key(|adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    });
    adapters
}

pub(super) fn is_software(info: &wgpu::AdapterInfo) -> bool {
    info.device_type == wgpu::DeviceType::Cpu
}

pub(super) fn driver(info: &wgpu::AdapterInfo) -> String {
    format!("{} {}", info.driver, info.driver_info)
        .trim()
        .to_owned()
}

/// The largest square cooperative matrices of f16 with sums in f32, or what the adapter lacks.
pub(super) fn matrices(adapter: &wgpu::Adapter) -> std::result::Result<Matrices, String> {
    let features = adapter.features();
    if !features.contains(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX) {
        return Err("its driver has no cooperative matrices".into());
    }
    if !features.contains(wgpu::Features::SHADER_F16) {
        return Err("its driver has no f16".into());
    }
    if !features.contains(wgpu::Features::SUBGROUP) {
        return Err("its driver has no subgroup operations".into());
    }
    let info = adapter.get_info();
    if info.subgroup_min_size != info.subgroup_max_size {
        return Err(format!(
            "its subgroups have between {} and {} lanes",
            info.subgroup_min_size, info.subgroup_max_size
        ));
    }
    let listed = adapter.cooperative_matrix_properties();
    let sides = listed.iter().filter(|matrix| {
        let types = (matrix.ab_type, matrix.cr_type);
        matrix.m_size == matrix.n_size
            && matrix.n_size == matrix.k_size
            && types
                == (
                    wgpu::CooperativeScalarType::F16,
                    wgpu::CooperativeScalarType::F32,
                )
    });
    let side = sides.map(|matrix| matrix.m_size as usize).max();
    side.map(|side| Matrices {
        side,
        subgroup: info.subgroup_max_size as usize,
        split: false,
    })
    .ok_or_else(|| "it lists no square cooperative matrices of f16 with sums in f32".into())
}

/// Every adapter of this machine, the preferred first.
pub fn adapters() -> Vec<AdapterReport> {
    ranked()
        .iter()
        .map(|adapter| {
            let (info, limits) = (adapter.get_info(), adapter.limits());
            AdapterReport {
                driver: driver(&info),
                name: info.name,
                backend: info.backend.to_string(),
                kind: format!("{:?}", info.device_type),
                max_binding_bytes: limits.max_storage_buffer_binding_size,
                max_buffer_bytes: limits.max_buffer_size,
                max_workgroup: limits.max_compute_invocations_per_workgroup,
                workgroup_bytes: limits.max_compute_workgroup_storage_size,
                timestamps: adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY),
                matrix_side: matrices(adapter).ok().map(|matrices| matrices.side),
            }
        })
        .collect()
}

/// The adapter that `wanted` names: by its place in the list of `nrae doctor`, or by a part of its
/// name; the first where nothing is wanted. Of several with such a name, or of the kind of the first,
/// the one whose `turn` it is.
pub(super) fn choose(
    wanted: Option<&str>,
    allow_software: bool,
    turn: usize,
) -> Result<wgpu::Adapter> {
    let mut adapters = ranked();
    let names: Vec<String> = adapters
        .iter()
        .map(|adapter| adapter.get_info().name)
        .collect();
    let kinds: Vec<wgpu::DeviceType> = adapters
        .iter()
        .map(|adapter| adapter.get_info().device_type)
        .collect();
    let number: Option<usize> = wanted.and_then(|wanted| wanted.parse().ok());
    let fits = |&at: &usize| match (wanted, number) {
        (None, _) => allow_software || kinds[at] != wgpu::DeviceType::Cpu,
        (Some(_), Some(number)) if number < adapters.len() => at == number,
        (Some(wanted), _) => names[at].to_lowercase().contains(&wanted.to_lowercase()),
    };
    let fitting: Vec<usize> = (0..adapters.len()).filter(fits).collect();
    let alike = |at: &&usize| kinds[**at] == kinds[fitting[0]];
    let alike: Vec<&usize> = fitting.iter().filter(alike).collect();
    let position = alike.get(turn % alike.len().max(1)).map(|at| **at);
    match (position, wanted) {
        (Some(position), _) => Ok(adapters.swap_remove(position)),
        (None, Some(wanted)) if !names.is_empty() => Err(Error::Device(format!(
            "no GPU adapter is called `{wanted}`: this machine has {}",
            names.iter().enumerate().map(|(i, name)| format!("{i}: {name}")).collect::<Vec<_>>().join(", ")
        ))),
        _ => Err(Error::Device(
            "no GPU adapter was found: install a Vulkan driver for your GPU (for a software driver on Debian or Ubuntu, `apt-get install \
             mesa-vulkan-drivers libvulkan1`), or run on the CPU with --device cpu"
                .into(),
        )),
    }
}
