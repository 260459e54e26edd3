//! The pictures of a trained model: plain data in, a PNG file out.
//!
//! Every function writes its file atomically. Values that are not finite are left out; if nothing
//! is left, the result is an [`Error::Input`](crate::error::Error::Input).

mod canvas;
mod curves;
mod figure;
mod heatmap;
mod image_grid;
mod latent_line;
mod legend;
mod manifold;
mod palette;
mod picture;
mod scale;
mod scatter;
mod text;

#[cfg(test)]
mod tests;

pub use curves::{Series, curves};
pub use heatmap::{Field, heatmap};
pub use image_grid::image_grid;
pub use latent_line::latent_line;
pub use manifold::{Neighbourhood, manifold_2d};
pub use scatter::scatter;
