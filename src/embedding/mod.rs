//! PHATE: coordinates in few dimensions that keep the diffusion distances of a data set. The target
//! of GRAE.
//!
//! Moon et al., "Visualizing structure and transitions in high-dimensional biological data", Nature
//! Biotechnology 37 (2019). What that paper leaves open is done as its authors' Python packages
//! `phate` 2.0 and `graphtools` 2.1 do it with their default settings:
//!
//! 1. Data of many features are projected onto their first 100 principal components.
//! 2. An alpha-decaying kernel, its bandwidth the distance to the fifth neighbour, joins samples to
//!    a graph; its rows, divided by their sums, are the probabilities of a random walk, the
//!    diffusion operator P.
//! 3. Where there are more samples than landmarks, groups of samples take the place of samples in
//!    P.
//! 4. The number of steps t is the knee of the von Neumann entropy of P^t over t.
//! 5. Potential distances are Euclidean distances between the rows of -log P^t.
//! 6. Metric multidimensional scaling, from a classic solution, finds points whose distances are
//!    the potential distances.
//! 7. Samples lie at the mean of the landmarks that a step of the walk takes them to.
//!
//! All inside is f64. The same seed gives the same bits on any number of threads.
//!
//! Where this differs from the Python packages: the last step of scaling is SMACOF run to
//! convergence, from the classic solution and after annealing, where `phate` defaults to stochastic
//! gradient descent (which ends at a slightly higher stress); the classic solution has the textbook's
//! scale of its axes; subspaces come from ten steps of subspace iteration; k-means takes all samples
//! at each step instead of batches; and bandwidths of zero, which come from duplicates, are not
//! raised to 2^-52 but join the duplicates alone. On the 1,797 digits all of this makes a Procrustes disparity of 0.0002, as much as two
//! seeds of `phate` do.

mod affinity;
mod annealed;
mod cluster;
mod components;
mod diffusion;
mod entropy;
mod gap;
mod geodesic;
mod landmarks;
mod procrustes;
mod scaling;
mod smacof;
mod smooth_curve;
mod sparse;
mod spectrum;
mod standardise;
#[cfg(test)]
mod tests;

pub(crate) use components::principal_axes;
pub use components::principal_components;
pub use geodesic::geodesic;
pub(crate) use geodesic::{kept_by_embeddings, kept_order};
pub use procrustes::procrustes;
pub(crate) use spectrum::singular_values;
pub use standardise::standardise;

use crate::error::{Error, Result};
use landmarks::Landmarks;

/// Options of PHATE. The defaults are those of the Python package.
#[derive(Clone, Debug, PartialEq)]
pub struct PhateOptions {
    /// The bandwidth of a sample's kernel is its distance to this neighbour, itself not counted.
    pub neighbours: usize,
    /// Exponent of the kernel: the higher, the sharper its edge.
    pub decay: f64,
    /// Steps of the random walk; `None` takes the knee of the von Neumann entropy.
    pub time: Option<usize>,
    /// Above this number of samples, as many groups of samples stand for them. Time and memory grow
    /// with its cube and square.
    pub landmarks: usize,
    /// Data with more features are projected onto this many principal components first; `None`
    /// never projects.
    pub components: Option<usize>,
    /// Seed of the subspaces and of the groups.
    pub seed: u64,
}

impl Default for PhateOptions {
    fn default() -> Self {
        Self {
            neighbours: 5,
            decay: 40.0,
            time: None,
            landmarks: 2000,
            components: Some(100),
            seed: 0,
        }
    }
}

