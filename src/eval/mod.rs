//! A model applied to data, measures of what it learned, and pictures of it.

mod clean;
mod density;
mod derivatives;
mod elbo;
mod field;
mod finite;
mod geodesic;
mod geometry;
mod jets;
mod linear;
mod manifold;
mod measures;
mod neighbourhood_loss;
mod neighbourhoods;
mod pictures;
mod predictor;
mod tridiagonal;

pub use clean::CleanErrors;
pub use density::{Mixture, draw_prior};
pub use derivatives::{Derivatives, decoder_derivatives};
pub use elbo::Elbo;
pub use field::CurvatureField;
pub use geodesic::{Geodesic, GeodesicOptions, points_along, straight_line};
pub use geometry::{Curvature, MOST_CONDITION, Metric};
pub use jets::{Jets, gradient, jets};
pub use linear::Pca;
pub use manifold::{CURVED_DIMENSIONS, ManifoldMeasures};
pub use measures::{Quantiles, psnr, rank_correlation};
pub(crate) use measures::{ranks, short};
pub use neighbourhood_loss::{Expansion, NeighbourhoodLoss};
pub use neighbourhoods::Preservation;
pub(crate) use pictures::colouring;
pub use pictures::{PlotInputs, decoded_curve};
pub use predictor::Predictor;
