//! Every executor with one face, f64 included, and what it may be off by.

use super::common;
use nrae::cpu::CpuSession;
use nrae::engine::{Recording, View};
use nrae::executor::{Executor, Session};
use nrae::tolerance::Tolerance;

/// |got - want| <= absolute + relative |want|, of every element.
pub(crate) fn within(absolute: f64, relative: f64) -> Tolerance {
    Tolerance {
        absolute,
        scaled: 0.0,
        relative,
    }
}

/// Something that runs recordings.
pub(crate) enum Device {
    /// The CPU in f64.
    Double,
    /// An executor in f32.
    Single(Box<dyn Executor>),
}

/// A recording on a device; reals are f64 on this side.
pub(crate) enum Run {
    Double(CpuSession<f64>),
    Single(Box<dyn Session>),
}

impl Device {
    /// The f64 CPU kernels, the CPU in f32, and the GPU with each family of kernels.
    pub(crate) fn all() -> Vec<Self> {
        let singles = common::executors();
        assert!(
            singles.len() >= 2,
            "the CPU, and a GPU with at least one family of kernels"
        );
        std::iter::once(Self::Double)
            .chain(singles.into_iter().map(Self::Single))
            .collect()
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Double => "f64".into(),
            Self::Single(executor) => executor.name(),
        }
    }

    /// `double` for f64, `single` for the rest.
    pub(crate) fn choose(&self, double: Tolerance, single: Tolerance) -> Tolerance {
        if matches!(self, Self::Double) {
            double
        } else {
            single
        }
    }

    pub(crate) fn prepare(&self, recording: &Recording) -> Run {
        match self {
            Self::Double => Run::Double(CpuSession::new(recording)),
            Self::Single(executor) => Run::Single(executor.prepare(recording).unwrap()),
        }
    }
}

impl Run {
    pub(crate) fn write(&mut self, view: View, values: &[f64]) {
        assert!(
            values.len() <= view.len,
            "{} values for {}",
            values.len(),
            view.len
        );
        match self {
            Self::Double(session) => {
                session.memory.reals_mut(view)[..values.len()].copy_from_slice(values)
            }
            Self::Single(session) => session.write(view, &singles(values)).unwrap(),
        }
    }

    pub(crate) fn write_u32(&mut self, view: View, values: &[u32]) {
        assert_eq!(values.len(), view.len);
        match self {
            Self::Double(session) => session.write_u32(view, values).unwrap(),
            Self::Single(session) => session.write_u32(view, values).unwrap(),
        }
    }

    pub(crate) fn run(&mut self, steps: usize) {
        match self {
            Self::Double(session) => session.replay(steps),
            Self::Single(session) => session.run(steps).unwrap(),
        }
    }

    pub(crate) fn read(&mut self, view: View) -> Vec<f64> {
        match self {
            Self::Double(session) => session.memory.reals(view).to_vec(),
            Self::Single(session) => session
                .read(view)
                .unwrap()
                .into_iter()
                .map(f64::from)
                .collect(),
        }
    }
}

/// The values in f32.
pub(crate) fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

/// Errors in units of what is allowed: an element holds where its own is at most 1.
#[derive(Default)]
pub(crate) struct Errors {
    /// The largest, with where it was.
    worst: (f64, String),
    checked: usize,
}

impl Errors {
    /// Compares `got` with `want`, element by element.
    pub(crate) fn compare(
        &mut self,
        what: impl std::fmt::Display,
        got: &[f64],
        want: &[f64],
        tolerance: Tolerance,
    ) {
        assert_eq!(got.len(), want.len(), "{what}");
        for (i, (got, want)) in got.iter().zip(want).enumerate() {
            let error = tolerance.error(*got, *want, 0.0);
            // NaN is worse than all, and nothing is worse than NaN.
            if error.is_nan() || error > self.worst.0 {
                self.worst = (
                    error,
                    format!("{what} [{i}] is {got:e}, but must be {want:e}"),
                );
            }
            self.checked += 1;
        }
    }

    /// Fails where an element does not hold.
    pub(crate) fn judge(self, device: &Device) {
        let (error, place) = self.worst;
        println!(
            "{}: {} values, largest error {error:.2} of what is allowed: {place}",
            device.name(),
            self.checked
        );
        assert!(self.checked > 0, "nothing was compared");
        assert!(
            error <= 1.0,
            "{}: {place}, an error of {error:.2} times what is allowed",
            device.name()
        );
    }
}
