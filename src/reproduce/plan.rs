//! The runs of an experiment: which there are, in which order, and making those that are missing.

use super::cache::{Cache, Ended, Outcome};
use super::cell::{RunSettings, Trained};
use super::experiment::{Experiment, Protocol, Row, Scale, merge};
use crate::error::Result;
use crate::executor::Executor;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};
use toml::{Table, Value};

/// The seed of runs that search; those that are reported have seeds from 1 on.
const SEARCH_SEED: u64 = 1001;
/// How long to wait for runs that other processes are making.
const WAIT: Duration = Duration::from_millis(300);

/// An experiment at a scale.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The experiment.
    pub experiment: Experiment,
    /// The scale.
    pub scale: Scale,
    /// Its cells, in the order that they are run in.
    pub(super) cells: Vec<Cell>,
    /// Runs of each cell.
    pub(super) seeds: u64,
}

/// A place in a table: runs that differ in their seeds only.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) protocol: usize,
    pub(super) row: usize,
    pub(super) method: String,
    /// What its search tries; none where there is nothing to choose.
    pub(super) tries: Vec<Table>,
}

/// What a [`Listener`] hears.
#[derive(Debug)]
pub enum Event<'a> {
    /// A run begins.
    Begins {
        /// Experiment, row, method, protocol and seed, in words.
        what: &'a str,
    },
    /// A run is there.
    Ended {
        /// Likewise.
        what: &'a str,
        /// What came of it.
        ended: &'a Ended,
        /// Whether it was made just now.
        fresh: bool,
    },
    /// A run cannot be made.
    NotRun {
        /// Likewise.
        what: &'a str,
        /// Why not.
        reason: &'a str,
    },
}

/// Hears how runs get on, and may stop them.
pub trait Listener {
    /// Something has happened; `done` of `all` runs are there, and about `left` seconds remain, once
    /// a run of this call has told how long they take.
    ///
    /// # Errors
    /// Whatever keeps it from telling that further.
    fn event(&mut self, event: Event, done: usize, all: usize, left: Option<f64>) -> Result<()>;

