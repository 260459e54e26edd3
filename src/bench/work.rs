//! A single pass, ready to be timed.

use super::Times;
use crate::engine::{DType, Recording, View};
use crate::error::Result;
use crate::executor::{Executor, Session};
use crate::gpu::shaders_of;
use crate::random::{Generator, Stream};
use rand::RngExt;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Different random values of the inputs; a prime number, so that no row of an input is like
/// another.
const VALUES: usize = 65_521;
/// Approximate seconds per repeat, for devices without a clock of their own.
const REPEAT: f64 = 0.01;
/// Runs of such a repeat, at most: as many steps as a recording needs.
pub(super) const RUNS: usize = 1024;

/// What dominates a pass, and so the unit of its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// 10^9 floating-point operations a second, of a product.
    #[serde(rename = "GFLOP/s")]
    Operations,
    /// 10^9 bytes a second, of any other pass.
    #[serde(rename = "GB/s")]
    Bytes,
}

impl Unit {
    /// The unit's symbol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operations => "GFLOP/s",
            Self::Bytes => "GB/s",
        }
    }
}

/// A pass with its shape, and how much it has to do.
#[derive(Clone, Debug)]
pub struct Work {
    /// Name of the shader and of its CPU kernel; of several passes that of the shader that runs them
    /// as one where a device can.
    pub pass: &'static str,
    /// Variant and extents, for a person.
    pub shape: String,
    /// What is counted.
    pub unit: Unit,
    /// Operations of a product; else bytes of all inputs and outputs, each once.
    pub amount: u64,
    recording: Recording,
    words: Vec<(View, Vec<u32>)>,
    not_negative: Vec<View>,
}

impl Work {
    /// The passes of `recording`.
    pub(super) fn new(shape: impl Into<String>, recording: Recording) -> Self {
        let first = recording.passes[0].1.name();
        let pass = match shaders_of(&recording).as_slice() {
            [(fused, passes)] if passes.len() > 1 => fused,
            _ => first,
        };
        let bytes = recording.passes.iter().map(|(_, pass)| pass.bytes()).sum();
        let (unit, amount) = match recording.flops() {
            0 => (Unit::Bytes, bytes),
            operations => (Unit::Operations, operations),
        };
        Self {
            pass,
            shape: shape.into(),
            unit,
            amount,
            recording,
            words: Vec::new(),
            not_negative: Vec::new(),
        }
    }

    /// What is measured.
    pub(super) fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Words of an input that cannot be random.
    pub(super) fn with_words(mut self, view: View, words: Vec<u32>) -> Self {
        self.words.push((view, words));
        self
    }

    /// An input that has no negative values.
    pub(super) fn with_not_negative(mut self, view: View) -> Self {
        self.not_negative.push(view);
        self
    }

    /// A buffer that is written where it was read: its bytes move twice.
    pub(super) fn with_updated(mut self, view: View) -> Self {
        self.amount += 4 * view.len as u64;
        self
    }

    /// Allocates and fills every buffer on `executor`.
    ///
    /// # Errors
    /// When a buffer exceeds the device's limits or memory.
    pub fn prepare(&self, executor: &dyn Executor) -> Result<Prepared> {
        let mut session = executor.prepare(&self.recording)?;
        let mut generator = Generator::new(0, Stream::Test, 0);
        let values: Vec<f32> = (0..VALUES)
            .map(|_| generator.random_range(-1.0..1.0))
            .collect();
        // Outputs, too: memory that was never written costs more, or less, the first time. What lies
        // between passes may share memory, and is written by them.
        let mut probe = None;
        for (view, buffer) in self
            .recording
            .views()
            .filter(|(_, buffer)| buffer.initial.is_none() && !buffer.is_temporary())
        {
            let not_negative = self.not_negative.contains(&view);
            let values = values
                .iter()
                .cycle()
                .take(view.len)
                .map(|value| if not_negative { value.abs() } else { *value });
            match buffer.dtype {
                DType::Float => session.write(view, &values.collect::<Vec<_>>())?,
                DType::U32 => {
                    session.write_u32(view, &values.map(f32::to_bits).collect::<Vec<_>>())?
                }
            }
            probe = Some((view.part(0, 1), buffer.dtype));
        }
        Ok(Prepared {
            session,
            words: self.words.clone(),
            probe: probe.expect("every pass has a buffer that it fills or reads"),
        })
    }
}

/// A [`Work`] on a device.
pub struct Prepared {
    session: Box<dyn Session>,
    words: Vec<(View, Vec<u32>)>,
    /// A value to read, to wait for the device.
    probe: (View, DType),
}

impl Prepared {
    /// The wall-clock time of `runs` runs in one submission.
    ///
    /// # Errors
    /// When the device fails.
    pub fn run(&mut self, runs: usize) -> Result<Duration> {
        let (mut left, mut taken) = (runs, Duration::ZERO);
        while left > 0 {
            let now = left.min(RUNS);
            self.start()?;
            let start = Instant::now();
            self.session.run(now)?;
            self.wait()?;
            taken += start.elapsed();
            left -= now;
        }
        Ok(taken)
    }

    /// Writes the words again, of which a pass may have counted a step, and waits.
    fn start(&mut self) -> Result<()> {
        for (view, words) in &self.words {
            self.session.write_u32(*view, words)?;
        }
        self.wait()
    }

    fn wait(&mut self) -> Result<()> {
        match self.probe {
            (view, DType::Float) => self.session.read(view).map(drop),
            (view, DType::U32) => self.session.read_u32(view).map(drop),
        }
    }

    /// Times of a run over about `seconds`: by the device's own clock where it has one, else by
    /// many runs in one go.
    ///
    /// # Errors
    /// When the device fails.
    pub fn times(&mut self, seconds: f64) -> Result<Times> {
        // Drivers compile at the first run.
        self.run(1)?;
        // A clock that ticks slowly may see no time pass at all.
        let milliseconds =
            |times: Vec<Duration>| 1e3 * times[0].max(Duration::from_nanos(1)).as_secs_f64();
        if self.session.profile()?.is_some() {
            return Times::repeat(seconds, || {
                self.start()?;
                Ok(milliseconds(self.session.profile()?.unwrap_or_default()))
            });
        }
        let once = self.run(2)?.as_secs_f64() / 2.0;
        let runs = ((REPEAT / once) as usize).clamp(1, RUNS);
        Times::repeat(seconds, || {
            Ok(milliseconds(vec![self.run(runs)? / runs as u32]))
        })
    }
}
