//! Making the runs of plans: those that are there already, those that train side by side, budget, and
//! what others make.

use super::cache::{Cache, Ended};
use super::cell::{Prepared, RunSettings, Unmeasured, train};
use super::jobs::{Job, Times, jobs};
use super::plan::{Place, Plan};
use crate::data::{Claim, PAUSE};
use crate::error::Result;
use crate::executor::Executor;
use crate::train::{Grouping, RecordedRun};
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

/// What becomes of a job for now.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
enum Step {
    /// The run is there.
    There(Ended, bool),
    /// It is to be made, and nobody else makes it.
    Ready(RunSettings, Claim),
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
/// Seeds of a cell, and its tries, train side by side where they differ in nothing that a device's
/// passes depend on and that pays on `executor`, at most `at_once`: each gives what it would give
/// alone, to the bit, but for seconds, which are shares. Seeds of an experiment that compares the
/// speed of training train alone, and so do all before a deadline unless `at_once` is given, since
/// nothing of a group is kept that is not done by then. `processes` that share the cache and were
/// started together take no more than their part of a cell each.
///
/// # Errors
/// When the cache cannot be written to, or the listener fails.
pub fn make(
    plans: &[Plan],
    cache: &Cache,
    executor: &dyn Executor,
    deadline: Option<Instant>,
    at_once: Option<usize>,
    processes: usize,
    listener: &mut dyn Listener,
) -> Result<Made> {
    let waiting = jobs(plans);
    let made = Made {
        all: waiting.len(),
        ..Made::default()
    };
    let mut making = Making {
        cache,
        executor,
        deadline,
        at_once,
        processes,
        waiting,
        postponed: 0,
        made,
        times: Times::default(),
        dropped: BTreeMap::new(),
    };
    while let Some(job) = making.waiting.pop_front() {
        let step = match making.made.reasons.get(&job.place()) {
            Some(reason) => Step::Never(reason.clone()),
            None => making.step(&job, listener)?,
        };
        match step {
            Step::Ready(run, claim) => making.make(job, run, claim, listener)?,
            step => making.settle(job, step, listener)?,
        }
        if making.made.stopped {
            break;
        }
    }
    Ok(making.made)
}

/// What a call makes runs with, what it has made, and what it has learned.
struct Making<'a> {
    cache: &'a Cache,
    executor: &'a dyn Executor,
    deadline: Option<Instant>,
    at_once: Option<usize>,
    processes: usize,
    waiting: VecDeque<Job<'a>>,
    /// Jobs one behind the other that wait for other processes.
    postponed: usize,
    made: Made,
    times: Times,
    /// Keys of runs that search and are not made by this call: why not, or nothing where no time was left.
    dropped: BTreeMap<String, Option<String>>,
}

/// A run that trains beside others: its job, the right to make it, and what is measured at its end.
type Mate<'a> = (Job<'a>, Claim, Unmeasured);

impl<'a> Making<'a> {
    /// What can be done of `job` now.
    fn step(&self, job: &Job, listener: &dyn Listener) -> Result<Step> {
        let run = match job.searches {
            Some(choice) => job.plan.searches(job.cell).swap_remove(choice),
            None => match job.plan.choice(job.cell, self.cache) {
                Some(choice) => job.plan.run_of(job.cell, choice, job.seed),
                None => return self.without_search(job),
            },
        };
        let ended = || self.cache.get(&run).filter(|ended| job.is_made_by(ended));
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
        let Some(claim) = self.cache.claim(&run)? else {
            return Ok(Step::Elsewhere);
        };
        // Another process may have ended it since.
        Ok(match ended() {
            Some(ended) => Step::There(ended, false),
            None => Step::Ready(run, claim),
        })
    }

    /// Makes the run of `job`, side by side with others of its cell where that pays.
    fn make(
        &mut self,
        job: Job<'a>,
        run: RunSettings,
        claim: Claim,
        listener: &mut dyn Listener,
    ) -> Result<()> {
        let alone = (job.plan.is_timed() && job.searches.is_none())
            || (self.deadline.is_some() && self.at_once.is_none());
        let at_once = if alone { Some(1) } else { self.at_once };
        let mut grouping = Grouping::new(self.executor, at_once);
        let mut group = self.prepare(job, run, claim, &mut grouping, listener)?;
        let alike = self.waiting.iter().filter(|other| other.is_like(&job));
        // Other processes take theirs.
        let part = (1 + alike.count()).div_ceil(self.processes);
        let (mut at, mut taken) = (0, 1);
        while group.is_none() && grouping.is_open() && taken < part && at < self.waiting.len() {
            let other = self.waiting[at];
            if other.is_like(&job)
                && !self.made.reasons.contains_key(&other.place())
                && let Step::Ready(run, claim) = self.step(&other, listener)?
            {
                self.waiting.remove(at);
                taken += 1;
                group = self.prepare(other, run, claim, &mut grouping, listener)?;
            } else {
                // Settled in its turn.
                at += 1;
            }
        }
        for group in group.into_iter().chain(grouping.rest()) {
            if !self.made.stopped {
                self.train(group, listener)?;
            }
        }
        Ok(())
    }

