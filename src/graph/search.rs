//! Which way a graph of neighbours is found.

use super::tree;
use serde::{Deserialize, Serialize};

/// Terms of the distances of all pairs from which an exact graph takes minutes on a CPU of few cores.
const MANY: f64 = 1e13;

/// Whether all true neighbours are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// Exact unless that took minutes: from samples x samples x features of 10^13 on the CPU
    #[default]
    Auto,
    /// All true neighbours
    Exact,
    /// Nearly all, in far less time; the share of true ones is estimated and told
    Approximate,
}

impl Search {
    /// Whether the graph of so many samples is approximate. With few features a tree finds the exact
    /// one in no more time, and with a device all pairs are quick.
    pub(super) fn approximates(self, samples: usize, features: usize, on_device: bool) -> bool {
        let terms = samples as f64 * samples as f64 * features as f64;
        match self {
            Self::Exact => false,
            Self::Approximate => !tree::pays(samples, features),
            Self::Auto => !on_device && !tree::pays(samples, features) && terms >= MANY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_that_would_take_minutes_are_approximate_unless_asked_otherwise() {
        let approximates = |search: Search, samples, features| {
            [false, true].map(|device| search.approximates(samples, features, device))
        };
        assert_eq!(approximates(Search::Auto, 70_000, 784), [false; 2]);
        assert_eq!(approximates(Search::Auto, 1_000_000, 50), [true, false]);
        assert_eq!(approximates(Search::Auto, 10_000_000, 3), [false; 2]);
        assert_eq!(approximates(Search::Exact, 1_000_000, 50), [false; 2]);
        assert_eq!(approximates(Search::Approximate, 1000, 50), [true; 2]);
        assert_eq!(approximates(Search::Approximate, 1_000_000, 3), [false; 2]);
    }
}