    /// Whether to stop: asked several times a second.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Why cells have no figures, by experiment, protocol, row and method.
pub(super) type Reasons = BTreeMap<(String, usize, usize, String), String>;

/// What came of making runs.
#[derive(Debug, Default)]
pub struct Made {
    /// Runs that are there.
    pub done: usize,
    /// Runs in all.
    pub all: usize,
    /// Whether the listener has stopped it.
    pub stopped: bool,
    pub(super) reasons: Reasons,
}

impl Plan {
    /// The runs of `experiment` at `scale`, of one protocol where it is given.
    ///
    /// # Errors
    /// When the file does not have the scale, or a setting cannot be.
    pub fn new(experiment: Experiment, scale: Scale, protocol: Option<&str>) -> Result<Self> {
        let amount = experiment.amount(scale)?.clone();
        let kept = |names: &Option<Vec<String>>, name: &String| {
            names.as_ref().is_none_or(|names| names.contains(name))
        };
        let mut cells = Vec::new();
        for (p, of) in experiment.protocol.iter().enumerate() {
            if !kept(&amount.protocols, &of.name) || protocol.is_some_and(|name| name != of.name) {
                continue;
            }
            for (r, row) in experiment
                .row
                .iter()
                .enumerate()
                .filter(|(_, row)| kept(&amount.rows, &row.name))
            {
                for method in experiment
                    .methods
                    .iter()
                    .filter(|name| kept(&amount.methods, name) && !row.without.contains_key(*name))
                {
                    let mut tries = of.tries.get(method).cloned().unwrap_or_default();
                    tries.truncate(amount.tries.unwrap_or(usize::MAX));
                    cells.push(Cell {
                        protocol: p,
                        row: r,
                        method: method.clone(),
                        tries,
                    });
                }
            }
        }
        let plan = Self {
            experiment,
            scale,
            cells,
            seeds: amount.seeds,
        };
        for cell in &plan.cells {
            plan.run_of(cell, None, 1).config()?;
            for run in plan.searches(cell) {
                run.config()?;
            }
        }
        Ok(plan)
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Runs that it has, those of searches included.
    pub fn runs(&self) -> usize {
        jobs(std::slice::from_ref(self)).len()
    }

    fn protocol(&self, cell: &Cell) -> &Protocol {
        &self.experiment.protocol[cell.protocol]
    }

    fn row(&self, cell: &Cell) -> &Row {
        &self.experiment.row[cell.row]
    }

    /// The run of `cell` with `seed`, with the try that its search has chosen.
    pub(super) fn run_of(&self, cell: &Cell, choice: Option<usize>, seed: u64) -> RunSettings {
        let mut run = self.settings(cell, self.row(cell), choice, seed, None);
        run.measures.clone_from(&self.experiment.measures);
        run.picture = self.experiment.picture.filter(|_| seed == 1);
        run
    }

    /// The runs that choose a setting for `cell`, one a try, on the row that is searched for it.
    pub(super) fn searches(&self, cell: &Cell) -> Vec<RunSettings> {
        let row = self.row(cell);
        let row = row
            .search
            .as_ref()
            .and_then(|name| self.experiment.row.iter().find(|row| row.name == *name))
            .unwrap_or(row);
        let over = &self.protocol(cell).search;
        (0..cell.tries.len())
            .map(|choice| self.settings(cell, row, Some(choice), SEARCH_SEED, Some(over)))
            .collect()
    }

    fn settings(
        &self,
        cell: &Cell,
        row: &Row,
        choice: Option<usize>,
        seed: u64,
        search: Option<&Table>,
    ) -> RunSettings {
        let (experiment, protocol) = (&self.experiment, self.protocol(cell));
        let amount = &experiment.scale[&self.scale];
        let mut settings = experiment.settings.clone();
        let layers = [
            Some(&row.settings),
            experiment.method.get(&cell.method),
            Some(&protocol.settings),
            protocol.method.get(&cell.method),
            choice.map(|choice| &cell.tries[choice]),
            search,
            Some(&amount.settings),
        ];
        layers
            .into_iter()
            .flatten()
            .for_each(|layer| merge(&mut settings, layer));
        settings.insert("method".into(), Value::String(cell.method.clone()));
        settings.insert("seed".into(), Value::Integer(seed as i64));
        let data = row.data.clone().map(|mut recipe| {
            if recipe.moves() {
                recipe.between = protocol.between || search.is_some();
            } else if let Some(most) = amount.samples {
                let wanted = recipe.samples.unwrap_or([usize::MAX, 0, usize::MAX]);
                recipe.samples = Some([0, 1, 2].map(|at| wanted[at].min(most[at])));
            }
            recipe
        });
        RunSettings {
            settings,
            data,
            measures: Vec::new(),
            picture: None,
        }
    }

    /// The try that the search of `cell` has chosen, by its validation error; `None` while it is not
    /// done. A cell without tries has nothing to choose.
    pub(super) fn choice(&self, cell: &Cell, cache: &Cache) -> Option<Option<usize>> {
        if cell.tries.is_empty() {
            return Some(None);
        }
        let errors: Option<Vec<f64>> = self
            .searches(cell)
            .iter()
            .map(|run| Some(validation_error(&cache.get(run)?)))
            .collect();
        let errors = errors?;
        (0..errors.len())
            .min_by(|&a, &b| errors[a].total_cmp(&errors[b]))
            .map(Some)
    }

    /// The runs of `cell` that are in `cache`, by seed.
    pub(super) fn found(&self, cell: &Cell, cache: &Cache) -> BTreeMap<u64, Ended> {
        let Some(choice) = self.choice(cell, cache) else {
            return BTreeMap::new();
        };
        (1..=self.seeds)
            .filter_map(|seed| Some((seed, cache.get(&self.run_of(cell, choice, seed))?)))
            .collect()
    }

    /// Experiment, row, method, protocol and seed.
    fn describe(&self, cell: &Cell, seed: u64) -> String {
        let (row, protocol) = (&self.row(cell).name, &self.protocol(cell).name);
        let run = if seed == SEARCH_SEED {
            "search".to_owned()
        } else {
            format!("seed {seed}")
        };
        format!(
            "{}: {row}, {}, {protocol}, {run}",
            self.experiment.name, cell.method
        )
    }

    fn place(&self, cell: &Cell) -> (String, usize, usize, String) {
        (
            self.experiment.name.clone(),
            cell.protocol,
            cell.row,
            cell.method.clone(),
        )
    }
}

/// What a search goes by.
fn validation_error(ended: &Ended) -> f64 {
    match ended.outcome {
        Outcome::Done => ended
            .measures
            .get("validation_mse")
            .copied()
            .unwrap_or(f64::INFINITY),
        Outcome::Diverged(_) | Outcome::Failed(_) => f64::INFINITY,
    }
}

/// A run to be made.
#[derive(Clone, Copy)]
struct Job<'a> {
    plan: &'a Plan,
    cell: &'a Cell,
    /// The number of the try, for a run that searches.
    searches: Option<usize>,
    seed: u64,
}

/// Every run of `plans`: the first seed of all cells, then the second. What a cell's search needs
/// comes before its first; cells that need none come first of all, since they tell at once.
fn jobs(plans: &[Plan]) -> VecDeque<Job<'_>> {
    let mut jobs = VecDeque::new();
    let mut searched = BTreeSet::new();
    for seed in 1..=plans.iter().map(|plan| plan.seeds).max().unwrap_or(0) {
        for plan in plans.iter().filter(|plan| seed <= plan.seeds) {
            let (fixed, chosen): (Vec<&Cell>, Vec<&Cell>) =
                plan.cells.iter().partition(|cell| cell.tries.is_empty());
            for cell in fixed.into_iter().chain(chosen) {
                let searches = plan.searches(cell);
                let fresh = |run: &RunSettings| seed == 1 && searched.insert(run.key());
                let fresh: Vec<bool> = searches.iter().map(fresh).collect();
                let job = |searches, seed| Job {
                    plan,
                    cell,
                    searches,
                    seed,
                };
                let tried = fresh.iter().enumerate().filter(|(_, fresh)| **fresh);
                jobs.extend(tried.map(|(choice, _)| job(Some(choice), SEARCH_SEED)));
                jobs.push_back(job(None, seed));
            }
        }
    }
    jobs
}

