//! Whether samples that are neighbours in the data are neighbours in the latent space, and vice
//! versa.

use crate::error::{Error, Result};
use crate::graph::{Graph, nearest_neighbours, neighbour_ranks};
use serde::Serialize;

/// How well the k nearest neighbours of samples agree between two spaces; 1 is best for each
/// measure.
///
/// With n samples, N_k(i) the k nearest neighbours of sample i in the data and L_k(i) those in the
/// latent space, r(i, j) the rank of j among the neighbours of i in the data and s(i, j) that in
/// the latent space (1 for the nearest):
///
/// - trustworthiness is 1 - 2 / (n k (2n - 3k - 1)) times the sum over i and over j in L_k(i) of
///   max(0, r(i, j) - k): samples far apart in the data that are latent neighbours lower it;
/// - continuity is the same with the spaces exchanged, over j in N_k(i) of max(0, s(i, j) - k):
///   neighbours in the data that are far apart in the latent space lower it;
/// - recall is the mean over i of |N_k(i) and L_k(i)| / k.
///
/// Trustworthiness and continuity are those of Venna and Kaski ("Neighborhood preservation in
/// nonlinear projection methods", ICANN 2001), the former as in scikit-learn's
/// `sklearn.manifold.trustworthiness`. Distances are Euclidean; ties go by the index of the sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Preservation {
    /// k, neighbours of each sample.
    pub k: usize,
    /// n, the samples among which neighbours are searched.
    pub samples: usize,
    /// Whether latent neighbours are neighbours in the data.
    pub trustworthiness: f64,
    /// Whether neighbours in the data are latent neighbours.
    pub continuity: f64,
    /// The fraction of neighbours in the data that are latent neighbours.
    pub recall: f64,
}

impl Preservation {
    /// Measures `latents` [n, latent] against `data` [n, features], exactly, in memory O(n k) besides
    /// the inputs.
    ///
    /// # Errors
    /// When k is 0 or not below n / 2, beyond which the measures are not defined; where
    /// [`nearest_neighbours`] finds none.
    ///
    /// # Panics
    /// When there is not one latent for each sample.
    pub fn measure(
        data: &[f32],
        features: usize,
        latents: &[f32],
        latent: usize,
        k: usize,
    ) -> Result<Self> {
        let samples = data.len() / features;
        assert_eq!(
            latents.len() / latent,
            samples,
            "one latent for each sample"
        );
        if k == 0 || 2 * k >= samples {
            return Err(Error::input(format!(
                "k is {k}, but trustworthiness and continuity of {samples} samples need a k of at least 1 and below {}: choose another k \
                 or more samples",
                samples as f64 / 2.0
            )));
        }
        let latent_graph = nearest_neighbours(latents, latent, k, &mut |_| ())?;
        let ranks = neighbour_ranks(data, features, &latent_graph);
        let kept = ranks.iter().filter(|&&rank| rank as usize <= k).count();
        let data_graph = nearest_neighbours(data, features, k, &mut |_| ())?;
        Ok(Self {
            k,
            samples,
            trustworthiness: one_less_excess(&ranks, &latent_graph),
            continuity: one_less_excess(
                &neighbour_ranks(latents, latent, &data_graph),
                &data_graph,
            ),
            recall: kept as f64 / ranks.len() as f64,
        })
    }
}

