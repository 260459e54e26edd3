//! An open device: its queue, its kernels, and what went wrong on it.

use super::adapter::{choose, is_software, matrices};
use super::cache::{self, PipelineCache};
use super::family::{GemmFamily, LANES, Matrices};
use super::filtering::Filtering;
use super::fuse::Kernel;
use super::pipeline::{Pipeline, PipelineKey};
use super::shader::{Replication, Variant, stand_in};
use super::tile::Tile;
use crate::engine::{Grid, Pass};
use crate::error::{Error, Result};
use crate::tuned::{Product, Tuned};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

/// How to open a GPU.
#[derive(Clone, Debug, Default)]
pub struct GpuOptions {
    /// A place in the list of adapters or a part of a name; the environment variable `NRAE_ADAPTER`
    /// where it is not given.
    pub adapter: Option<String>,
    /// Whether a software driver may be taken where nothing better is there.
    pub software: bool,
    /// How products are computed; by the kind of adapter, or as the environment variable
    /// `NRAE_KERNELS` says, where it is not given.
    pub family: Option<GemmFamily>,
    /// How precise products are.
    pub precision: Precision,
    /// The tile of every product, for tests; by the shape where it is not given.
    pub tile: Option<Tile>,
    /// The largest binding in bytes, where it is to be smaller than the adapter's; as the environment
    /// variable `NRAE_LARGEST_BINDING` says, where it is not given.
    pub largest_binding: Option<u64>,
    /// Which kernels compute products.
    pub kernels: Kernels,
    /// Whether shaders run with every check of wgpu, for tests.
    pub checked: bool,
    /// Whether compiled pipelines are kept on disk.
    pub cached: bool,
}

/// Which kernels compute products.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kernels {
    /// Those that the shape and the kind of adapter say.
    #[default]
    ByShape,
    /// Those that `nrae doctor --tune` has timed on the adapter, where it has.
    AsTimed,
    /// Those of a run that goes on.
    Of(Tuned),
}

/// How precise matrix products are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// f32 throughout.
    #[default]
    F32,
    /// Operands of products rounded to f16 with a block exponent, sums in f32, on cooperative
    /// matrices (tensor cores). Products that are narrower than such a matrix stay in f32, as does
    /// everything that is no product.
    F16,
    /// The same with operands split into two f16 each, 22 bits, and three products in the place of
    /// one: errors near those of f32.
    F16x3,
}

impl Precision {
    /// What `--precision` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::F16x3 => "f16x3",
        }
    }
}

