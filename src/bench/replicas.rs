//! Steps a second over the number of replicas that train side by side.

use super::step::write_inputs;
use super::{Times, Workload};
use crate::error::Result;
use crate::executor::{Executor, Session, StepCounts};
use crate::objective::{Method, Step};
use serde::Serialize;
use std::time::{Duration, Instant};

/// Time of the steps between two looks at the clock, in seconds, about.
const STRETCH: f64 = 0.05;

/// The speed of a step that serves several replicas.
#[derive(Clone, Debug, Serialize)]
pub struct ReplicaTime {
    /// The workload.
    pub workload: &'static str,
    /// The method.
    pub method: String,
    /// Centres of a batch of each.
    pub batch: usize,
    /// The device.
    pub device: String,
    /// Its driver.
    pub driver: String,
    /// Replicas that were asked for.
    pub replicas: usize,
    /// As many of them as fit at once, which is what was measured.
    pub at_once: usize,
    /// Times of a step of all of them.
    #[serde(flatten)]
    pub times: Times,
    /// Steps of all replicas in a second.
    pub steps_per_second: f64,
    /// Memory of the buffers of all replicas, but for the data that they share.
    pub mebibytes: f64,
    /// What a step consists of, where the device dispatches it.
    #[serde(flatten)]
    pub counts: Option<StepCounts>,
}

/// Measures steps of `replicas` of `method` on `workload` side by side, on the same data, for about
/// `seconds`.
///
/// # Errors
/// When the device refuses or fails.
pub fn measure_replicas(
    workload: &Workload,
    method: &Method,
    executor: &dyn Executor,
    seconds: f64,
    replicas: usize,
) -> Result<ReplicaTime> {
    let (network, step) = workload.step(method, executor)?;
    let shared = [step.data];
    let at_once = executor.replicas(&step.recording, &shared, Some(replicas))?;
    let recordings = vec![&step.recording; at_once];
    let mut sessions = executor.prepare_replicas(&recordings, &shared)?;
    for session in &mut sessions {
        write_inputs(&mut **session, &step, workload, network.features())?;
    }
    run(&mut sessions, &step, 2)?;
    let once = run(&mut sessions, &step, 2)?.as_secs_f64() / 2.0;
    let steps = ((STRETCH / once) as usize).clamp(1, step.steps);
    let times = Times::repeat(seconds, || {
        Ok(1e3 * run(&mut sessions, &step, steps)?.as_secs_f64() / steps as f64)
    })?;
    let own = step.recording.bytes() - 4 * step.data.len;
    Ok(ReplicaTime {
        workload: workload.name,
        method: method.name(),
        batch: workload.batch,
        device: executor.name(),
        driver: executor.driver(),
        replicas,
        at_once,
        times,
        steps_per_second: 1e3 * at_once as f64 / times.milliseconds,
        mebibytes: (at_once * own) as f64 / f64::from(1 << 20),
        counts: sessions[0].counts(),
    })
}

/// Runs `steps` steps of all to their end: reading waits for the device.
fn run(sessions: &mut [Box<dyn Session>], step: &Step, steps: usize) -> Result<Duration> {
    for session in &mut *sessions {
        session.write_u32(step.state, &Step::start(0))?;
    }
    sessions[0].read_u32(step.state)?;
    let start = Instant::now();
    sessions[0].run(steps)?;
    sessions[0].read_u32(step.state)?;
    Ok(start.elapsed())
}