/// What becomes of a job for now.
enum Step {
    /// The run is there.
    There(Ended, bool),
    /// Another process makes it, or what it needs.
    Elsewhere,
    /// It cannot be made.
    Never(String),
    /// No time is left for it.
    Late,
    /// The listener has stopped it.
    Stopped,
}

/// Makes every run of `plans` that `cache` does not hold yet, as many as fit before `deadline`. What
/// goes wrong in one run does not end the others.
///
/// # Errors
/// When the cache cannot be written to, or the listener fails.
pub fn make(
    plans: &[Plan],
    cache: &Cache,
    executor: &dyn Executor,
    deadline: Option<Instant>,
    listener: &mut dyn Listener,
) -> Result<Made> {
    let mut waiting = jobs(plans);
    let mut made = Made {
        all: waiting.len(),
        ..Made::default()
    };
    let mut times = Times::default();
    let mut postponed = 0;
    while let Some(job) = waiting.pop_front() {
        let what = job.plan.describe(job.cell, job.seed);
        let left = times.left(&waiting);
        let (done, all) = (made.done, made.all);
        let step = match made.reasons.get(&job.plan.place(job.cell)) {
            Some(reason) => Step::Never(reason.clone()),
            None => step(
                &job,
                cache,
                executor,
                deadline,
                &times,
                listener,
                &mut |listener| listener.event(Event::Begins { what: &what }, done, all, left),
            )?,
        };
        if !matches!(step, Step::Elsewhere) {
            postponed = 0;
        }
        match step {
            Step::There(ended, fresh) => {
                made.done += 1;
                times.learn(&job, ended.seconds);
                let left = times.left(&waiting);
                listener.event(
                    Event::Ended {
                        what: &what,
                        ended: &ended,
                        fresh,
                    },
                    made.done,
                    made.all,
                    left,
                )?;
            }
            Step::Elsewhere => {
                waiting.push_back(job);
                postponed += 1;
                if postponed >= waiting.len() {
                    std::thread::sleep(WAIT);
                    postponed = 0;
                }
                if listener.should_stop() {
                    made.stopped = true;
                    break;
                }
            }
            Step::Never(reason) => {
                listener.event(
                    Event::NotRun {
                        what: &what,
                        reason: &reason,
                    },
                    made.done,
                    made.all,
                    left,
                )?;
                made.reasons.insert(job.plan.place(job.cell), reason);
            }
            Step::Late => {}
            Step::Stopped => {
                made.stopped = true;
                break;
            }
        }
    }
    Ok(made)
}

