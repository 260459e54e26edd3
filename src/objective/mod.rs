//! What is minimised: a reconstruction, how neighbours are drawn and weighed, and the table of methods.

use serde::{Deserialize, Serialize};

/// What the decoder's output is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reconstruction {
    /// Each sample with its own reconstruction f(g(x)).
    Point,
    /// Each neighbour x' of x with the Taylor expansion of the decoder at g(x), evaluated at g(x'); paper, equations 2 and 3.
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

/// The weight K(x', x) of a neighbour; a centre always has weight 1. The centre is known by its index, never by a distance of zero.
///
/// Two conventions for lambda are in use. The paper states 0 <= lambda < 1: a neighbour counts less than the centre. The authors'
/// released configurations use 2 to 100: it counts more. Any lambda >= 0 is accepted.
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
        /// h, in the units of the scaled data; the median distance to a neighbour where it is not given.
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
    /// D, neighbours drawn for each centre, with replacement.
    pub neighbours: usize,
    /// Whether the centre itself is reconstructed as well (paper: yes).
    pub centre: bool,
}

impl Sampling {
    /// Rows that the loss compares for each centre.
    pub fn rows(self) -> usize {
        self.neighbours + usize::from(self.centre)
    }
}

/// A loss to train with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objective {
    /// The reconstruction term.
    pub reconstruction: Reconstruction,
    /// What is drawn for each centre; no neighbours for [`Reconstruction::Point`].
    pub sampling: Sampling,
}

/// A row of the table of methods.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Name on the command line and in configurations.
    pub name: &'static str,
    /// One line for a person.
    pub summary: &'static str,
    /// The loss, in plain text.
    pub formula: &'static str,
    /// The reconstruction term.
    pub reconstruction: Reconstruction,
}

/// Every method, by name.
pub const METHODS: &[Method] = &[
    Method { name: "ae", summary: "plain autoencoder", formula: "mean |x - f(g(x))|^2", reconstruction: Reconstruction::Point },
    Method {
        name: "nrae-l",
        summary: "neighbourhood reconstruction by the decoder's tangent",
        formula: "mean K(x',x) |x' - f(z) - J dz|^2",
        reconstruction: Reconstruction::Neighbourhood { order: 1 },
    },
    Method {
        name: "nrae-q",
        summary: "neighbourhood reconstruction by the decoder's quadratic expansion",
        formula: "mean K(x',x) |x' - f(z) - J dz - dz'H dz/2|^2",
        reconstruction: Reconstruction::Neighbourhood { order: 2 },
    },
];

impl Method {
    /// The row called `name`.
    pub fn find(name: &str) -> Option<&'static Self> {
        METHODS.iter().find(|method| method.name == name)
    }

    /// The loss of this method with neighbours drawn as `sampling` says.
    pub fn objective(&self, sampling: Sampling) -> Objective {
        let sampling = match self.reconstruction {
            Reconstruction::Point => Sampling { neighbours: 0, centre: true },
            Reconstruction::Neighbourhood { .. } => sampling,
        };
        Objective { reconstruction: self.reconstruction, sampling }
    }
}