/// Embeds `points` [samples, features] in `dimensions` by PHATE: [samples, dimensions], centred
/// over the landmarks (the samples where there are none), its axes turned towards the principal
/// axes. `progress` is called with the share of the work that is done, 0 to 1.
///
/// The unit of the coordinates is that of potential distances; GRAE takes them
/// [standardised](standardise).
///
/// # Errors
/// When an option or the shape cannot be used, when there are no more samples than
/// neighbours or dimensions, when a value is not finite, or when the kernel joins so many samples
/// that its graph would not fit in memory.
pub fn phate(
    points: &[f32],
    features: usize,
    dimensions: usize,
    options: &PhateOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<Vec<f32>> {
    let samples = check(points, features, dimensions, options)?;
    let (points, features) =
        components::project(points, features, options.components, options.seed)?;
    progress(0.1);
    let kernel = affinity::kernel(
        &points,
        features,
        options.neighbours,
        options.decay,
        &mut |share| progress(0.1 + 0.2 * share),
    )?;
    drop(points);

    let landmarks = if samples > options.landmarks {
        Landmarks::grouped(&kernel, options.landmarks, options.seed, &mut |share| {
            progress(0.3 + 0.3 * share)
        })?
    } else {
        Landmarks::samples(&kernel)
    };
    drop(kernel);
    let Landmarks {
        count,
        operator,
        transitions,
    } = landmarks;
    progress(0.6);

    let time = match options.time {
        Some(time) => time,
        None => entropy::knee(&entropy::von_neumann(&operator, count)?),
    };
    progress(0.7);
    let distances = diffusion::potential_distances(operator, count, time);
    progress(0.8);
    let start = scaling::classic(&distances, count, dimensions, options.seed)?;
    let embedding = metric_scaling(&distances, dimensions, &start, options.seed, &mut |share| {
        progress(0.8 + 0.2 * share)
    });
    let embedding = procrustes::turn_towards(&start, embedding, dimensions)?;

    let embedding = match transitions {
        Some(transitions) => transitions.apply(&embedding, dimensions),
        None => embedding,
    };
    progress(1.0);
    Ok(embedding
        .into_iter()
        .map(|coordinate| coordinate as f32)
        .collect())
}

/// Points [count, dimensions] whose distances are nearest to `distances` [count, count]: SMACOF from
/// the classic solution `start` and from what annealing makes of it, whichever ends at the lower
/// stress. On branching data the first may end where branches lie across each other.
fn metric_scaling(
    distances: &[f64],
    dimensions: usize,
    start: &[f64],
    seed: u64,
    progress: &mut dyn FnMut(f64),
) -> Vec<f64> {
    let classic = smacof::smacof(distances, dimensions, start, &mut |share| {
        progress(0.5 * share)
    });
    let start = annealed::annealed(distances, dimensions, &classic, seed);
    let annealed = smacof::smacof(distances, dimensions, &start, &mut |share| {
        progress(0.5 + 0.5 * share)
    });
    let [of_classic, of_annealed] =
        [&classic, &annealed].map(|points| smacof::stress(distances, dimensions, points));
    // What only rounding tells apart stays where it was.
    if of_annealed < of_classic * (1.0 - 1e-6) {
        annealed
    } else {
        classic
    }
}

/// The number of samples, where everything can be used.
fn check(
    points: &[f32],
    features: usize,
    dimensions: usize,
    options: &PhateOptions,
) -> Result<usize> {
    let refuse = |what: String| Err(Error::input(what));
    if features == 0 || !points.len().is_multiple_of(features) {
        return refuse(format!(
            "{} values are not samples of {features} features each",
            points.len()
        ));
    }
    let samples = points.len() / features;
    let PhateOptions {
        neighbours,
        decay,
        time,
        landmarks,
        components,
        ..
    } = *options;
    if neighbours == 0 || neighbours >= samples {
        return refuse(format!(
            "PHATE measures {samples} samples by their neighbour number {neighbours}, and each has {}: choose from 1 up to that",
            samples.saturating_sub(1)
        ));
    }
    if dimensions == 0 || dimensions >= samples.min(landmarks) {
        return refuse(format!(
            "PHATE cannot embed {samples} samples with {landmarks} landmarks in {dimensions} dimensions: choose at least 1 and \
             fewer than samples and landmarks"
        ));
    }
    if !(decay.is_finite() && decay > 0.0) {
        return refuse(format!(
            "the decay of PHATE's kernel is {decay}, but it must be a number above 0 (40 is usual)"
        ));
    }
    if time == Some(0) {
        return refuse("PHATE's time is 0, but the random walk needs at least 1 step: leave it out to have it chosen".into());
    }
    if components == Some(0) {
        return refuse("PHATE's number of principal components is 0: choose at least 1, or leave the projection out".into());
    }
    if let Some(at) = points.iter().position(|value| !value.is_finite()) {
        return refuse(format!(
            "the value {} in sample {} (feature {}) is no finite number, so PHATE has no distances to it",
            points[at],
            at / features,
            at % features
        ));
    }
    Ok(samples)
}