fn step(
    job: &Job,
    cache: &Cache,
    executor: &dyn Executor,
    deadline: Option<Instant>,
    times: &Times,
    listener: &mut dyn Listener,
    begins: &mut dyn FnMut(&mut dyn Listener) -> Result<()>,
) -> Result<Step> {
    let run = match job.searches {
        Some(choice) => job.plan.searches(job.cell).swap_remove(choice),
        None => match job.plan.choice(job.cell, cache) {
            Some(choice) => job.plan.run_of(job.cell, choice, job.seed),
            // It waits for a search elsewhere, or for one that had no time.
            None if deadline.is_some_and(|end| Instant::now() >= end) => return Ok(Step::Late),
            None => return Ok(Step::Elsewhere),
        },
    };
    let ended = |cache: &Cache| {
        cache
            .get(&run)
            .filter(|ended| !matches!(ended.outcome, Outcome::Failed(_)))
    };
    if let Some(ended) = ended(cache) {
        return Ok(Step::There(ended, false));
    }
    if listener.should_stop() {
        return Ok(Step::Stopped);
    }
    let needed = Duration::from_secs_f64(times.of(job).unwrap_or(0.0));
    if deadline.is_some_and(|end| Instant::now() + needed >= end) {
        return Ok(Step::Late);
    }
    let Some(_claimed) = cache.claim(&run)? else {
        return Ok(Step::Elsewhere);
    };
    // Another process may have ended it since.
    if let Some(ended) = ended(cache) {
        return Ok(Step::There(ended, false));
    }
    begins(listener)?;
    let late = || deadline.is_some_and(|end| Instant::now() >= end);
    match run.run(executor, &|| listener.should_stop() || late()) {
        Trained::Ended(ended) => {
            cache.put(&ended)?;
            Ok(Step::There(ended, true))
        }
        Trained::NotRun(reason) => Ok(Step::Never(reason)),
        Trained::Stopped if listener.should_stop() => Ok(Step::Stopped),
        Trained::Stopped => Ok(Step::Late),
    }
}

/// Seconds of the last run of every cell.
#[derive(Default)]
struct Times(BTreeMap<(String, usize, usize, String), f64>);

impl Times {
    fn learn(&mut self, job: &Job, seconds: f64) {
        self.0.insert(job.plan.place(job.cell), seconds);
    }

    fn of(&self, job: &Job) -> Option<f64> {
        self.0.get(&job.plan.place(job.cell)).copied()
    }

    /// Seconds that `jobs` take, with the mean for cells that have had no run yet.
    fn left(&self, jobs: &VecDeque<Job>) -> Option<f64> {
        let known = self.0.len();
        let mean = self.0.values().sum::<f64>() / known as f64;
        (known > 0).then(|| jobs.iter().map(|job| self.of(job).unwrap_or(mean)).sum())
    }
}
