//! Which kernel runs what: by the adapter, the shape, and what has been timed.

use super::adapter::is_software;
use super::cache;
use super::device::Gpu;
use super::family::{GemmFamily, LANES};
use super::filtering::Filtering;
use super::fuse::Kernel;
use super::options::{FilteringChoice, GpuOptions, Kernels};
use super::pipeline::PipelineKey;
use super::shader::{Replication, Variant, stand_in};
use super::tile::Tile;
use crate::engine::{Grid, Pass};
use crate::error::{Error, Result};
use crate::tuned::{Product, Tuned};

impl Gpu {
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
pub(super) fn families(adapter: &wgpu::Adapter) -> Vec<GemmFamily> {
    let info = adapter.get_info();
    let subgroups = adapter.features().contains(wgpu::Features::SUBGROUP)
        && [info.subgroup_min_size, info.subgroup_max_size] == [LANES as u32; 2];
    GemmFamily::F32
        .into_iter()
        .filter(|family| *family != GemmFamily::Subgroup || subgroups)
        .collect()
}

/// The family that is asked for, or else the one that suits the adapter.
pub(super) fn chosen_family(
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

/// The table that `options` ask for.
pub(super) fn tuned(options: &GpuOptions, info: &wgpu::AdapterInfo) -> Option<Tuned> {
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
