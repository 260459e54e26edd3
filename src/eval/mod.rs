//! A model applied to data, measures of what it learned, and pictures of it.

mod apply;
mod derivatives;
mod evidence;
mod field;
mod geometry;
mod manifold;
mod measures;
mod neighbourhoods;
mod pictures;

pub use apply::{Applied, Jets, gradient, jets};
pub use derivatives::{Derivatives, decoder_derivatives};
pub use evidence::Evidence;
pub use field::CurvatureField;
pub use geometry::{Curvature, MOST_CONDITION, Metric};
pub use manifold::{CURVED_DIMENSIONS, ManifoldMeasures};
pub use measures::{Quantiles, psnr, rank_correlation};
pub use neighbourhoods::Preservation;
pub use pictures::Subject;
