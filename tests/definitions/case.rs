//! A step of training on small random data, run in f64, beside the same objective put together from
//! plain definitions.

use crate::glue::{self, assert_close, autoencoder};
use crate::plain::autoencoder::{Autoencoder, Neighbourhood, Point, neighbourhood_loss};
use crate::plain::difference::slope;
use crate::plain::random::{normal_draw, uniform_draw};
use crate::plain::term;
use nrae::cpu::CpuSession;
use nrae::executor::Session;
use nrae::net::Network;
use nrae::objective::{
    CorruptionKind, Data, Estimate, Method, MmdKernel, Objective, Sampling, Step, Term, Variants,
    gradient_step,
};
use nrae::random::Stream;

/// One step of a block.
#[derive(Clone, Debug)]
pub struct Batch {
    /// [centres][rows of a group]: samples. Every centre counts; the rest of the batch is padding.
    pub indices: Vec<Vec<usize>>,
    /// [centres][rows of a group]: K(x', x).
    pub kernels: Vec<Vec<f64>>,
    /// Of each term.
    pub weights: Vec<f64>,
}

/// A block of steps.
pub struct Case {
    pub network: Network,
    pub objective: Objective,
    pub step: Step,
    pub seed: u64,
    /// The run's number of the block's first step.
    pub first: usize,
    pub samples: Vec<Vec<f64>>,
    pub batches: Vec<Batch>,
    pub arena: Vec<f64>,
    pub embedding: Vec<Vec<f64>>,
    pub coefficients: Vec<Vec<f64>>,
    /// Steps of differences.
    pub h: f64,
}

/// Samples of the random data.
pub const SAMPLES: usize = 9;
/// Centres that a batch has room for.
pub const BATCH: usize = 4;

impl Case {
    /// `steps` batches of `method` on random data, of which one has padding.
    pub fn new(
        method: &str,
        network: Network,
        sampling: Sampling,
        variants: Variants,
        steps: usize,
        seed: u64,
    ) -> Self {
        let method = Method::find(method).unwrap();
        let network = if method.base.variational {
            network.into_variational().unwrap()
        } else {
            network
        };
        let objective = method.objective(sampling, variants);
        let step = gradient_step(
            &network,
            &objective,
            Data::floats(SAMPLES),
            BATCH,
            steps,
            seed,
        );
        let (n, m, group, terms) = (
            network.features(),
            network.latent(),
            objective.group(),
            objective.terms.len(),
        );
        let batch = |step: usize| {
            let centres = if step == 0 { BATCH } else { BATCH - 1 };
            let draws = glue::numbers(seed + 17 * step as u64, centres * group);
            let row = |b: usize, r: usize| (BATCH * step + b + r * (b + 2)) % SAMPLES;
            let kernel = |b: usize, r: usize| {
                if r == 0 {
                    1.0
                } else {
                    0.7 + 0.5 * draws[b * group + r]
                }
            };
            Batch {
                indices: (0..centres)
                    .map(|b| (0..group).map(|r| row(b, r)).collect())
                    .collect(),
                kernels: (0..centres)
                    .map(|b| (0..group).map(|r| kernel(b, r)).collect())
                    .collect(),
                weights: (0..terms).map(|t| 0.3 + 0.2 * (t + step) as f64).collect(),
            }
        };
        Self {
            samples: glue::rows(seed, SAMPLES, n),
            batches: (0..steps).map(batch).collect(),
            arena: glue::parameters(&network, seed),
            embedding: glue::rows(seed + 1, SAMPLES, m),
            coefficients: glue::rows(seed + 2, SAMPLES, objective.k),
            h: glue::SMOOTH,
            first: 5,
            network,
            objective,
            step,
            seed,
        }
    }

    /// The first of the cases of one step that `make` gives for seeds from 0 on whose definition
    /// stays away from kinks, with steps of differences to match.
    pub fn between_kinks(make: impl Fn(u64) -> Self) -> Self {
        for seed in 0..2000 {
            let mut case = make(seed);
            case.h = glue::BETWEEN_KINKS;
            let model = autoencoder(&case.network, &case.arena);
            // Differences move values by a few h, and gains are not far from 1.
            let is_clear = || model.clearance.get() > 6.0 * case.h;
            case.rows(&model, 0);
            if is_clear() {
                case.columns_of(&model, 0);
                if is_clear() {
                    return case;
                }
            }
        }
        panic!("no case stays away from kinks");
    }