/// Which convolutions are computed by minimal filtering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FilteringChoice {
    /// Those that are faster so.
    WherePaid,
    /// None.
    Never,
    /// All that can be, which is for checks.
    Always,
}

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
    families: Vec<GemmFamily>,
    /// Whether no other family than `family` may be taken.
    one_family: bool,
    matrices: Option<Matrices>,
    tuned: Option<Tuned>,
    pub(super) tile: Option<Tile>,
    pub(super) checked: bool,
    pub(super) timestamps: bool,
    /// What `NRAE_LEVELS` says.
    levels: Option<bool>,
    /// What `NRAE_FILTERING` says.
    filtering: FilteringChoice,
    fault: Arc<Mutex<Option<String>>>,
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
        let from_environment = std::env::var("NRAE_ADAPTER").ok();
        let adapter = choose(
            options.adapter.as_deref().or(from_environment.as_deref()),
            options.software,
        )?;
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

    /// The families of product kernels that this adapter can run.
    pub fn families(&self) -> &[GemmFamily] {
        &self.families
    }

    /// The family of kernels that runs `kernel`. Cooperative matrices would be mostly empty where a
    /// side of a product is shorter than theirs, and what is known of the rounding of distances
    /// holds for f32.
    pub(super) fn family_for(&self, kernel: &Kernel) -> GemmFamily {
        match (self.matrices, kernel.describe().grid()) {
            (
                Some(matrices),
                Grid::Product {
                    rows,
                    columns,
                    terms,
                    ..
                },
            ) if !matches!(kernel, Kernel::Pass(Pass::BlockDistances(_)))
                && rows.min(columns).min(terms) >= matrices.side =>
            {
                GemmFamily::Cooperative(matrices)
            }
            _ => self.family,
        }
    }

    /// Whether a fused kernel runs here, rather than its two passes one after the other.
    ///
    /// One kernel saves a dispatch and the wait for it, of which software drivers have little,
    /// while every product is compiled again for each activation. Its threads exchange results
    /// through a coherent buffer, which naga cannot declare beside cooperative matrices.
    pub(super) fn fuses(&self, kernel: &Kernel) -> bool {
        self.family_for(kernel) == GemmFamily::Tiled
            && self
                .device
                .features()
                .contains(wgpu::Features::MEMORY_DECORATION_COHERENT)
    }

    /// Whether kernels are those of real GPUs, also where a software driver has been told to run
    /// them.
    pub(super) fn has_gpu_kernels(&self) -> bool {
        self.matrices.is_some() || self.family == GemmFamily::Tiled
    }

    /// Whether dispatches of one level run side by side; see `schedule.rs`.
    pub(super) fn runs_levels(&self) -> bool {
        self.levels.unwrap_or(self.has_gpu_kernels())
    }

    /// The families and tiles that can compute `kernel` here, where there is a choice: those of the
    /// family that runs it first. Fused kernels have no other.
    pub(super) fn candidates(&self, kernel: &Kernel) -> Vec<(GemmFamily, Tile)> {
        let own = self.family_for(kernel);
        let Some(product) = product(kernel) else {
            return Vec::new();
        };
        if own == GemmFamily::Tiled && stand_in(kernel).is_some() {
            return Vec::new();
        }
        // Software drivers take minutes and gigabytes to compile large tiles in workgroup memory.
        let other = |family: &&GemmFamily| {
            let compiles = !self.is_software() || **family != GemmFamily::Tiled;
            **family != own && !self.one_family && compiles && matches!(kernel, Kernel::Pass(_))
        };
        let families = std::iter::once(own).chain(self.families.iter().filter(other).copied());
        let filtered = if self.filtering(kernel, own).is_some() {
            Tile::filtered()
        } else {
            Vec::new()
        };
        let whole = families
            .flat_map(|family| {
                Tile::all(family)
                    .into_iter()
                    .map(move |tile| (family, tile))
            })
            .filter(|(_, tile)| tile.fits(product.rows_per_jet));
        let cut = Tile::cut(own, product.shape).map(|(tile, _)| tile);
        let cut = cut.filter(|_| kernel.can_be_cut());
        let others = filtered.into_iter().chain(cut);
        whole.chain(others.map(|tile| (own, tile))).collect()
    }

    /// The tile in which `kernel` runs in parts, where it does.
    pub(super) fn cut(&self, kernel: &Kernel) -> Option<Tile> {
        if !kernel.can_be_cut() || self.tile.is_some() {
            return None;
        }
        let own = self.family_for(kernel);
        let by_shape = || (own, self.tile_by_shape(kernel, own));
        let (family, tile) = self.timed(kernel).unwrap_or_else(by_shape);
        (family == own && tile.parts > 1).then_some(tile)
    }

    /// How `kernel` is computed by minimal filtering, where it can be in `family`.
    fn filtering(&self, kernel: &Kernel, family: GemmFamily) -> Option<Filtering> {
        let allowed = family == GemmFamily::Tiled && self.filtering != FilteringChoice::Never;
        allowed.then(|| Filtering::of(kernel)).flatten()
    }

    /// The tile of `kernel` in `family` where nothing has been timed.
    pub(super) fn tile_by_shape(&self, kernel: &Kernel, family: GemmFamily) -> Tile {
        let grid = kernel.describe().grid();
        if kernel.can_be_cut() {
            return Tile::fastest_or_cut(family, grid);
        }
        let usual = Tile::fastest(family, grid);
        let tile = self.filtering(kernel, family).and_then(|filtering| {
            if self.filtering == FilteringChoice::Always {
                Some(filtering.fastest())
            } else {
                filtering.faster(&usual, grid)
            }
        });
        tile.unwrap_or(usual)
    }

    /// The tile that tests ask for, where it can compute `kernel` in `family`.
    fn forced_tile(&self, kernel: &Kernel, family: GemmFamily) -> Option<Tile> {
        let Grid::Product { rows_per_jet, .. } = kernel.describe().grid() else {
            return None;
        };
        self.tile.filter(|tile| {
            if tile.filtered {
                self.filtering(kernel, family).is_some()
            } else {
                Tile::all(family).contains(tile) && tile.rows >= rows_per_jet
            }
        })
    }

    /// What the table of timed kernels says of `kernel`.
    fn timed(&self, kernel: &Kernel) -> Option<(GemmFamily, Tile)> {
        let tuned = self.tuned.as_ref().filter(|_| self.tile.is_none())?;
        let product = product(kernel)?;
        let entry = tuned
            .products
            .iter()
            .find(|entry| entry.product == product)?;
        // A table of another version may name what there is no longer.
        self.candidates(kernel)
            .into_iter()
            .find(|(family, tile)| family.name() == entry.family && tile.name() == entry.tile)
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

/// What decides how long a tile takes for `kernel`; `None` where it is no product.
pub(super) fn product(kernel: &Kernel) -> Option<Product> {
    let Grid::Product {
        rows,
        columns,
        terms,
        parts,
        rows_per_jet,
    } = kernel.describe().grid()
    else {
        return None;
    };
    Some(Product {
        kernel: kernel.name().to_owned(),
        shape: [rows, columns, terms],
        parts,
        rows_per_jet,
    })
}

/// The table that `options` ask for.
fn tuned(options: &GpuOptions, info: &wgpu::AdapterInfo) -> Option<Tuned> {
    match &options.kernels {
        Kernels::ByShape => None,
        Kernels::AsTimed => cache::read_tuned(info, options.precision),
        Kernels::Of(tuned) if tuned.adapter == info.name => Some(tuned.clone()),
        Kernels::Of(tuned) => {
            log::warn!(
                "the kernels of this run were timed on {}, so that on {} they are chosen by shape, and its results are others",
                tuned.adapter,
                info.name
            );
            None
        }
    }
}

impl PipelineKey {
    /// Of a kernel on `gpu`, for so many networks.
    pub(super) fn new(kernel: &Kernel, gpu: &Gpu, replication: Replication) -> Self {
        let (mut family, pass) = (gpu.family_for(kernel), kernel.describe());
        let stand_in = (family == GemmFamily::Tiled && gpu.tile.is_none())
            .then(|| stand_in(kernel))
            .flatten();
        let timed = gpu.timed(kernel);
        if let Some((of_timed, _)) = timed {
            family = of_timed;
        }
        let tile = match pass.grid() {
            Grid::Product { .. } if stand_in.is_none() => {
                let given = gpu.forced_tile(kernel, family);
                let given = given.or(timed.map(|(_, tile)| tile));
                Some(given.unwrap_or_else(|| gpu.tile_by_shape(kernel, family)))
            }
            _ => None,
        };
        let filtering = match tile {
            Some(tile) if tile.filtered => Filtering::of(kernel),
            _ => None,
        };
        let filtered = filtering.map(|filtering| filtering.shader);
        let name = stand_in.or(filtered).unwrap_or(kernel.name());
        Self {
            name,
            constants: pass.overrides(),
            variant: Variant {
                epilogue: kernel.epilogue(),
                sums_parts: matches!(kernel, Kernel::OfParts(_)),
                replication,
                ..Variant::of(name, family, tile, &pass.uniforms())
            },
        }
    }
}

/// The families that an adapter can run, the best for software drivers last.
fn families(adapter: &wgpu::Adapter) -> Vec<GemmFamily> {
    let info = adapter.get_info();
    let subgroups = adapter.features().contains(wgpu::Features::SUBGROUP)
        && [info.subgroup_min_size, info.subgroup_max_size] == [LANES as u32; 2];
    GemmFamily::F32
        .into_iter()
        .filter(|family| *family != GemmFamily::Subgroup || subgroups)
        .collect()
}

/// What `NRAE_KERNELS` says.
fn family_from_environment() -> Result<Option<GemmFamily>> {
    let Ok(name) = std::env::var("NRAE_KERNELS") else {
        return Ok(None);
    };
    let unknown = || {
        Error::input(format!(
            "NRAE_KERNELS is `{name}`, but the kernel families are `tiled`, `register` and `subgroup`"
        ))
    };
    GemmFamily::named(&name).map(Some).ok_or_else(unknown)
}

/// What `NRAE_LARGEST_BINDING` says.
fn largest_binding_from_environment() -> Result<Option<u64>> {
    let Ok(text) = std::env::var("NRAE_LARGEST_BINDING") else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        Error::input(format!(
            "NRAE_LARGEST_BINDING is `{text}`, but it is a number of bytes"
        ))
    })
}

