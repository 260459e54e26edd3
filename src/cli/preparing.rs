//! What the command line shows before the first step of a run.

use super::output;
use super::run::OutputOptions;
use crate::train::Preparing;
use indicatif::ProgressBar;
use std::time::{Duration, Instant};

/// A start that takes so long is told in lines, where standard error is no terminal.
const LONG: Duration = Duration::from_secs(5);

impl OutputOptions {
    /// A bar for what happens before the first step, or lines where there is no terminal and it takes
    /// long.
    pub(super) fn preparing(self) -> (ProgressBar, impl FnMut(Preparing)) {
        let (bar, mut set) = self.share("Finding neighbours");
        let handle = bar.clone();
        let (mut began, mut told) = (None, 0);
        (bar, move |preparing| match preparing {
            Preparing::Graph(share) => set(share),
            Preparing::Start(share) => {
                handle.set_message("Ordering the samples");
                set(share);
                let took = began.get_or_insert_with(Instant::now).elapsed();
                let quarter = (4.0 * share) as usize;
                if self.in_lines() && quarter > told && took.div_f64(share) > LONG {
                    told = quarter;
                    output::aside(format!("ordering the samples: {} %", 25 * quarter));
                }
            }
        })
    }
}