    /// The gradient of a block of one step with the parameters as they are now.
    pub fn run_alone(&self) -> Vec<f64> {
        assert_eq!(self.batches.len(), 1);
        let (network, objective) = (&self.network, &self.objective);
        let data = Data::floats(self.samples.len());
        let step = gradient_step(network, objective, data, self.step.batch, 1, self.seed);
        self.run_on(&step)
            .memory
            .reals(step.gradients.unwrap())
            .to_vec()
    }

    /// Runs the block.
    pub fn run(&self) -> CpuSession<f64> {
        self.run_on(&self.step)
    }

    /// Runs `step`, whose data are floats, in the place of this case's own.
    fn run_on(&self, step: &Step) -> CpuSession<f64> {
        let mut session = CpuSession::<f64>::new(&step.recording);
        self.write(&mut session, step);
        let samples = self.samples.concat();
        let data: Vec<u32> = samples
            .iter()
            .map(|value| (*value as f32).to_bits())
            .collect();
        session.write_u32(step.data, &data).unwrap();
        session
            .memory
            .reals_mut(step.parameters)
            .copy_from_slice(&self.arena);
        session.replay(self.batches.len());
        session
    }

    /// Writes everything that `step` reads beside data and parameters.
    pub fn write(&self, session: &mut CpuSession<f64>, step: &Step) {
        let (mut indices, mut weights, mut plan) = (Vec::new(), Vec::new(), Vec::new());
        let group = self.objective.group();
        for (s, batch) in self.batches.iter().enumerate() {
            for b in 0..step.batch {
                for r in 0..group {
                    let row = batch.indices.get(b).map_or(0, |rows| rows[r]);
                    indices.push(row as u32);
                    let compared =
                        batch.indices.len() * self.compared().len() * self.network.features();
                    let weight = batch
                        .kernels
                        .get(b)
                        .map_or(0.0, |kernels| kernels[r] / compared as f64);
                    weights.push(if self.compared().contains(&r) {
                        weight
                    } else {
                        0.0
                    });
                }
            }
            plan.push(batch.indices.len() as f64);
            plan.extend(&self.batches[s].weights);
        }
        session.write_u32(step.indices, &indices).unwrap();
        session
            .memory
            .reals_mut(step.weights)
            .copy_from_slice(&weights);
        session
            .memory
            .reals_mut(step.loss_weights)
            .copy_from_slice(&plan);
        for (view, table) in [
            (step.embedding, &self.embedding),
            (step.coefficients, &self.coefficients),
        ] {
            if let Some(view) = view {
                session
                    .memory
                    .reals_mut(view)
                    .copy_from_slice(&table.concat());
            }
        }
        session
            .write_u32(step.state, &Step::start(self.first))
            .unwrap();
    }

    /// Rows of a group that are reconstructed.
    fn compared(&self) -> std::ops::Range<usize> {
        let Sampling { neighbours, centre } = self.objective.sampling;
        usize::from(neighbours > 0 && !centre)..1 + neighbours
    }

    /// What the encoder sees of a row of the batch.
    fn seen(&self, x: &[f64], row: usize, step: usize) -> Vec<f64> {
        let Some(corruption) = self.objective.corruption else {
            return x.to_vec();
        };
        let (run_step, amount) = ((self.first + step) as u64, f64::from(corruption.amount));
        let channels = if self.network.shape.len() == 3 {
            self.network.shape[0]
        } else {
            1
        };
        let stream = Stream::Corruption as u32;
        match corruption.kind {
            CorruptionKind::Gaussian => {
                let noise: Vec<f64> = (0..x.len())
                    .map(|i| normal_draw(self.seed, stream, run_step, row * x.len() + i))
                    .collect();
                term::with_noise(x, amount, &noise)
            }
            CorruptionKind::Mask => {
                let pixels = x.len() / channels;
                let draws: Vec<f64> = (0..pixels)
                    .map(|i| uniform_draw(self.seed, stream, run_step, row * pixels + i))
                    .collect();
                term::masked(x, channels, amount, &draws)
            }
        }
    }

    /// Normal numbers of a stream, a row of `width` for each centre.
    fn normals(&self, stream: Stream, step: usize, centres: usize, width: usize) -> Vec<Vec<f64>> {
        let draw = |i: usize| normal_draw(self.seed, stream as u32, (self.first + step) as u64, i);
        (0..centres)
            .map(|b| (0..width).map(|i| draw(b * width + i)).collect())
            .collect()
    }

