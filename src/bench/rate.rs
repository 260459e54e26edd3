//! The rate of a pass, and its fraction of the limit measured in the same run.

use super::suite::{plain_streams, square_products};
use super::{Times, Unit, Work};
use crate::error::Result;
use crate::executor::Executor;
use serde::Serialize;

/// Sides of the products that the limit is measured with.
const SIDES: [usize; 4] = [512, 1024, 2048, 4096];
/// Milliseconds of a product after which no larger one is tried: it would not be faster.
const PATIENCE: f64 = 10.0;

/// The speed of a pass.
#[derive(Clone, Debug, Serialize)]
pub struct Rate {
    /// Name of the shader and of its CPU kernel; `limit: ` before it where it is measured as the
    /// limit.
    pub pass: String,
    /// Variant and extents.
    pub shape: String,
    /// The device.
    pub device: String,
    /// Its driver.
    pub driver: String,
    /// Times of a run.
    #[serde(flatten)]
    pub times: Times,
    /// Operations or bytes over the median time; of a limit over the fastest one.
    pub rate: f64,
    /// The unit of `rate` and `limit`.
    pub unit: Unit,
    /// The highest rate measured on the device in the same run.
    pub limit: f64,
    /// `rate` over `limit`.
    pub share: f64,
}

/// The rate that `executor` can reach, by what reaches it: in operations the fastest of large
/// square products, in bytes the fastest of two copies of 128 MiB and Adam.
///
/// # Errors
/// When the device refuses or fails.
pub fn measure_limit(executor: &dyn Executor, unit: Unit, seconds: f64) -> Result<Rate> {
    let tries = match unit {
        Unit::Operations => SIDES.map(square_products).to_vec(),
        Unit::Bytes => vec![plain_streams()],
    };
    let mut best: Option<Rate> = None;
    for works in tries {
        let mut slowest = 0.0_f64;
        for work in works {
            let times = work.prepare(executor)?.times(seconds)?;
            let rate = rate(work.amount, times.fastest);
            slowest = slowest.max(times.milliseconds);
            if best.as_ref().is_none_or(|best| rate > best.rate) {
                let pass = format!("limit: {}", work.pass);
                best = Some(Rate {
                    pass,
                    rate,
                    limit: rate,
                    share: 1.0,
                    ..Rate::new(executor, &work, times, rate)
                });
            }
        }
        if slowest > PATIENCE {
            break;
        }
    }
    Ok(best.expect("something was tried"))
}

/// The rate of `work`, compared with `limit`.
///
/// # Errors
/// When the device refuses or fails.
pub fn measure_work(
    executor: &dyn Executor,
    work: &Work,
    limit: &Rate,
    seconds: f64,
) -> Result<Rate> {
    let times = work.prepare(executor)?.times(seconds)?;
    Ok(Rate::new(executor, work, times, limit.rate))
}

impl Rate {
    fn new(executor: &dyn Executor, work: &Work, times: Times, limit: f64) -> Self {
        let rate = rate(work.amount, times.milliseconds);
        Self {
            pass: work.pass.to_owned(),
            shape: work.shape.clone(),
            device: executor.name(),
            driver: executor.driver(),
            times,
            rate,
            unit: work.unit,
            limit,
            share: rate / limit,
        }
    }
}

/// `amount` in `milliseconds`, in 10^9 a second.
pub(super) fn rate(amount: u64, milliseconds: f64) -> f64 {
    amount as f64 / milliseconds / 1e6
}
