//! What is minimised: a reconstruction, how neighbours are drawn and weighed, further terms, and
//! the table of methods; and (network, objective, batch shape) -> [`Step`], the recording of a
//! training step.

#[cfg(test)]
pub(crate) mod blocks;
mod corruption;
mod inputs;
mod latents;
mod methods;
mod recorder;
mod step;
mod terms;
mod training_step;

pub use corruption::{Corruption, CorruptionConfig, CorruptionKind};
pub use inputs::StepInputs;
pub use methods::{BASES, Base, Method, Variants};
pub use step::{Data, Step};
pub use terms::*;
pub use training_step::{gradient_step, training_step, training_step_in_segments};
pub(crate) use training_step::{step_of_parts, training_step_for};

use serde::{Deserialize, Serialize};

/// What the decoder's output is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reconstruction {
    /// Each sample with its own reconstruction f(g(x)).
    Point,
    /// Each neighbour x' of x with the Taylor expansion of the decoder at g(x), evaluated at g(x');
    /// paper, equations 2 and 3.
    Neighbourhood {
        /// 1 for the tangent (NRAE-L), 2 for the quadratic expansion (NRAE-Q).
        order: usize,
    },
}

impl Reconstruction {
    /// Order of the decoder's expansion; 0 for [`Reconstruction::Point`].
    pub fn order(self) -> usize {
        match self {
            Self::Point => 0,
            Self::Neighbourhood { order } => order,
        }
    }
}

/// The weight K(x', x) of a neighbour; a centre always has weight 1. The centre is known by its
/// index, never by a distance of zero.
///
/// Two conventions for lambda are in use. The paper states 0 <= lambda < 1: a neighbour counts less
/// than the centre. The authors' released configurations use 2 to 100: it counts more. Any lambda
/// >= 0 is accepted.
///
/// What it amounts to also depends on what is sampled: beside D sampled neighbours of n a weight
/// lambda acts like lambda D / n in equation 3, whose mean is over all of N(x). The weights that
/// [`SamplingScheme`](crate::train::SamplingScheme) calls unbiased have lambda as equation 3.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Kernel {
    /// lambda for every neighbour; paper, equation 4.
    Binary {
        /// The weight, >= 0.
        lambda: f32,
    },
    /// exp(-|x - x'|^2 / 2 h^2), the paper's proposal for future work.
    Gaussian {
        /// h, in the units of the scaled data; the median distance to a neighbour where it is not
        /// given.
        bandwidth: Option<f32>,
    },
}

impl Kernel {
    /// K for a neighbour at `distance` >= 0. `median` stands in for a bandwidth that is not given.
    pub fn weight(self, distance: f32, median: f32) -> f32 {
        match self {
            Self::Binary { lambda } => lambda,
            Self::Gaussian { bandwidth } => {
                let h = bandwidth.unwrap_or(median).max(f32::MIN_POSITIVE);
                (-0.5 * (distance / h).powi(2)).exp()
            }
        }
    }
}

/// How a batch is drawn from the neighbourhoods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// D, neighbours compared for each centre: drawn with replacement, or all.
    pub neighbours: usize,
    /// Whether the centre itself is reconstructed as well (paper: yes). In the batch {x, x_n} of
    /// section 2.2 it has the weight 1/2, where equation 3 has 1 / (k + 1).
    pub centre: bool,
}

impl Sampling {
    /// Rows that the loss compares for each centre.
    pub fn rows(self) -> usize {
        self.neighbours + usize::from(self.centre)
    }
}

/// A loss to train with.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// The reconstruction term.
    pub reconstruction: Reconstruction,
    /// Whether the encoder is expanded along with the decoder.
    pub extended: bool,
    /// What is drawn for each centre; no neighbours for [`Reconstruction::Point`].
    pub sampling: Sampling,
    /// What the encoder sees instead of the samples.
    pub corruption: Option<Corruption>,
    /// What is added.
    pub terms: Vec<Term>,
    /// Neighbours of each centre that [`Term::Lle`] combines; 0 without it.
    pub k: usize,
}

impl Objective {
    /// Rows gathered for each centre: itself, the neighbours drawn, and those that are combined.
    pub fn group(&self) -> usize {
        1 + self.sampling.neighbours + self.k
    }

    /// Rows compared for each centre: without neighbours the centre alone.
    pub fn compared(&self) -> usize {
        match self.sampling.neighbours {
            0 => 1,
            _ => self.sampling.rows(),
        }
    }

    /// Whether a neighbourhood graph is needed.
    pub fn needs_graph(&self) -> bool {
        self.group() > 1
    }
}
