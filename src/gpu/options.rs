//! How to open a GPU: what the caller asks for, and what the environment says.

use super::family::GemmFamily;
use super::tile::Tile;
use crate::error::{Error, Result};
use crate::tuned::Tuned;

/// How to open a GPU.
#[derive(Clone, Debug, Default)]
pub struct GpuOptions {
    /// A place in the list of adapters or a part of a name; the environment variable `NRAE_ADAPTER`
    /// where it is not given.
    pub adapter: Option<String>,
    /// Which of several adapters that are as good to take, counted from 0 and round again: the number
    /// of this process among those of its machine.
    pub turn: usize,
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
pub(super) enum FilteringChoice {
    /// Those that are faster so.
    WherePaid,
    /// None.
    Never,
    /// All that can be, which is for checks.
    Always,
}

/// What `NRAE_KERNELS` says.
pub(super) fn family_from_environment() -> Result<Option<GemmFamily>> {
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
pub(super) fn largest_binding_from_environment() -> Result<Option<u64>> {
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
pub(super) fn filtering_from_environment() -> Result<FilteringChoice> {
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
pub(super) fn switch_from_environment(name: &str) -> Result<Option<bool>> {
    match std::env::var(name).as_deref() {
        Err(_) => Ok(None),
        Ok("on") => Ok(Some(true)),
        Ok("off") => Ok(Some(false)),
        Ok(other) => Err(Error::input(format!(
            "{name} is `{other}`, but it can be `on` or `off`"
        ))),
    }
}
