//! The learning rate over a run.

use serde::{Deserialize, Serialize};

/// How the learning rate changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// The same rate throughout
    Constant,
    /// The authors' decay: over the last fifth of the epochs, times 0.9 every 10 epochs
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
                let start = (0.8 * epochs as f64).ceil() as usize;
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

    #[test]
    fn factors_follow_their_definitions() {
        assert_eq!(Schedule::Constant.factor(99, 100), 1.0);
        let step = |epoch| Schedule::Step.factor(epoch, 1000);
        assert_eq!((step(0), step(809), step(810)), (1.0, 1.0, 0.9));
        // How a power is rounded is not specified.
        assert!((step(999) / 0.9_f64.powi(19) - 1.0).abs() < 1e-15);
        assert_eq!(Schedule::Cosine.factor(0, 100), 1.0);
        assert!((Schedule::Cosine.factor(50, 100) - 0.5).abs() < 1e-12);
    }
}
