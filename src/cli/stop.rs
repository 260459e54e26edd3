//! What stops a run from outside before it is done: a signal, or the time that it may take.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

/// Exit status of a run that Ctrl-C has stopped, as shells have it.
const INTERRUPTED: u8 = 130;
/// Exit status of a run that is saved and wants more time: `EX_TEMPFAIL` of sysexits.h, by which a
/// job script knows to queue it again.
const UNFINISHED: u8 = 75;

/// The last [`Cause`] of a signal, by its place in [`SIGNALS`], from 1 on; 0 is none.
static ASKED: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);
/// When the time is up, and how much it was.
static LIMIT: OnceLock<(Instant, Duration)> = OnceLock::new();

/// Which signals stop a run. SIGUSR1 is what Slurm sends ahead of time where a job asks for it.
const SIGNALS: &[(i32, Cause)] = &[
    (signal_hook::consts::SIGINT, Cause::Interrupted),
    (signal_hook::consts::SIGTERM, Cause::Signal("SIGTERM")),
    #[cfg(unix)]
    (signal_hook::consts::SIGUSR1, Cause::Signal("SIGUSR1")),
];

/// How long a command may train.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Training")]
pub(super) struct TimeLimit {
    /// Save everything and exit with status 75 after so long, such as 90s, 30m or 2h: `nrae resume`
    /// goes on
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, hide_short_help = true)]
    time_limit: Option<Duration>,
}

impl TimeLimit {
    /// Begins to count.
    pub(super) fn start(self) {
        // No program runs until the end of time: a limit beyond it is none.
        let end = self
            .time_limit
            .and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
        if let Some(end) = end {
            LIMIT.get_or_init(|| end);
        }
    }
}

/// Why a run stops.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    /// Ctrl-C.
    Interrupted,
    /// The signal of this name, of whoever runs the machine.
    Signal(&'static str),
    /// The run took this long.
    TimeLimit(Duration),
}

impl Cause {
    /// The exit status that tells it.
    fn status(self) -> u8 {
        match self {
            Self::Interrupted => INTERRUPTED,
            Self::Signal(_) | Self::TimeLimit(_) => UNFINISHED,
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Interrupted => f.write_str("Ctrl-C"),
            Self::Signal(name) => f.write_str(name),
            Self::TimeLimit(limit) => {
                write!(f, "--time-limit {}", humantime::format_duration(*limit))
            }
        }
    }
}

/// From now on signals are asked for by [`asked`] instead of ending the program; a second Ctrl-C
/// does end it.
pub(super) fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        let again = Arc::new(AtomicBool::new(false));
        // Where the system refuses a handler, the run only cannot be stopped gently.
        let _ = signal_hook::flag::register_conditional_shutdown(
            signal_hook::consts::SIGINT,
            INTERRUPTED.into(),
            again.clone(),
        );
        let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, again);
        for (place, (signal, _)) in SIGNALS.iter().enumerate() {
            let _ = signal_hook::flag::register_usize(*signal, ASKED.clone(), place + 1);
        }
    });
}

/// A write beyond the length that files may have (`ulimit -f`) becomes an error with a sentence; by
/// default its signal ends the program without a word.
pub(super) fn hear_of_full_quotas() {
    #[cfg(unix)]
    // Where the system refuses a handler, the default stays.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// Why a run should stop, if it should.
pub(super) fn asked() -> Option<Cause> {
    let by_signal = ASKED.load(Ordering::Relaxed).checked_sub(1);
    by_signal.map(|place| SIGNALS[place].1).or_else(|| {
        let (end, limit) = *LIMIT.get()?;
        (Instant::now() >= end).then_some(Cause::TimeLimit(limit))
    })
}

/// The exit status of a run that has been stopped, by what was [`asked`].
pub(super) fn status() -> ExitCode {
    asked().map_or(ExitCode::SUCCESS, |cause| ExitCode::from(cause.status()))
}
