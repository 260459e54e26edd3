//! The learning rate over a run.

use serde::{Deserialize, Serialize};

/// How the learning rate changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// The same rate throughout
    Constant,
    /// The authors' decay: times 0.9 after every 10 epochs beyond 0.8 of all
    Step,
    /// Half a cosine from the full rate to zero
    #[default]
    Cosine,
}

impl Schedule {
    /// The factor of the rate in `epoch` of `epochs`, both counted from 0.
    pub fn factor(self, epoch: usize, epochs: usize) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Step => {
                // The first epoch > 0.8 E.
                let start = (0.8 * epochs as f64).floor() as usize + 1;
                0.9_f64.powi((epoch.saturating_sub(start) / 10) as i32)
            }
            Self::Cosine => {
                0.5 * (1.0 + (std::f64::consts::PI * epoch as f64 / epochs.max(1) as f64).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The authors' loop: `if epoch > 0.8 * epochs: scheduler.step()` at the end of each epoch, of a
    /// StepLR that multiplies by 0.9 at every tenth call.
    #[test]
    fn the_step_schedule_is_that_of_the_authors_loop() {
        for epochs in [1, 7, 50, 99, 100, 101, 300, 1000, 1004] {
            let mut calls = 0;
            for epoch in 0..epochs {
                let expected = 0.9_f64.powi(calls / 10);
                assert_eq!(
                    Schedule::Step.factor(epoch, epochs),
                    expected,
                    "{epoch} of {epochs}"
                );
                calls += i32::from(epoch as f64 > 0.8 * epochs as f64);
            }
        }
    }

    #[test]
    fn factors_follow_their_definitions() {
        assert_eq!(Schedule::Constant.factor(99, 100), 1.0);
        let step = |epoch| Schedule::Step.factor(epoch, 1000);
        assert_eq!((step(0), step(810), step(811)), (1.0, 1.0, 0.9));
        // How a power is rounded is not specified.
        assert!((step(999) / 0.9_f64.powi(19) - 1.0).abs() < 1e-15);
        assert_eq!(Schedule::Cosine.factor(0, 100), 1.0);
        assert!((Schedule::Cosine.factor(50, 100) - 0.5).abs() < 1e-12);
    }
}
