//! An open device: its queue, its kernels, and what went wrong on it.

use super::adapter::{choose, is_software, matrices};
use super::cache::PipelineCache;
use super::choice::{chosen_family, families, tuned};
use super::family::{GemmFamily, Matrices};
use super::options::{
    FilteringChoice, GpuOptions, Precision, family_from_environment, filtering_from_environment,
    largest_binding_from_environment, switch_from_environment,
};
use super::pipeline::{Pipeline, PipelineKey};
use super::tile::Tile;
use crate::error::{Error, Result};
use crate::tuned::Tuned;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

/// A GPU as an executor.
#[derive(Clone, Debug)]
pub struct Gpu(Arc<Device>);

/// What all sessions of a device share.
#[derive(Clone, Debug)]
pub struct Device {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) info: wgpu::AdapterInfo,
    pub(super) family: GemmFamily,
    pub(super) families: Vec<GemmFamily>,
    /// Whether no other family than `family` may be taken.
    pub(super) one_family: bool,
    pub(super) matrices: Option<Matrices>,
    pub(super) tuned: Option<Tuned>,
    pub(super) tile: Option<Tile>,
    pub(super) checked: bool,
    pub(super) timestamps: bool,
    /// What `NRAE_LEVELS` says.
    pub(super) levels: Option<bool>,
    /// What `NRAE_FILTERING` says.
    pub(super) filtering: FilteringChoice,
    fault: Arc<Mutex<Option<Fault>>>,
    kernels: Arc<Mutex<HashMap<PipelineKey, Arc<Pipeline>>>>,
    pub(super) cache: Option<Arc<PipelineCache>>,
}

impl std::ops::Deref for Gpu {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.0
    }
}

impl Gpu {
    /// Opens the adapter that `options` name, with all of its limits.
    ///
    /// # Errors
    /// When there is no such adapter or it refuses a device.
    pub fn open(options: &GpuOptions) -> Result<Self> {
        Self::on(adapter(options)?, options)
    }

    /// As [`Gpu::open`], but `None` where there is no adapter and none is named.
    ///
    /// # Errors
    /// When the adapter that is named is not there, or one refuses a device.
    pub fn open_if_there(options: &GpuOptions) -> Result<Option<Self>> {
        let named = options.adapter.is_some() || std::env::var_os("NRAE_ADAPTER").is_some();
        match adapter(options) {
            Ok(adapter) => Self::on(adapter, options).map(Some),
            Err(error) if named => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn on(adapter: wgpu::Adapter, options: &GpuOptions) -> Result<Self> {
        let info = adapter.get_info();
        let timestamps = adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        let families = families(&adapter);
        let asked = match options.family {
            Some(family) => Some(family),
            None => family_from_environment()?,
        };
        let family = chosen_family(asked, &info, &families)?;
        let matrices = match options.precision {
            Precision::F32 => None,
            Precision::F16 | Precision::F16x3 => {
                let found = matrices(&adapter).map_err(|lacks| {
                    Error::input(format!(
                        "the adapter {} cannot multiply in {}, since {lacks}: leave out --precision",
                        info.name,
                        options.precision.name()
                    ))
                })?;
                Some(Matrices {
                    split: options.precision == Precision::F16x3,
                    ..found
                })
            }
        };
        let levels = switch_from_environment("NRAE_LEVELS")?;
        let filtering = filtering_from_environment()?;
        let tuned = tuned(options, &info);
        let largest = match options.largest_binding {
            Some(bytes) => Some(bytes),
            None => largest_binding_from_environment()?,
        };
        let (device, queue) = request(&adapter, options.cached, matrices.is_some(), largest)?;
        let fault = remember_faults(&device, &info);
        let cached = device.features().contains(wgpu::Features::PIPELINE_CACHE);
        let cache = if cached {
            PipelineCache::open(&device, &info).map(Arc::new)
        } else {
            None
        };
        Ok(Self(Arc::new(Device {
            device,
            queue,
            info,
            family,
            families,
            one_family: asked.is_some(),
            matrices,
            tuned,
            tile: options.tile,
            checked: options.checked,
            timestamps,
            levels,
            filtering,
            fault,
            kernels: Arc::default(),
            cache,
        })))
    }

    /// The kernels of `keys`. Those that no session of this device has asked for yet are built, on
    /// all cores: drivers take most of a cold start for that.
    pub(super) fn kernels(&self, keys: &[PipelineKey]) -> Vec<Arc<Pipeline>> {
        let lock = || {
            self.kernels
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
        };
        let missing: HashSet<_> = {
            let kernels = lock();
            keys.iter()
                .filter(|key| !kernels.contains_key(*key))
                .collect()
        };
        let new = !missing.is_empty();
        // Not under the lock: while it waits for the others, a thread may take up work that asks
        // for kernels too.
        let built: Vec<_> = missing
            .into_par_iter()
            .map(|key| {
                let pipeline =
                    Pipeline::new(key, &self.device, self.checked, self.cache.as_deref());
                (key.clone(), Arc::new(pipeline))
            })
            .collect();
        if let Some(cache) = self.cache.as_ref().filter(|_| new) {
            cache.save();
        }
        let mut kernels = lock();
        kernels.extend(built);
        keys.iter().map(|key| kernels[key].clone()).collect()
    }

    /// The table of timed kernels, where there is one.
    pub(super) fn tuned_kernels(&self) -> Option<&Tuned> {
        self.tuned.as_ref()
    }

    /// The same device with another table of timed kernels.
    pub(super) fn with_tuned(&self, tuned: Option<Tuned>) -> Self {
        Self(Arc::new(Device {
            tuned,
            ..(*self.0).clone()
        }))
    }

    /// Cooperative matrices, where products run on them.
    pub fn matrices(&self) -> Option<Matrices> {
        self.matrices
    }

    /// Bytes that are allocated on the device, where its backend tells.
    pub fn allocated_bytes(&self) -> Option<u64> {
        self.device
            .generate_allocator_report()
            .map(|report| report.total_allocated_bytes)
    }

    /// Whether this is a software driver rather than a GPU.
    pub fn is_software(&self) -> bool {
        is_software(&self.info)
    }
}

/// The adapter that `options` or the environment name.
fn adapter(options: &GpuOptions) -> Result<wgpu::Adapter> {
    let from_environment = std::env::var("NRAE_ADAPTER").ok();
    let wanted = options.adapter.as_deref().or(from_environment.as_deref());
    choose(wanted, options.software, options.turn)
}

/// Requests the device with what the adapter has of the features that kernels use: those of
/// cooperative matrices only where `matrices` says so.
fn request(
    adapter: &wgpu::Adapter,
    cached: bool,
    matrices: bool,
    largest_binding: Option<u64>,
) -> Result<(wgpu::Device, wgpu::Queue)> {
    let mut features = wgpu::Features::TIMESTAMP_QUERY
        | wgpu::Features::SUBGROUP
        | wgpu::Features::MEMORY_DECORATION_COHERENT;
    if cached {
        features |= wgpu::Features::PIPELINE_CACHE;
    }
    let mut experimental_features = wgpu::ExperimentalFeatures::disabled();
    if matrices {
        features |= wgpu::Features::SHADER_F16 | wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
        // SAFETY: of what is experimental in wgpu only cooperative matrices are used, in the
        // shapes that the adapter lists, on workgroup memory of whole tiles and in uniform
        // control flow.
        experimental_features = unsafe { wgpu::ExperimentalFeatures::enabled() };
    }
    let mut limits = adapter.limits();
    if let Some(bytes) = largest_binding {
        let largest = &mut limits.max_storage_buffer_binding_size;
        *largest = bytes.min(*largest);
    }
    pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
        label: Some("nrae"),
        required_features: adapter.features() & features,
        experimental_features,
        required_limits: limits,
        ..Default::default()
    }))
    .map_err(|error| {
        Error::Device(format!(
            "the adapter {} refused to open a device: {error}",
            adapter.get_info().name
        ))
    })
}

