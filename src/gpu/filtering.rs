//! Minimal filtering on GPUs: convolutions, transposed ones and the gradients to their weights by 9
//! products in the place of 16 (`shaders/shared/product_filtered.wgsl`), as the CPU has them
//! (`cpu/winograd.rs`).
//!
//! No pass is added, and no dispatch: what the products take is formed while operands go to workgroup
//! memory, and all nine of a tile are computed in one workgroup, which puts the results together.

use super::family::GemmFamily;
use super::fuse::Kernel;
use super::tile::Tile;
use crate::engine::ops::Geometry;
use crate::engine::{Grid, Pass};

macro_rules! filtered_shaders {
    ($($of:literal),* $(,)?) => {
        /// Shaders: name and text.
        pub(super) const FILTERED_SHADERS: &[(&str, &str)] = &[$((
            concat!($of, "_filtered"),
            include_str!(concat!("../../shaders/", $of, "_filtered.wgsl")),
        )),*];
    };
}
filtered_shaders!(
    "convolve",
    "convolve_transpose",
    "convolve_weight_adjoint",
    "convolve_parameters_adjoint",
);

/// Terms of a filter and channels of the output from which on the sums around the products cost less
/// than the products that are saved, as on the CPU.
const TERMS: usize = 64;
const OUTPUTS: usize = 16;

/// How a kernel is computed by minimal filtering.
pub(super) struct Filtering {
    /// Name of the shader.
    pub(super) shader: &'static str,
    /// Rows, columns and terms of each of the nine products.
    pub(super) grid: Grid,
    geometry: Geometry,
}

impl Filtering {
    /// Of `kernel`; `None` where that has no such form. Each phase of the image has to see a filter of
    /// 2 x 2 taps, so that the kernel of the convolution is wider than its stride, and at most twice as
    /// wide, on both axes. The stride is 1 or 2, whose phases divide the terms of a step.
    pub(super) fn of(kernel: &Kernel) -> Option<Self> {
        let (geometry, grid) = match kernel {
            Kernel::Pass(pass) => of_pass(pass)?,
            Kernel::ConvolveActivate(fused) => of_pass(fused.product())?,
            Kernel::ConvolveParametersAdjoint(fused) => {
                let (geometry, rows, stretch) = fused.weight();
                (geometry, of_weight(&geometry, rows, stretch))
            }
            _ => return None,
        };
        let Geometry {
            kernel: k, stride, ..
        } = geometry;
        let filters = [k.height, k.width]
            .iter()
            .all(|side| (stride + 1..=2 * stride).contains(side));
        let of = kernel.name();
        let shader = FILTERED_SHADERS
            .iter()
            .find(|(name, _)| name.strip_suffix("_filtered") == Some(of));
        (filters && stride <= 2).then_some(Self {
            shader: shader?.0,
            grid,
            geometry,
        })
    }

    /// The tile that should be faster than `usual`, the tile of [`GemmFamily::Tiled`] for the shape
    /// `by_definition`: where there are channels and outputs enough, and by the costs of both.
    pub(super) fn faster(&self, usual: &Tile, by_definition: Grid) -> Option<Tile> {
        let Geometry {
            inputs,
            outputs,
            stride,
            output_height,
            output_width,
            ..
        } = self.geometry;
        let pays = inputs * stride * stride >= TERMS
            && outputs >= OUTPUTS
            && output_height.min(output_width) >= 2;
        let (tile, family) = (self.fastest(), GemmFamily::Tiled);
        let faster = tile.time(family, self.grid) < usual.time(family, by_definition);
        (pays && faster).then_some(tile)
    }

    /// The fastest tile of minimal filtering.
    pub(super) fn fastest(&self) -> Tile {
        Tile::filtered()
            .into_iter()
            .min_by_key(|tile| tile.time(GemmFamily::Tiled, self.grid))
            .expect("there are some")
    }
}

/// The shader that runs `kernel` by minimal filtering where the shape alone decides.
pub(super) fn filtered_by_shape(kernel: &Kernel) -> Option<&'static str> {
    let (filtering, grid) = (Filtering::of(kernel)?, kernel.describe().grid());
    let usual = Tile::fastest(GemmFamily::Tiled, grid);
    filtering.faster(&usual, grid).map(|_| filtering.shader)
}