    /// By the definitions: the reconstruction, then each term, of step `step` with the parameters
    /// `arena`. What is held fixed in derivatives comes from `self.arena`.
    pub fn columns(&self, step: usize, arena: &[f64]) -> Vec<f64> {
        self.columns_of(&autoencoder(&self.network, arena), step)
    }

    fn columns_of(&self, model: &Autoencoder, step: usize) -> Vec<f64> {
        let rows = self.rows(model, step);
        let mut columns = vec![self.reconstruction(model, step, &rows)];
        for term in &self.objective.terms {
            columns.push(self.term(*term, model, step, &rows));
        }
        columns
    }

    fn reconstruction(&self, model: &Autoencoder, step: usize, rows: &[Vec<Row>]) -> f64 {
        let batch = &self.batches[step];
        let place = |row: &Row| {
            if self.objective.extended {
                row.seen.clone()
            } else {
                row.code.clone()
            }
        };
        let neighbourhoods: Vec<Neighbourhood> = rows
            .iter()
            .zip(&batch.kernels)
            .map(|(rows, kernels)| {
                let point = |r: usize| Point {
                    place: place(&rows[r]),
                    target: rows[r].sample.clone(),
                    kernel: kernels[r],
                };
                Neighbourhood {
                    centre: place(&rows[0]),
                    points: self.compared().map(point).collect(),
                }
            })
            .collect();
        let order = self.objective.reconstruction.order();
        if self.objective.extended {
            neighbourhood_loss(self.h, |x| model.f(&model.g(x)), order, &neighbourhoods)
        } else {
            neighbourhood_loss(self.h, |z| model.f(z), order, &neighbourhoods)
        }
    }

    /// Every row of the centres that count.
    fn rows(&self, model: &Autoencoder, step: usize) -> Vec<Vec<Row>> {
        let (m, group) = (self.network.latent(), self.objective.group());
        let batch = &self.batches[step];
        let noise = self.normals(Stream::Code, step, batch.indices.len(), m);
        let mut all = Vec::new();
        for (b, indices) in batch.indices.iter().enumerate() {
            let mut rows: Vec<Row> = Vec::new();
            for (r, index) in indices.iter().enumerate() {
                let sample = self.samples[*index].clone();
                let seen = self.seen(&sample, b * group + r, step);
                let encoded = model.g(&seen);
                let code = if self.network.variational {
                    // All rows of a group are moved by the centre's noise.
                    let centre = rows.first().map_or(&encoded, |centre| &centre.encoded);
                    term::reparametrised(&encoded[..m], &centre[m..], &noise[b])
                } else {
                    encoded.clone()
                };
                rows.push(Row {
                    sample,
                    seen,
                    encoded,
                    code,
                });
            }
            all.push(rows);
        }
        all
    }

    fn term(&self, term: Term, model: &Autoencoder, step: usize, rows: &[Vec<Row>]) -> f64 {
        let (m, batch) = (self.network.latent(), &self.batches[step]);
        let count = rows.len();
        let mean = |of: &dyn Fn(usize) -> f64| (0..count).map(of).sum::<f64>() / count as f64;
        let codes: Vec<Vec<f64>> = rows.iter().map(|rows| rows[0].code.clone()).collect();
        let encoder = |x: &[f64]| model.g(x);
        match term {
            Term::Kl => mean(&|b| term::kl(&rows[b][0].encoded[..m], &rows[b][0].encoded[m..])),
            Term::Mmd(kernel) => {
                let prior = self.normals(Stream::Prior, step, count, m);
                match kernel {
                    MmdKernel::Imq => term::mmd(&codes, &prior, |r| term::imq(r, m)),
                    MmdKernel::Gaussian => {
                        let fixed = self.rows(&autoencoder(&self.network, &self.arena), step);
                        let fixed: Vec<Vec<f64>> =
                            fixed.iter().map(|rows| rows[0].code.clone()).collect();
                        let bandwidth = term::median_bandwidth(&fixed, &prior);
                        term::mmd(&codes, &prior, |r| term::gaussian(r, bandwidth))
                    }
                }
            }
            Term::Contractive(Estimate::Exact) => {
                mean(&|b| term::contraction(self.h, encoder, &rows[b][0].seen))
            }
            Term::Contractive(Estimate::Hutchinson) => {
                let probes = self.normals(Stream::Probe, step, count, m);
                mean(&|b| term::probed_contraction(self.h, encoder, &rows[b][0].seen, &probes[b]))
            }
            Term::Grae => mean(&|b| {
                crate::plain::squared_distance(&codes[b], &self.embedding[batch.indices[b][0]])
            }),
            Term::Lle => mean(&|b| {
                let first = 1 + self.objective.sampling.neighbours;
                let neighbours: Vec<Vec<f64>> = rows[b][first..]
                    .iter()
                    .map(|row| row.code.clone())
                    .collect();
                term::locally_linear(
                    &codes[b],
                    &neighbours,
                    &self.coefficients[batch.indices[b][0]],
                )
            }),
            Term::Isometric => {
                let directions = self.normals(Stream::Direction, step, count, m);
                let u = |b: usize| {
                    uniform_draw(
                        self.seed,
                        Stream::Mixing as u32,
                        (self.first + step) as u64,
                        b,
                    )
                };
                // The permuted partner is the next centre that counts.
                let point = |b: usize| term::mixture(&codes[b], &codes[(b + 1) % count], u(b));
                let points: Vec<_> = (0..count)
                    .map(|b| (point(b), directions[b].clone()))
                    .collect();
                term::isometry(self.h, |z| model.f(z), &points)
            }
        }
    }