/// What `NRAE_FILTERING` says.
fn filtering_from_environment() -> Result<FilteringChoice> {
    match std::env::var("NRAE_FILTERING").as_deref() {
        Err(_) => Ok(FilteringChoice::WherePaid),
        Ok("off") => Ok(FilteringChoice::Never),
        Ok("always") => Ok(FilteringChoice::Always),
        Ok(other) => Err(Error::input(format!(
            "NRAE_FILTERING is `{other}`, but it can be `off` or `always`"
        ))),
    }
}

/// What the environment variable `name` says, `on` or `off`.
fn switch_from_environment(name: &str) -> Result<Option<bool>> {
    match std::env::var(name).as_deref() {
        Err(_) => Ok(None),
        Ok("on") => Ok(Some(true)),
        Ok("off") => Ok(Some(false)),
        Ok(other) => Err(Error::input(format!(
            "{name} is `{other}`, but it can be `on` or `off`"
        ))),
    }
}

/// The family that is asked for, or else the one that suits the adapter.
fn chosen_family(
    asked: Option<GemmFamily>,
    info: &wgpu::AdapterInfo,
    families: &[GemmFamily],
) -> Result<GemmFamily> {
    let family = asked.unwrap_or(if is_software(info) {
        families[families.len() - 1]
    } else {
        GemmFamily::Tiled
    });
    if !families.contains(&family) {
        let lanes = format!(
            "its subgroups have {} to {} lanes, not {LANES}",
            info.subgroup_min_size, info.subgroup_max_size
        );
        return Err(Error::input(format!(
            "the adapter {} has no kernels of the family `subgroup`: {lanes}",
            info.name
        )));
    }
    Ok(family)
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

/// Where the callbacks of `device` leave the first thing that goes wrong on it.
fn remember_faults(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Arc<Mutex<Option<String>>> {
    let fault = Arc::new(Mutex::new(None::<String>));
    let remember = |fault: &Mutex<Option<String>>, message: String| {
        fault
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .get_or_insert(message);
    };
    let shared = fault.clone();
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        let message = match error {
            wgpu::Error::OutOfMemory { .. } => {
                "the GPU ran out of memory: choose a smaller batch, or run on the CPU with --device cpu".into()
            }
            other => format!("the GPU refused an operation: {other}"),
        };
        remember(&shared, message);
    }));
    let (shared, name) = (fault.clone(), info.name.clone());
    device.set_device_lost_callback(move |reason, message| {
        if reason != wgpu::DeviceLostReason::Destroyed {
            remember(
                &shared,
                format!(
                    "the GPU {name} was lost ({message}): try a smaller batch, or another --adapter"
                ),
            );
        }
    });
    fault
}

impl Device {
    /// The first thing that went wrong on this device, as an error.
    pub(super) fn check(&self) -> Result<()> {
        match &*self
            .fault
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
        {
            Some(message) => Err(Error::Device(message.clone())),
            None => Ok(()),
        }
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
