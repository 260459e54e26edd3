//! `nrae shader`

use super::{Outcome, output};
use crate::error::{Error, Result};
use crate::gpu::shader::{self, Variant};
use crate::gpu::{GemmFamily, Tile};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae shader                                  the names of all shaders
  nrae shader activate
  nrae shader linear --family register
  nrae shader convolve --family tiled --tile 32x32
  nrae shader linear --tile 32x32/4 --vectors";

/// Print a shader as wgpu gets it, with imports and repeats expanded
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ShaderArguments {
    /// Name of the shader, as `nrae net --passes` shows it; lists all names where it is not given
    name: Option<String>,
    /// Family of product kernels: tiled, register or subgroup
    #[arg(long, value_name = "NAME", default_value = "tiled")]
    family: String,
    /// Rows and columns of the tile of a product, and its slices where it has several; the largest of
    /// the family where it is not given
    #[arg(long, value_name = "RxC")]
    tile: Option<String>,
    /// Four values at a time, as for sides that are multiples of 4: products in the family tiled, and
    /// element-wise shaders
    #[arg(long)]
    vectors: bool,
}

impl ShaderArguments {
    pub(super) fn run(self) -> Outcome {
        let Some(name) = &self.name else {
            shader::names().try_for_each(output::line)?;
            return Ok(ExitCode::SUCCESS);
        };
        if !shader::names().any(|known| known == name) {
            return Err(Error::input(format!(
                "there is no shader `{name}`: `nrae shader` without a name lists all"
            )));
        }
        let family = GemmFamily::named(&self.family).ok_or_else(|| {
            Error::input(format!(
                "there is no family of kernels `{}`: choose tiled, register or subgroup",
                self.family
            ))
        })?;
        if self.vectors && !shader::moves_vectors(name, family) {
            return Err(Error::input(format!(
                "{name} moves value by value in the family {}: leave out --vectors, or choose a product in the family tiled or an \
                 element-wise shader",
                self.family
            )));
        }
        let variant = Variant {
            vectors: self.vectors,
            ..Variant::new(family, Some(self.tile_of(name, family)?))
        };
        let text = shader::source(name, &variant);
        output::line(text.trim_end())?;
        Ok(ExitCode::SUCCESS)
    }

    fn tile_of(&self, name: &str, family: GemmFamily) -> Result<Tile> {
        let tiles = shader::tiles(name, family);
        let Some(first) = tiles.first() else {
            return Err(Error::input(format!(
                "{name} has no form in the family {}: choose tiled",
                self.family
            )));
        };
        let Some(wanted) = &self.tile else {
            return Ok(*first);
        };
        let found = tiles.iter().find(|tile| tile.name() == *wanted);
        found.copied().ok_or_else(|| {
            let names: Vec<_> = tiles.iter().map(Tile::name).collect();
            Error::input(format!(
                "{name} has no tile {wanted} in the family {}: choose from {}",
                self.family,
                names.join(", ")
            ))
        })
    }
}
