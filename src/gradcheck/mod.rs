//! A device against the f64 CPU kernels, and the f64 CPU kernels against central differences: operation by
//! operation and for whole losses.

mod cases;
mod graph_cases;
mod image_cases;
mod losses;
mod term_cases;

pub use cases::{Case, CaseShape, cases};
pub use losses::{LossCase, loss_cases};

use crate::cpu::CpuSession;
use crate::engine::DType;
use crate::error::Result;
use crate::executor::{Executor, Session};
use crate::random::{Generator, Stream};
use rand::RngExt;
use serde::Serialize;

/// Largest error of a derivative of the f64 CPU kernels against central differences, relative.
pub const DIFFERENCE_TOLERANCE: f64 = 1e-6;

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct CheckResult {
    /// Operation or loss.
    pub name: String,
    /// Largest relative error of the device against the f64 reference.
    pub device_error: f64,
    /// What that error may be: [`Executor::tolerance`].
    pub device_tolerance: f64,
    /// Relative error of the CPU kernel's derivative against central differences, where there is a
    /// derivative.
    pub difference_error: Option<f64>,
}

impl CheckResult {
    /// Whether both errors are within their tolerances. An error that is no number is not.
    pub fn holds(&self) -> bool {
        self.device_error <= self.device_tolerance
            && self
                .difference_error
                .is_none_or(|error| error <= DIFFERENCE_TOLERANCE)
    }
}

/// Uniform numbers in -1..1 that f32 holds exactly, so that every executor sees the same inputs.
fn uniform(seed: u64) -> impl FnMut() -> f32 {
    let mut generator = Generator::new(seed, Stream::Test, 0);
    move || generator.random_range(-1.0..1.0)
}

/// Checks one operation on random inputs.
///
/// # Errors
/// When the device fails.
pub fn check_case(case: &Case, executor: &dyn Executor, seed: u64) -> Result<CheckResult> {
    let mut device = executor.prepare(&case.recording)?;
    let mut reference = CpuSession::<f64>::new(&case.recording);
    fill(case, &mut *device, seed)?;
    fill(case, &mut reference, seed)?;
    device.run(1)?;
    reference.replay(1);
    let mut device_error = 0.0_f64;
    for (view, buffer) in case.recording.views() {
        if buffer.dtype == DType::U32 {
            if device.read_u32(view)? != reference.memory.words(view) {
                device_error = f64::INFINITY;
            }
            continue;
        }
        device_error = worse(
            device_error,
            relative_error(&device.read(view)?, reference.memory.reals(view)),
        );
    }
    let difference_error = (!case.differentiated.is_empty())
        .then(|| central_difference_error(case, &mut reference, seed));
    let device_tolerance = executor.tolerance();
    Ok(CheckResult {
        name: case.name.clone(),
        device_error,
        device_tolerance,
        difference_error,
    })
}

/// Writes the inputs of `seed`; what the passes write starts as NaN, so that a value that is never
/// written is seen.
fn fill(case: &Case, session: &mut dyn Session, seed: u64) -> Result<()> {
    for (view, buffer) in case.recording.views() {
        if buffer.dtype == DType::Float {
            let mut draw = uniform(seed.wrapping_add(view.buffer.0 as u64));
            let mut values: Vec<f32> = (0..buffer.len).map(|_| 2.0 * draw()).collect();
            if case.not_negative.contains(&view) {
                values.iter_mut().for_each(|value| *value = value.abs());
            }
            if case.written.contains(&view) {
                values.fill(f32::NAN);
            }
            session.write(view, &values)?;
        }
    }
    for (view, words) in &case.words {
        session.write_u32(*view, words)?;
    }
    for (view, values) in &case.reals {
        session.write(*view, values)?;
    }
    Ok(())
}

/// The larger one, where NaN is larger than all.
fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

/// Largest difference, relative to the largest value, but to no less than 0.03: what inputs near 1
/// leave after they cancel.
fn relative_error(got: &[f32], want: &[f64]) -> f64 {
    let scale = want
        .iter()
        .fold(0.03_f64, |scale, value| worse(scale, value.abs()));
    got.iter().zip(want).fold(0.0, |error, (got, want)| {
        worse(error, (f64::from(*got) - want).abs() / scale)
    })
}

/// The derivative along a random direction in all inputs at once, by the adjoint and by central
/// differences of the CPU kernel.
fn central_difference_error(case: &Case, reference: &mut CpuSession<f64>, seed: u64) -> f64 {
    let mut draw = uniform(seed ^ 0xD1FF);
    let directions: Vec<Vec<f64>> = case
        .differentiated
        .iter()
        .map(|(input, _)| (0..input.len).map(|_| f64::from(draw())).collect())
        .collect();
    let upstream = case
        .d_output
        .map(|view| reference.memory.reals(view).to_vec());
    let mut adjoint = 0.0;
    for ((_, gradient), direction) in case.differentiated.iter().zip(&directions) {
        adjoint += reference
            .memory
            .reals(*gradient)
            .iter()
            .zip(direction)
            .map(|(g, v)| g * v)
            .sum::<f64>();
    }
    let at = |step: f64| -> f64 {
        let saved: Vec<Vec<f64>> = case
            .differentiated
            .iter()
            .map(|(input, _)| reference.memory.reals(*input).to_vec())
            .collect();
        for ((input, _), direction) in case.differentiated.iter().zip(&directions) {
            for (value, v) in reference.memory.reals_mut(*input).iter_mut().zip(direction) {
                *value += step * v;
            }
        }
        for (view, words) in &case.words {
            reference.memory.words_mut(*view).copy_from_slice(words);
        }
        reference.replay(1);
        for ((input, _), saved) in case.differentiated.iter().zip(saved) {
            reference.memory.reals_mut(*input).copy_from_slice(&saved);
        }
        let output = reference.memory.reals(case.output);
        match &upstream {
            Some(upstream) => output.iter().zip(upstream).map(|(y, a)| y * a).sum(),
            None => output.iter().sum(),
        }
    };
    difference_error(adjoint, adjoint.abs().max(1.0), at)
}

/// |derivative - central difference of `at` about 0| / `scale`, at the first of ever smaller steps
/// that agrees. Differences converge to a derivative and to nothing else, but a step across a kink,
/// or where the third derivative is large, says nothing about it.
fn difference_error(derivative: f64, scale: f64, mut at: impl FnMut(f64) -> f64) -> f64 {
    let mut smallest = f64::NAN;
    for h in [1e-5, 1e-6, 1e-7] {
        let difference = (at(h) - at(-h)) / (2.0 * h);
        smallest = smallest.min((derivative - difference).abs() / scale);
        if smallest <= DIFFERENCE_TOLERANCE {
            break;
        }
    }
    smallest
}
