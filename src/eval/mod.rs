//! A model applied to data, and measures of what it learned.

mod apply;
mod measures;

pub use apply::{Applied, Jets, jets};
pub use measures::{psnr, rank_correlation};
