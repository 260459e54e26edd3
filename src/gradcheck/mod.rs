//! A device against the f64 CPU kernels, and the f64 CPU kernels against central differences:
//! operation by operation and for whole losses.

mod cases;
mod losses;
mod network;

pub use cases::{Case, CaseShape, cases};
pub use losses::{Coverage, LossCase, loss_cases};
pub use network::{LayerCase, layer_cases};

use crate::cpu::CpuSession;
use crate::engine::DType;
use crate::error::Result;
use crate::executor::{Executor, Session};
use crate::random::{Generator, Stream};
use crate::tolerance::{Tolerance, worse};
use rand::RngExt;
use serde::Serialize;

/// What a derivative of the f64 CPU kernels may differ by from central differences. Of a gradient
/// the scale is its largest element; of a derivative along a direction it is the root of the sum of
/// the squares of what is added up.
pub const DIFFERENCE_TOLERANCE: Tolerance = Tolerance {
    absolute: 1e-9,
    scaled: 2e-7,
    relative: 1e-6,
};

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct CheckResult {
    /// Operation or loss.
    pub name: String,
    /// Error of the worst element of the device's results against the f64 reference, in units of
    /// what [`Executor::tolerance`] allows.
    pub device_error: f64,
    /// Error of the CPU kernel's derivative against central differences, in units of what
    /// [`DIFFERENCE_TOLERANCE`] allows, where there is a derivative.
    pub difference_error: Option<f64>,
}

impl CheckResult {
    /// Whether both errors are within their tolerances. An error that is no number is not.
    pub fn holds(&self) -> bool {
        self.device_error <= 1.0 && self.difference_error.is_none_or(|error| error <= 1.0)
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
            executor
                .tolerance()
                .worst(&device.read(view)?, reference.memory.reals(view)),
        );
    }
    let difference_error = (!case.differentiated.is_empty())
        .then(|| central_difference_error(case, &mut reference, seed));
    Ok(CheckResult {
        name: case.name.clone(),
        device_error,
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
    let gradients = case
        .differentiated
        .iter()
        .map(|(_, gradient)| reference.memory.reals(*gradient));
    let derivative = Derivative::along(gradients.flatten().zip(directions.iter().flatten()));
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
    derivative.error(at)
}

/// A derivative to hold against central differences.
struct Derivative {
    value: f64,
    /// The size of what it is a sum of.
    scale: f64,
}

impl Derivative {
    /// The derivative along a direction, from pairs of a gradient's element and the direction's.
    fn along<'a>(pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> Self {
        let (mut value, mut squares) = (0.0, 0.0);
        for (g, v) in pairs {
            value += g * v;
            squares += (g * v) * (g * v);
        }
        Self {
            value,
            scale: f64::sqrt(squares),
        }
    }

    /// Its error against the central difference of `at` about 0, in units of
    /// [`DIFFERENCE_TOLERANCE`], at the first of ever smaller steps that agrees. Differences
    /// converge to a derivative and to nothing else, but a step across a kink, or where the third
    /// derivative is large, says nothing about it.
    fn error(&self, mut at: impl FnMut(f64) -> f64) -> f64 {
        let mut smallest = f64::NAN;
        for h in [1e-5, 1e-6, 1e-7, 1e-8] {
            let difference = (at(h) - at(-h)) / (2.0 * h);
            smallest = smallest.min(DIFFERENCE_TOLERANCE.error(difference, self.value, self.scale));
            if smallest <= 1.0 {
                break;
            }
        }
        smallest
    }
}