fn of_pass(pass: &Pass) -> Option<(Geometry, Grid)> {
    Some(match pass {
        Pass::Convolve(pass) => {
            let g = pass.geometry;
            let columns = pass.rows * columns([g.output_height, g.output_width]);
            (g, product([g.outputs, columns, terms(&g)], 1))
        }
        Pass::ConvolveTranspose(pass) => {
            let (g, phases) = (pass.geometry, pass.geometry.stride.pow(2));
            let columns = pass.rows * columns([g.height, g.width].map(|s| s.div_ceil(g.stride)));
            (g, product([g.inputs, columns, g.outputs], phases))
        }
        Pass::ConvolveWeightAdjoint(pass) => {
            let g = pass.geometry;
            (g, of_weight(&g, pass.rows, pass.stretch))
        }
        _ => return None,
    })
}

fn of_weight(g: &Geometry, rows: usize, stretch: usize) -> Grid {
    let tiles = g.output_height.div_ceil(2) * g.output_width.div_ceil(2);
    product(
        [g.outputs, terms(g), stretch * tiles],
        rows.div_ceil(stretch),
    )
}

/// Channels and phases.
fn terms(g: &Geometry) -> usize {
    g.inputs * g.stride * g.stride
}

/// Tiles of 2 x 2 places, of which a line has an even number (`shaders/shared/tiles_of_image.wgsl`).
fn columns([high, wide]: [usize; 2]) -> usize {
    high.div_ceil(2) * wide.div_ceil(4) * 2
}

fn product([rows, columns, terms]: [usize; 3], parts: usize) -> Grid {
    Grid::Product {
        rows,
        columns,
        terms,
        parts,
        rows_per_jet: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::Convolve;
    use crate::engine::{Recording, View};

    fn convolution(
        [inputs, outputs, side]: [usize; 3],
        kernel: [usize; 2],
        stride: usize,
    ) -> Kernel {
        let view: View = Recording::default().reals("nothing", 0);
        let output = side / stride;
        let geometry = Geometry {
            inputs,
            height: side,
            width: side,
            outputs,
            output_height: output,
            output_width: output,
            kernel: kernel.into(),
            stride,
            padding: 1.into(),
        };
        let pass = Convolve {
            image: view,
            weight: view,
            bias: view,
            output: view,
            rows: 200,
            slots: 1,
            geometry,
        };
        Kernel::Pass(pass.into())
    }

    #[test]
    fn filtering_is_chosen_by_geometry_and_channels() {
        for (channels, kernel, stride, pays, why) in [
            ([64, 128, 16], [4, 4], 2, true, "a layer of conv32"),
            ([128, 256, 8], [4, 4], 2, true, "another"),
            (
                [64, 128, 16],
                [3, 4],
                2,
                false,
                "12 taps, nearly as few as 9 products",
            ),
            ([64, 128, 16], [2, 2], 1, true, "one phase"),
            ([3, 64, 32], [4, 4], 2, false, "few channels"),
            ([64, 8, 16], [4, 4], 2, false, "few channels of the output"),
            ([64, 128, 16], [3, 3], 1, false, "three taps"),
            ([64, 128, 16], [2, 2], 2, false, "one tap"),
            (
                [64, 128, 16],
                [5, 5],
                3,
                false,
                "phases that do not divide a step",
            ),
            ([64, 128, 16], [4, 2], 2, false, "one tap along an axis"),
            ([64, 128, 2], [4, 4], 2, false, "a single output"),
        ] {
            let found = filtered_by_shape(&convolution(channels, kernel, stride));
            assert_eq!(found, pays.then_some("convolve_filtered"), "{why}");
        }
    }

    #[test]
    fn columns_are_whole_pairs_of_tiles() {
        let sides = [[8, 8], [7, 7], [1, 1], [2, 9], [3, 4]];
        assert_eq!(sides.map(columns), [16, 16, 2, 6, 4]);
    }
}
