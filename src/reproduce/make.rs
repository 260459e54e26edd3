//! Making the runs of plans: their order, those that are there already, budget, and what others make.

use super::cache::{Cache, Ended, Outcome};
use super::cell::{RunSettings, Trained};
use super::plan::{Cell, Place, Plan, SEARCH_SEED};
use crate::data::PAUSE;
use crate::error::Result;
use crate::executor::Executor;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

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

/// What came of making runs.
#[derive(Debug, Default)]
pub struct Made {
    /// Runs that are there.
    pub done: usize,
    /// Runs in all.
    pub all: usize,
    /// Whether the listener has stopped it.
    pub stopped: bool,
    /// Why cells have no figures.
    pub(super) reasons: BTreeMap<Place, String>,
    /// Cells with runs that did not fit before the deadline.
    pub(super) late: BTreeSet<Place>,
}

/// A run to be made.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    plan: &'a Plan,
    cell: &'a Cell,
    /// The number of the try, for a run that searches.
    searches: Option<usize>,
    seed: u64,
}

/// Every run of `plans`: the first seed of all cells, then the second. What a cell's search needs
/// comes before its first; cells that need none come first of all, since they tell at once.
pub(super) fn jobs(plans: &[Plan]) -> VecDeque<Job<'_>> {
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
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
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
    let mut making = Making {
        cache,
        executor,
        deadline,
        times: Times::default(),
        dropped: BTreeMap::new(),
    };
    let mut postponed = 0;
    while let Some(job) = waiting.pop_front() {
        let what = job.plan.describe(job.cell, job.seed);
        let left = making.times.left(&waiting);
        let (done, all) = (made.done, made.all);
        let step = match made.reasons.get(&job.plan.place(job.cell)) {
            Some(reason) => Step::Never(reason.clone()),
            None => making.step(&job, listener, &mut |listener| {
                listener.event(Event::Begins { what: &what }, done, all, left)
            })?,
        };
        making.drop_search(&job, &step);
        if !matches!(step, Step::Elsewhere) {
            postponed = 0;
        }
        match step {
            Step::There(ended, fresh) => {
                made.done += 1;
                making.times.learn(&job, ended.seconds);
                let left = making.times.left(&waiting);
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
                    std::thread::sleep(PAUSE);
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
            Step::Late => drop(made.late.insert(job.plan.place(job.cell))),
            Step::Stopped => {
                made.stopped = true;
                break;
            }
        }
    }
    Ok(made)
}

/// What a call makes runs with, and what it has learned.
struct Making<'a> {
    cache: &'a Cache,
    executor: &'a dyn Executor,
    deadline: Option<Instant>,
    times: Times,
    /// Keys of runs that search and are not made by this call: why not, or nothing where no time was left.
    dropped: BTreeMap<String, Option<String>>,
}

impl Making<'_> {
    /// Does what can be done of `job` now.
    fn step(
        &self,
        job: &Job,
        listener: &mut dyn Listener,
        begins: &mut dyn FnMut(&mut dyn Listener) -> Result<()>,
    ) -> Result<Step> {
        let run = match job.searches {
            Some(choice) => job.plan.searches(job.cell).swap_remove(choice),
            None => match job.plan.choice(job.cell, self.cache) {
                Some(choice) => job.plan.run_of(job.cell, choice, job.seed),
                None => return self.without_search(job),
            },
        };
        let ended = || {
            self.cache
                .get(&run)
                .filter(|ended| !matches!(ended.outcome, Outcome::Failed(_)))
        };
        if let Some(ended) = ended() {
            return Ok(Step::There(ended, false));
        }
        if listener.should_stop() {
            return Ok(Step::Stopped);
        }
        let needed = Duration::from_secs_f64(self.times.of(job).unwrap_or(0.0));
        if self.is_over_after(needed) {
            return Ok(Step::Late);
        }
        let Some(_claimed) = self.cache.claim(&run)? else {
            return Ok(Step::Elsewhere);
        };
        // Another process may have ended it since.
        if let Some(ended) = ended() {
            return Ok(Step::There(ended, false));
        }
        begins(listener)?;
        let late = || self.is_over_after(Duration::ZERO);
        match run.run(self.executor, &|| listener.should_stop() || late()) {
            Trained::Ended(ended) => {
                self.cache.put(&ended)?;
                Ok(Step::There(ended, true))
            }
            Trained::NotRun(reason) => Ok(Step::Never(reason)),
            Trained::Stopped if listener.should_stop() => Ok(Step::Stopped),
            Trained::Stopped => Ok(Step::Late),
        }
    }

    fn is_over_after(&self, needed: Duration) -> bool {
        self.deadline
            .is_some_and(|end| Instant::now() + needed >= end)
    }

    /// What becomes of a run whose settings are not chosen yet. It waits for runs that search elsewhere; one
    /// that this call has dropped and that no other process makes either is waited for in vain.
    fn without_search(&self, job: &Job) -> Result<Step> {
        if self.is_over_after(Duration::ZERO) {
            return Ok(Step::Late);
        }
        for search in job.plan.searches(job.cell) {
            let Some(reason) = self.dropped.get(&search.key()) else {
                continue;
            };
            let claimed = self.cache.claim(&search)?;
            if claimed.is_some() && self.cache.get(&search).is_none() {
                return Ok(reason.clone().map_or(Step::Late, Step::Never));
            }
        }
        Ok(Step::Elsewhere)
    }

    /// Remembers a run that searches where `step` gives it up.
    fn drop_search(&mut self, job: &Job, step: &Step) {
        let reason = match step {
            Step::Late => None,
            Step::Never(reason) => Some(reason.clone()),
            _ => return,
        };
        if let Some(choice) = job.searches {
            let run = job.plan.searches(job.cell).swap_remove(choice);
            self.dropped.insert(run.key(), reason);
        }
    }
}