    /// Prepares a run for `grouping`; returns a group that is complete.
    fn prepare(
        &mut self,
        job: Job<'a>,
        run: RunSettings,
        claim: Claim,
        grouping: &mut Grouping<'_, Mate<'a>>,
        listener: &mut dyn Listener,
    ) -> Result<Option<Vec<(RecordedRun, Mate<'a>)>>> {
        let (done, all) = (self.made.done, self.made.all);
        let left = self.times.left(&self.waiting);
        let what = job.describe();
        listener.event(Event::Begins { what: &what }, done, all, left)?;
        let step = match run.prepare(self.executor) {
            Prepared::Run(recorded, unmeasured) => {
                match grouping.push(*recorded, (job, claim, unmeasured)) {
                    Ok(group) => return Ok(group),
                    Err(error) => Step::Never(error.to_string()),
                }
            }
            Prepared::Ended(ended) => {
                self.cache.put(&ended)?;
                Step::There(ended, true)
            }
            Prepared::NotRun(reason) => Step::Never(reason),
        };
        self.settle(job, step, listener)?;
        Ok(None)
    }

    /// Trains and measures a group.
    fn train(
        &mut self,
        group: Vec<(RecordedRun, Mate<'a>)>,
        listener: &mut dyn Listener,
    ) -> Result<()> {
        let mut mates = Vec::with_capacity(group.len());
        let runs = group.into_iter().map(|(run, (job, claim, unmeasured))| {
            mates.push((job, claim));
            (run, unmeasured)
        });
        let late = || self.is_over_after(Duration::ZERO);
        let stop = || listener.should_stop() || late();
        let keep = |ended: &Ended| self.cache.put(ended);
        let ended = train(runs.collect(), self.executor, &stop, &keep)?;
        let mut ended = ended.into_iter();
        for (job, _claim) in mates {
            let step = match ended.next() {
                Some(ended) => Step::There(ended, true),
                None if listener.should_stop() => Step::Stopped,
                None => Step::Late,
            };
            self.settle(job, step, listener)?;
        }
        Ok(())
    }

    /// Takes note of what has become of `job`.
    fn settle(&mut self, job: Job<'a>, step: Step, listener: &mut dyn Listener) -> Result<()> {
        self.drop_search(&job, &step);
        if !matches!(step, Step::Elsewhere) {
            self.postponed = 0;
        }
        let (what, all) = (job.describe(), self.made.all);
        match step {
            Step::There(ended, fresh) => {
                self.made.done += 1;
                // Before a deadline the next trains alone, and has no share of the training.
                let trained = ended.measures.get("train_seconds").copied();
                let others = match self.deadline.is_some() && self.at_once.is_none() {
                    true => (ended.at_once - 1) as f64 * trained.unwrap_or(0.0),
                    false => 0.0,
                };
                self.times.learn(&job, ended.seconds + others);
                let left = self.times.left(&self.waiting);
                let event = Event::Ended {
                    what: &what,
                    ended: &ended,
                    fresh,
                };
                listener.event(event, self.made.done, all, left)?;
            }
            Step::Elsewhere => {
                self.waiting.push_back(job);
                self.postponed += 1;
                if self.postponed >= self.waiting.len() {
                    std::thread::sleep(PAUSE);
                    self.postponed = 0;
                }
                self.made.stopped |= listener.should_stop();
            }
            Step::Never(reason) => {
                let left = self.times.left(&self.waiting);
                let event = Event::NotRun {
                    what: &what,
                    reason: &reason,
                };
                listener.event(event, self.made.done, all, left)?;
                self.made.reasons.insert(job.place(), reason);
            }
            Step::Late => drop(self.made.late.insert(job.place())),
            Step::Stopped => self.made.stopped = true,
            Step::Ready(..) => unreachable!("it has been made"),
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::reproduce::{Experiment, Outcome, Scale};

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
            let made = make(&plans, &cache, &Cpu, Some(end), None, 1, &mut Silent).unwrap();
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
        let made = make(&plans, &cache, &Cpu, None, None, 1, &mut Silent).unwrap();
        assert_eq!((made.done, made.reasons.len()), (0, 2));
        let mut reasons = made.reasons.values();
        assert!(reasons.all(|reason| reason.contains("gone.npy")));
    }
}
