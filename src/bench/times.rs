//! Statistics of repeated measurements.

use crate::error::Result;
use serde::Serialize;
use std::time::Instant;

/// Fewest repeats for a meaningful median.
const REPEATS: usize = 3;

/// Median and extremes of repeated times, in ms.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    /// Median.
    pub milliseconds: f64,
    /// The fastest repeat.
    pub fastest: f64,
    /// The slowest repeat.
    pub slowest: f64,
    /// Repeats.
    pub repeats: usize,
}

impl Times {
    /// Repeats `once`, which returns a time in ms, for about `seconds`.
    ///
    /// # Errors
    /// When `once` fails.
    pub(super) fn repeat(seconds: f64, mut once: impl FnMut() -> Result<f64>) -> Result<Self> {
        let mut times = Vec::new();
        let start = Instant::now();
        while times.len() < REPEATS || start.elapsed().as_secs_f64() < seconds {
            times.push(once()?);
        }
        times.sort_by(f64::total_cmp);
        Ok(Self {
            milliseconds: times[times.len() / 2],
            fastest: times[0],
            slowest: times[times.len() - 1],
            repeats: times.len(),
        })
    }
}
