//! The pictures of a trained model: plain data in, a file out, SVG where its name ends in `.svg` and
//! else PNG.
//!
//! Every function writes its file atomically. Values that are not finite are left out; if nothing
//! is left, the result is an [`Error::Input`](crate::error::Error::Input).

mod canvas;
mod channels;
mod colouring;
mod curves;
mod features;
mod figure;
mod heatmap;
mod image_grid;
mod image_map;
mod latent_line;
mod legend;
mod manifold;
mod manifolds;
mod palette;
mod picture;
mod scale;
mod scatter;
mod shape;
mod surface;
mod text;

#[cfg(test)]
mod tests;

pub use channels::{drawn_channels, shown_channels};
pub use colouring::Colouring;
pub use curves::{Panel, Series, curve_panels, curves, signal_panels};
pub use features::feature_panels;
pub use heatmap::{Field, heatmap};
pub use image_grid::{Captions, image_grid};
pub use image_map::{ImageMap, image_map};
pub use latent_line::latent_line;
pub use manifold::{Neighbourhood, manifold_2d};
pub use manifolds::{Manifold, manifolds};
pub use scatter::{Axes, Latents, scatter, scatter_pairs, scatters};
pub use surface::{Mesh, surface};
