//! A model applied to data, measures of what it learned, and pictures of it.

mod apply;
mod measures;
mod pictures;

pub use apply::{Applied, Jets, gradient, jets};
pub use measures::{psnr, rank_correlation};
pub use pictures::Subject;