/// 1 minus the sum of the excess of `ranks` [n, k] over k, divided by the largest possible sum.
fn one_less_excess(ranks: &[u32], graph: &Graph) -> f64 {
    let (k, samples) = (graph.k as u64, ranks.len() as u64 / graph.k as u64);
    let excess: u64 = ranks
        .iter()
        .map(|&rank| u64::from(rank).saturating_sub(k))
        .sum();
    1.0 - 2.0 * excess as f64 / (samples * k * (2 * samples - 3 * k - 1)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, Stream};
    use rand::RngExt;
    use rand_distr::StandardNormal;

    /// Every distance sorted, every rank looked up.
    fn by_definition(
        data: &[f32],
        features: usize,
        latents: &[f32],
        latent: usize,
        k: usize,
    ) -> [f64; 3] {
        let n = data.len() / features;
        let sorted = |points: &[f32], width: usize| -> Vec<Vec<usize>> {
            let distance = |i: usize, j: usize| -> f64 {
                (0..width)
                    .map(|c| {
                        (f64::from(points[i * width + c]) - f64::from(points[j * width + c]))
                            .powi(2)
                    })
                    .sum()
            };
            let order = |i: usize| {
                let mut others: Vec<usize> = (0..n).filter(|&j| j != i).collect();
                others.sort_by(|&a, &b| distance(i, a).total_cmp(&distance(i, b)).then(a.cmp(&b)));
                others
            };
            (0..n).map(order).collect()
        };
        let (data, latents) = (sorted(data, features), sorted(latents, latent));
        let excess = |near: &[Vec<usize>], far: &[Vec<usize>]| -> f64 {
            let beyond = |i: usize, j: &usize| {
                (far[i].iter().position(|other| other == j).unwrap() + 1).saturating_sub(k)
            };
            let sum: usize = (0..n)
                .map(|i| near[i][..k].iter().map(|j| beyond(i, j)).sum::<usize>())
                .sum();
            1.0 - 2.0 / ((n * k) as f64 * (2.0 * n as f64 - 3.0 * k as f64 - 1.0)) * sum as f64
        };
        let common: usize = (0..n)
            .map(|i| {
                data[i][..k]
                    .iter()
                    .filter(|j| latents[i][..k].contains(j))
                    .count()
            })
            .sum();
        [
            excess(&latents, &data),
            excess(&data, &latents),
            common as f64 / (n * k) as f64,
        ]
    }

    #[test]
    fn measures_are_those_of_the_definition() {
        let mut generator = Generator::new(5, Stream::Test, 0);
        for (samples, features, latent, k) in [
            (3, 2, 1, 1),
            (60, 5, 2, 7),
            (61, 3, 3, 30),
            (400, 17, 2, 10),
        ] {
            let data: Vec<f32> = (0..samples * features)
                .map(|_| generator.sample::<f32, _>(StandardNormal))
                .collect();
            // The first coordinates with noise: neither equal to the data nor independent of them.
            // Rounded, so that there are ties.
            let code = |i: usize, c: usize| data[i * features + c.min(features - 1)];
            let latents: Vec<f32> = (0..samples * latent)
                .map(|at| {
                    ((code(at / latent, at % latent)
                        + 0.5 * generator.sample::<f32, _>(StandardNormal))
                        * 4.0)
                        .round()
                })
                .collect();
            let found = Preservation::measure(&data, features, &latents, latent, k).unwrap();
            let found = [found.trustworthiness, found.continuity, found.recall];
            approx::assert_abs_diff_eq!(
                found[..],
                by_definition(&data, features, &latents, latent, k)[..],
                epsilon = 1e-12
            );
        }
    }

    #[test]
    fn a_similar_space_is_perfect_and_a_folded_one_is_not() {
        let mut generator = Generator::new(6, Stream::Test, 0);
        let data: Vec<f32> = (0..200 * 3)
            .map(|_| generator.sample(StandardNormal))
            .collect();
        let larger: Vec<f32> = data.iter().map(|value| 2.0 * value).collect();
        let same = Preservation::measure(&data, 3, &larger, 3, 10).unwrap();
        assert_eq!(
            (same.trustworthiness, same.continuity, same.recall),
            (1.0, 1.0, 1.0)
        );
        // A line folded in the middle joins what is far apart, but tears nothing.
        let line: Vec<f32> = (0..200)
            .map(|i| i as f32 + 0.2 * (i as f32).sin())
            .collect();
        let folded: Vec<f32> = line.iter().map(|x| (x - 80.3).abs()).collect();
        let folded = Preservation::measure(&line, 1, &folded, 1, 4).unwrap();
        assert!(
            folded.trustworthiness < 0.8 && folded.continuity > 0.98 && folded.recall < 0.8,
            "{folded:?}"
        );
    }

    #[test]
    fn what_has_no_measure_is_a_sentence() {
        let refused = |latents: &[f32], k| {
            Preservation::measure(&[0.0, 1.0, 2.0, 3.0], 1, latents, 1, k)
                .unwrap_err()
                .to_string()
        };
        assert!(
            refused(&[0.0; 4], 2)
                .starts_with("k is 2, but trustworthiness and continuity of 4 samples")
        );
        assert!(refused(&[0.0; 4], 0).starts_with("k is 0"));
        assert!(refused(&[0.0, 1.0, f32::NAN, 2.0], 1).contains("not finite"));
    }
}
