//! The `[neighbours]` of a run: the graph, what is drawn from it, and the weights.

use super::SamplingScheme;
use crate::graph::{Edges, Metric, Search};
use crate::objective::Kernel;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::path::PathBuf;

/// `[neighbours]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NeighbourConfig {
    /// Nearest neighbours of each sample in the graph; the root of the number of samples, but at most
    /// 10, where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// A graph from a file, [N, k] or more indices as `nrae knn` writes them, instead of one that is
    /// found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph: Option<PathBuf>,
    /// Whether all true neighbours are wanted.
    pub search: Search,
    /// The distance that decides who is near.
    pub metric: Metric,
    /// Whether neighbours must be mutual, or need be so on one side only.
    pub edges: Edges,
    /// Neighbours sampled for each centre in a step, with replacement, or `"all"`: each of them
    /// once, which is equation 3 in full. The memory of a step grows with their number.
    pub num_sampled: NumSampled,
    /// Whether the centre itself is reconstructed as well, as in equation 3. Beside one sampled
    /// neighbour it has the weight 1/2, where equation 3 has 1 / (k + 1): see
    /// [`NeighbourConfig::centre_weight`].
    pub centre: bool,
    /// What the centre weighs beside sampled neighbours.
    pub centre_weight: CentreWeight,
    /// Weight of a neighbour where a centre counts 1. That is within the rows that are compared:
    /// with one sampled neighbour a lambda here acts like lambda / k in equation 3.
    pub lambda: f64,
    /// `binary` weighs every neighbour by lambda, `gaussian` by its distance.
    pub kernel: KernelKind,
    /// Width of the Gaussian kernel; the median distance to a neighbour, where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<f64>,
}

impl Default for NeighbourConfig {
    fn default() -> Self {
        Self {
            k: None,
            graph: None,
            search: Search::default(),
            metric: Metric::default(),
            edges: Edges::default(),
            num_sampled: NumSampled::Number(1),
            centre: true,
            centre_weight: CentreWeight::default(),
            lambda: 1.0,
            kernel: KernelKind::Binary,
            bandwidth: None,
        }
    }
}

/// Neighbours by default, at most.
const MOST_NEIGHBOURS: usize = 10;

impl NeighbourConfig {
    /// Nearest neighbours of each sample: the most by default where none are given and no run has
    /// resolved it.
    pub fn k(&self) -> usize {
        self.k.unwrap_or(MOST_NEIGHBOURS)
    }

    /// Those of a run on so many `samples`, where none are given.
    pub(super) fn suited(samples: usize) -> usize {
        let root = (samples as f64).sqrt().round() as usize;
        root.clamp(1, MOST_NEIGHBOURS)
    }

    /// The weight of a neighbour.
    pub fn kernel(&self) -> Kernel {
        match self.kernel {
            KernelKind::Binary => Kernel::Binary {
                lambda: self.lambda as f32,
            },
            KernelKind::Gaussian => Kernel::Gaussian {
                bandwidth: self.bandwidth.map(|h| h as f32),
            },
        }
    }

    /// How the compared rows stand for a neighbourhood.
    pub fn scheme(&self) -> SamplingScheme {
        match (self.num_sampled, self.centre_weight) {
            (NumSampled::All, _) => SamplingScheme::All,
            (_, CentreWeight::Batch) => SamplingScheme::Batch,
            (_, CentreWeight::Unbiased) => SamplingScheme::Unbiased,
        }
    }

    /// The first setting that cannot be, as a sentence.
    pub(super) fn mistake(&self) -> Option<&'static str> {
        let not_negative = |value: f64| value.is_finite() && value >= 0.0;
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let checks = [
            (
                self.k != Some(0),
                "neighbours.k is 0: a neighbourhood graph needs at least one neighbour",
            ),
            (
                self.num_sampled != NumSampled::Number(0),
                "neighbours.num_sampled is 0: a step needs at least one neighbour for each centre",
            ),
            (
                self.centre || self.centre_weight == CentreWeight::Batch,
                "neighbours.centre_weight is \"unbiased\", but neighbours.centre is false: equation 3 compares the centre, so set \
                 neighbours.centre to true or leave neighbours.centre_weight out",
            ),
            (
                not_negative(self.lambda),
                "neighbours.lambda must be a number >= 0",
            ),
            (
                self.bandwidth.is_none_or(positive),
                "neighbours.bandwidth must be a number > 0",
            ),
        ];
        checks
            .into_iter()
            .find_map(|(good, what)| (!good).then_some(what))
    }
}

/// Kinds of [`Kernel`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum KernelKind {
    /// lambda
    #[default]
    Binary,
    /// exp(-distance^2 / 2 bandwidth^2)
    Gaussian,
}

/// Neighbours that a step compares with each centre: a number, or `"all"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumSampled {
    /// So many, drawn uniformly with replacement.
    Number(usize),
    /// Every neighbour once. A step has rows for the largest neighbourhood: k neighbours with
    /// directed edges, at most k with mutual ones, and up to all samples with symmetric ones.
    All,
}

impl NumSampled {
    /// The number, where all are `all`.
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Number(number) => number,
            Self::All => all,
        }
    }
}

impl Serialize for NumSampled {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => to.serialize_u64(*number as u64),
            Self::All => to.serialize_str("all"),
        }
    }
}

impl<'de> Deserialize<'de> for NumSampled {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Clone, Copy)]
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = NumSampled;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number of neighbours or \"all\"")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<NumSampled, E> {
                let unexpected = || E::invalid_value(de::Unexpected::Unsigned(value), &self);
                let number = usize::try_from(value).map_err(|_| unexpected())?;
                Ok(NumSampled::Number(number))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<NumSampled, E> {
                let unexpected = || E::invalid_value(de::Unexpected::Signed(value), &self);
                self.visit_u64(u64::try_from(value).map_err(|_| unexpected())?)
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<NumSampled, E> {
                match value {
                    "all" => Ok(NumSampled::All),
                    _ => Err(E::invalid_value(de::Unexpected::Str(value), &self)),
                }
            }
        }

        from.deserialize_any(Visitor)
    }
}

/// What the centre weighs beside sampled neighbours. It makes no difference where all are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CentreWeight {
    /// As much as each sampled row: the mean over the batch {x, x_n} of the paper (section 2.2),
    /// where x has 1/2 and not 1 / (k + 1).
    #[default]
    Batch,
    /// 1 / |N(x)|, and the sampled neighbours together the rest: the loss of a step is an unbiased
    /// estimate of equation 3.
    Unbiased,
}
