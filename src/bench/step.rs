//! The workloads of the benchmarks, and the time of a training step.

use super::Times;
use super::rate::rate;
use crate::engine::Listing;
use crate::error::Result;
use crate::executor::{Executor, Session, StepCounts};
use crate::net::{Activation, Network, Preset};
use crate::objective::{Data, Method, Sampling, Step, StepInputs, Variants, training_step_for};
use crate::random::{Generator, Stream};
use rand::RngExt;
use serde::Serialize;
use std::time::{Duration, Instant};

/// A network and a batch to measure.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Name on the command line.
    pub name: &'static str,
    /// Description for people.
    pub summary: &'static str,
    /// Centres of a batch, one neighbour each.
    pub batch: usize,
    network: fn() -> Result<Network>,
}

impl Workload {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self {
            name: "toy",
            summary: "2-512-512-512-1, ELU",
            batch: 50,
            network: || Network::mlp(&[2], &[512; 3], 1, Activation::Elu, Activation::Linear),
        },
        Self {
            name: "mlp",
            summary: "784-512-512-512-2, ReLU, sigmoid out",
            batch: 100,
            network: || {
                Network::mlp(
                    &[1, 28, 28],
                    &[512; 3],
                    2,
                    Activation::Relu,
                    Activation::Sigmoid,
                )
            },
        },
        Self {
            name: "mlp-elu",
            summary: "784-512-512-512-2, ELU, sigmoid out",
            batch: 100,
            network: || {
                Network::mlp(
                    &[1, 28, 28],
                    &[512; 3],
                    2,
                    Activation::Elu,
                    Activation::Sigmoid,
                )
            },
        },
        Self {
            name: "conv28",
            summary: "conv 4x4/2 1-32-64, linear 3136-128-16, and mirror, ReLU, sigmoid out",
            batch: 100,
            network: || {
                Preset::Conv28.network(&[1, 28, 28], &[], 16, Activation::Relu, Activation::Sigmoid)
            },
        },
        Self {
            name: "conv32",
            summary: "conv 4x4/2 3-64-128-256, linear 4096-128, and mirror, ReLU, sigmoid out",
            batch: 100,
            network: || {
                Preset::Conv32.network(
                    &[3, 32, 32],
                    &[],
                    128,
                    Activation::Relu,
                    Activation::Sigmoid,
                )
            },
        },
    ];

    /// The same with so many centres.
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// The network and a step of `method` on it, as `executor` runs it.
    ///
    /// # Errors
    /// When the method cannot train the network.
    pub fn step(&self, method: &Method, executor: &dyn Executor) -> Result<(Network, Step)> {
        let network = (self.network)()?;
        let network = if method.base.variational {
            network.into_variational()?
        } else {
            network
        };
        let objective = method.objective(
            Sampling {
                neighbours: 1,
                centre: true,
            },
            Variants {
                k: 10,
                ..Default::default()
            },
        );
        let step = training_step_for(
            executor,
            &network,
            &objective,
            Data::floats(SAMPLES),
            self.batch,
            STEPS,
            0,
            &Default::default(),
        );
        Ok((network, step))
    }
}

/// The cost of a step.
#[derive(Clone, Debug, Serialize)]
pub struct StepTime {
    /// The workload.
    pub workload: &'static str,
    /// The method.
    pub method: String,
    /// Centres of a batch.
    pub batch: usize,
    /// The device.
    pub device: String,
    /// Its driver.
    pub driver: String,
    /// Times of a step; each repeat averages over several.
    #[serde(flatten)]
    pub times: Times,
    /// Floating-point operations of the products divided by the median time of the step, in
    /// GFLOP/s.
    pub gflops: f64,
    /// Memory of the recording's buffers.
    pub mebibytes: f64,
    /// What a step consists of, where the device dispatches it.
    #[serde(flatten)]
    pub counts: Option<StepCounts>,
    /// The recording.
    #[serde(skip)]
    pub listing: Listing,
    /// Each pass, where the device can time them.
    pub passes: Vec<Share>,
    /// Passes of one shader together, the largest first.
    pub kinds: Vec<Share>,
}

/// The cost of a pass, or of all passes of a kind, in a step.
#[derive(Clone, Debug, Serialize)]
pub struct Share {
    /// Label of the pass, or name of the shader.
    pub name: String,
    /// Median time in ms.
    pub milliseconds: f64,
    /// Part of the sum over all passes, 0 to 1.
    pub share: f64,
    /// Rate, if it is a product; a fused activation counts towards the time only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gflops: Option<f64>,
}

/// Samples that batches are drawn from: enough that a gather does not run from the caches alone.
const SAMPLES: usize = 4096;
/// Steps between two looks at the clock, at most.
const STEPS: usize = 64;
/// Times that each pass is timed by itself.
const PROFILES: usize = 15;