/// Seconds of the last run of every cell.
#[derive(Default)]
struct Times(BTreeMap<Place, f64>);

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::reproduce::{Experiment, Scale};

    #[test]
    fn cells_that_need_no_search_come_first_and_a_search_before_its_cell() {
        let experiment = Experiment::all(None).unwrap().swap_remove(0);
        assert_eq!(experiment.name, "table1");
        let plan = Plan::new(experiment, Scale::Small, Some("released")).unwrap();
        let plans = [plan];
        let jobs = jobs(&plans);
        let first: Vec<(&str, u64, bool)> = jobs
            .iter()
            .take(8)
            .map(|job| (&*job.cell.method, job.seed, job.searches.is_some()))
            .collect();
        assert_eq!(
            first[..3],
            [("ae", 1, false), ("nrae-l", 1, false), ("nrae-q", 1, false)]
        );
        assert!(
            first[3..7]
                .iter()
                .all(|job| *job == ("vae", SEARCH_SEED, true))
        );
        assert_eq!(first[7], ("vae", 1, false));
        // Six methods by four tries, and nine methods by ten seeds.
        assert_eq!(jobs.len(), 6 * 4 + 9 * 10);
    }

    struct Silent;

    impl Listener for Silent {
        fn event(&mut self, _: Event, _: usize, _: usize, _: Option<f64>) -> Result<()> {
            Ok(())
        }
    }

    /// AE with a search of two tries, on a row that is searched for another too.
    const SEARCHED: &str = r#"
        title = ""
        about = ""
        choices = []
        methods = ["ae"]
        tables = [{ measure = "train_mse", digits = 1 }]
        settings = { net = { latent = 1, hidden = [4] }, train.epochs = 2 }
        row = [
            { name = "one", settings.data = { synthetic = "swiss-roll", samples = 12 } },
            { name = "two", search = "one", settings.data = { synthetic = "swiss-roll", samples = 13 } },
        ]
        protocol = [{ name = "tuned", about = "", tries.ae = [{ train.lr = 1e-3 }, { train.lr = 1e-2 }] }]
        scale.tiny.seeds = 1
    "#;

    fn plan(text: &str) -> Plan {
        let experiment: Experiment = toml::from_str(text).unwrap();
        Plan::new(experiment, Scale::Tiny, None).unwrap()
    }

    #[test]
    fn what_waits_for_a_search_that_was_dropped_is_late_unless_another_makes_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let plans = [plan(SEARCHED)];
        // The first try took a day, so that the second does not fit into an hour.
        let [first, second] = plans[0].searches(&plans[0].cells[0]).try_into().unwrap();
        let mut ended = Ended::example(Outcome::Done, &[("validation_mse", 1.0)]);
        (ended.run, ended.seconds) = (first, 86400.0);
        cache.put(&ended).unwrap();
        let make_within = |seconds: f64| {
            let start = Instant::now();
            let end = start + Duration::from_secs_f64(seconds);
            let made = make(&plans, &cache, &Cpu, Some(end), &mut Silent).unwrap();
            assert_eq!((made.done, made.late.len()), (1, 2));
            start.elapsed().as_secs_f64()
        };
        assert!(make_within(60.0) < 30.0);
        let _claimed = cache.claim(&second).unwrap().unwrap();
        assert!(make_within(0.3) >= 0.3);
    }

    #[test]
    fn what_waits_for_a_search_that_cannot_be_made_is_not_made_either() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let here = "settings.data = { synthetic = \"swiss-roll\", samples = 12 }";
        let plans = [plan(
            &SEARCHED.replace(here, "settings.data.train = \"gone.npy\""),
        )];
        let made = make(&plans, &cache, &Cpu, None, &mut Silent).unwrap();
        assert_eq!((made.done, made.reasons.len()), (0, 2));
        let mut reasons = made.reasons.values();
        assert!(reasons.all(|reason| reason.contains("gone.npy")));
    }
}