    /// Holds every step's losses against the definitions, to `tolerance`.
    pub fn check_losses(&self, session: &CpuSession<f64>, tolerance: f64) {
        let losses = session.memory.reals(self.step.losses);
        for (step, losses) in losses.chunks(self.step.columns).enumerate() {
            for (found, expected) in losses.iter().zip(self.columns(step, &self.arena)) {
                assert_close(
                    &[*found],
                    &[expected],
                    tolerance,
                    &format!("{:?}, step {step}", self.objective),
                );
            }
        }
    }

    /// Holds every `stride`-th value of each parameter's gradient in the last step against
    /// differences of the definitions, to `tolerance` of the largest one.
    pub fn check_gradient(&self, session: &CpuSession<f64>, stride: usize, tolerance: f64) {
        let mut directions = Vec::new();
        for entry in &self.step.layout.entries {
            for at in (entry.offset..entry.offset + entry.len()).step_by(stride) {
                directions.push(vec![(at, 1.0)]);
            }
        }
        self.check_directions(session, &directions, tolerance);
    }

    /// The same along random directions in all values of every `groups`-th parameter.
    pub fn check_gradient_along(&self, session: &CpuSession<f64>, groups: usize, tolerance: f64) {
        let mut directions = vec![Vec::new(); groups];
        for (i, entry) in self.step.layout.entries.iter().enumerate() {
            let draws = glue::numbers(90 + i as u64, entry.len());
            let values = entry.offset..entry.offset + entry.len();
            directions[i % groups].extend(values.zip(draws));
        }
        for direction in &mut directions {
            let length = direction.iter().map(|(_, v)| v * v).sum::<f64>().sqrt();
            direction.iter_mut().for_each(|(_, v)| *v /= length);
        }
        self.check_directions(session, &directions, tolerance);
    }

    /// Derivatives along `directions`, lists of (place in the arena, component).
    fn check_directions(
        &self,
        session: &CpuSession<f64>,
        directions: &[Vec<(usize, f64)>],
        tolerance: f64,
    ) {
        let gradient = session.memory.reals(self.step.gradients.unwrap());
        let last = self.batches.len() - 1;
        let weights = &self.batches[last].weights;
        let total = |columns: Vec<f64>| {
            columns[0]
                + (0..weights.len())
                    .map(|t| columns[1 + t] * weights[t])
                    .sum::<f64>()
        };
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        for direction in directions {
            found.push(direction.iter().map(|(at, v)| gradient[*at] * v).sum());
            expected.push(slope(self.h, |t| {
                let mut moved = self.arena.clone();
                direction.iter().for_each(|(at, v)| moved[*at] += t * v);
                total(self.columns(last, &moved))
            }));
        }
        let what = format!(
            "gradient of {:?} on {:?}",
            self.objective, self.network.encoder
        );
        assert_close(&found, &expected, tolerance, &what);
    }
}

/// A row of a group.
struct Row {
    sample: Vec<f64>,
    seen: Vec<f64>,
    encoded: Vec<f64>,
    code: Vec<f64>,
}