/// Something that went wrong on a device, which its callbacks tell.
#[derive(Clone, Debug)]
struct Fault {
    kind: FaultKind,
    message: String,
}

/// What kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaultKind {
    /// There was too little memory: what needs less may still fit.
    Memory,
    /// An operation was refused.
    Operation,
    /// The device is of no use any more.
    Lost,
}

/// Where the callbacks of `device` leave the first thing that goes wrong on it.
fn remember_faults(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Arc<Mutex<Option<Fault>>> {
    let fault = Arc::new(Mutex::new(None));
    let remember = |faults: &Mutex<Option<Fault>>, fault: Fault| {
        let mut first = faults
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        // What follows from the first is not told; but that a device was lost must not be forgotten.
        if first.is_none() || fault.kind == FaultKind::Lost {
            *first = Some(fault);
        }
    };
    let shared = fault.clone();
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        let (kind, message) = match error {
            wgpu::Error::OutOfMemory { .. } => (
                FaultKind::Memory,
                "the GPU ran out of memory: choose a smaller batch, or run on the CPU with --device cpu".into(),
            ),
            other => (FaultKind::Operation, format!("the GPU refused an operation: {other}")),
        };
        remember(&shared, Fault { kind, message });
    }));
    let (shared, name) = (fault.clone(), info.name.clone());
    device.set_device_lost_callback(move |reason, message| {
        if reason != wgpu::DeviceLostReason::Destroyed {
            let message = format!(
                "the GPU {name} was lost ({message}): try a smaller batch, or another --adapter"
            );
            let kind = FaultKind::Lost;
            remember(&shared, Fault { kind, message });
        }
    });
    fault
}

impl Device {
    /// The first thing that went wrong on this device, as an error. A lack of memory is told once, so
    /// that something smaller can be tried.
    pub(super) fn check(&self) -> Result<()> {
        let mut fault = self
            .fault
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let Some(found) = fault.clone() else {
            return Ok(());
        };
        if found.kind == FaultKind::Memory {
            *fault = None;
        }
        Err(Error::Device(found.message))
    }

    /// Waits until everything that was submitted has run.
    pub(super) fn wait(&self) -> Result<()> {
        self.device
            .poll(wgpu::PollType::wait_indefinitely())
            .map_err(|error| {
                Error::Device(format!(
                    "waiting for the GPU {} failed: {error}",
                    self.info.name
                ))
            })?;
        self.check()
    }
}