/// Measures steps of `method` on `workload` for about `seconds`.
///
/// # Errors
/// When the device refuses or fails.
pub fn measure_step(
    workload: &Workload,
    method: &Method,
    executor: &dyn Executor,
    seconds: f64,
) -> Result<StepTime> {
    let (network, step) = workload.step(method, executor)?;
    let mut session = executor.prepare(&step.recording)?;
    write_inputs(&mut *session, &step, workload, network.features())?;
    // Runs `steps` steps to their end: reading waits for the device.
    let mut run = |steps: usize| -> Result<Duration> {
        session.write_u32(step.state, &Step::start(0))?;
        session.read_u32(step.state)?;
        let start = Instant::now();
        session.run(steps)?;
        session.read_u32(step.state)?;
        Ok(start.elapsed())
    };
    run(2)?;
    let once = run(2)?.as_secs_f64() / 2.0;
    let steps = ((0.05 / once) as usize).clamp(1, STEPS);
    let times = Times::repeat(seconds, || {
        Ok(1e3 * run(steps)?.as_secs_f64() / steps as f64)
    })?;
    let profiles = profiles(&mut *session, &step)?;
    let (passes, kinds) = shares(&step.recording, &profiles);
    Ok(StepTime {
        workload: workload.name,
        method: method.name(),
        batch: workload.batch,
        device: executor.name(),
        driver: executor.driver(),
        times,
        gflops: rate(step.recording.flops(), times.milliseconds),
        mebibytes: step.recording.bytes() as f64 / f64::from(1 << 20),
        counts: session.counts(),
        listing: step.recording.listing(),
        passes,
        kinds,
    })
}

/// Random samples of `features` values, random batches of them, and first parameters.
pub(super) fn write_inputs(
    session: &mut dyn Session,
    step: &Step,
    workload: &Workload,
    features: usize,
) -> Result<()> {
    let mut generator = Generator::new(0, Stream::Test, 0);
    let data: Vec<u32> = (0..SAMPLES * features)
        .map(|_| generator.random::<f32>().to_bits())
        .collect();
    let indices: Vec<u32> = (0..step.indices.len)
        .map(|_| generator.random_range(0..SAMPLES as u32))
        .collect();
    let mean = 1.0 / (step.compared * workload.batch * features) as f32;
    StepInputs {
        data: &data,
        indices: &indices,
        weights: &vec![mean; step.weights.len],
        loss_weights: &step.constant_loss_weights(workload.batch, 1e-3),
        schedule: &step.constant_schedule(1e-4),
        parameters: &step.layout.initialise(0),
        ..Default::default()
    }
    .write(session, step)
}

/// Milliseconds of each pass, several times; nothing where the device cannot time passes.
fn profiles(session: &mut dyn Session, step: &Step) -> Result<Vec<Vec<f64>>> {
    let mut profiles = Vec::new();
    for _ in 0..PROFILES {
        session.write_u32(step.state, &Step::start(0))?;
        if let Some(profile) = session.profile()? {
            let milliseconds = profile.iter().map(|time| 1e3 * time.as_secs_f64());
            profiles.push(milliseconds.collect());
        }
    }
    Ok(profiles)
}

/// Medians over `profiles` of each pass, and sums over the passes of each shader.
fn shares(recording: &crate::engine::Recording, profiles: &[Vec<f64>]) -> (Vec<Share>, Vec<Share>) {
    if profiles.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let median = |pass: usize| {
        let mut times: Vec<f64> = profiles.iter().map(|profile| profile[pass]).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let times: Vec<f64> = (0..recording.passes.len()).map(median).collect();
    let total: f64 = times.iter().sum();
    let share = |name: String, milliseconds: f64, flops: u64| Share {
        name,
        milliseconds,
        share: milliseconds / total,
        gflops: (flops > 0).then(|| rate(flops, milliseconds)),
    };
    let timed = || recording.passes.iter().zip(&times);
    let passes = timed()
        .map(|((label, pass), time)| share(label.clone(), *time, pass.flops()))
        .collect();
    let mut names: Vec<&str> = recording
        .passes
        .iter()
        .map(|(_, pass)| pass.name())
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut kinds: Vec<Share> = names
        .into_iter()
        .map(|name| {
            let of_kind = || timed().filter(|((_, pass), _)| pass.name() == name);
            let flops = of_kind().map(|((_, pass), _)| pass.flops()).sum();
            share(
                name.to_owned(),
                of_kind().map(|(_, time)| time).sum(),
                flops,
            )
        })
        .collect();
    kinds.sort_by(|a, b| b.milliseconds.total_cmp(&a.milliseconds));
    (passes, kinds)
}
