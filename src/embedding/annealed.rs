//! Metric multidimensional scaling by annealed stochastic gradient descent, which finds its way out
//! of minima that majorisation from a classic solution ends in.

use super::spectrum::Draw;
use rand::seq::SliceRandom;

/// Passes over pairs of points.
const EPOCHS: usize = 20;
/// The share of its way that a pair moves in the last pass; in the first one it is all.
const LAST_SHARE: f64 = 0.01;

/// Moves the points `start` [count, dimensions] towards the `distances` [count, count], pair by pair:
/// each pair goes a share of the way to its distance, a share that falls exponentially (Zheng, Pawar
/// and Goodman, IEEE TVCG 25, 2019). An epoch is count rounds of count / 2 random pairs.
pub(super) fn annealed(distances: &[f64], dimensions: usize, start: &[f64], seed: u64) -> Vec<f64> {
    let count = start.len() / dimensions;
    let mut points = start.to_vec();
    let mut order: Vec<usize> = (0..count).collect();
    let mut generator = Draw::Anneal.generator(seed);
    for epoch in 0..EPOCHS {
        let share = LAST_SHARE.powf(epoch as f64 / (EPOCHS - 1) as f64);
        for _ in 0..count {
            order.shuffle(&mut generator);
            for pair in order.chunks_exact(2) {
                let (i, j) = (pair[0], pair[1]);
                let wanted = distances[i * count + j];
                move_pair(&mut points, dimensions, (i, j), wanted, share);
            }
        }
    }
    points
}

/// Moves points `i` and `j` a `share` of the way to being `wanted` apart.
fn move_pair(
    points: &mut [f64],
    dimensions: usize,
    (i, j): (usize, usize),
    wanted: f64,
    share: f64,
) {
    let at = |point: usize, k: usize| point * dimensions + k;
    let squares = (0..dimensions).map(|k| (points[at(i, k)] - points[at(j, k)]).powi(2));
    let apart = squares.sum::<f64>().sqrt();
    if apart == 0.0 {
        // Points that coincide have no direction in which to move apart.
        return;
    }
    let step = 0.5 * share * (apart - wanted) / apart;
    for k in 0..dimensions {
        let difference = step * (points[at(i, k)] - points[at(j, k)]);
        points[at(i, k)] -= difference;
        points[at(j, k)] += difference;
    }
}

#[cfg(test)]
mod tests {
    use super::super::metric_scaling;
    use super::super::scaling::classic;
    use super::super::smacof::{smacof, stress};
    use crate::random::{Generator, Stream};
    use rand::RngExt;

    /// Lengths of the ways in a random tree: of `branches` branches, each of `length` steps, every
    /// one begins at a random point of those before it.
    fn tree(branches: usize, length: usize, seed: u64) -> Vec<f64> {
        let mut generator = Generator::new(seed, Stream::Test, 0);
        let count = branches * length;
        let mut ways = vec![0.0; count * count];
        for point in 1..count {
            let parent = match point % length {
                0 => generator.random_range(0..point as u32) as usize,
                _ => point - 1,
            };
            for other in 0..point {
                let way = ways[parent * count + other] + 1.0;
                ways[point * count + other] = way;
                ways[other * count + point] = way;
            }
        }
        ways
    }

    /// The same for a tree that anybody can make again.
    fn certain_tree(branches: usize, length: usize, seed: usize) -> Vec<f64> {
        let count = branches * length;
        let mut ways = vec![0.0; count * count];
        for point in 1..count {
            let branch = point / length;
            let parent = match point % length {
                0 => (7 * branch * branch + 13 * seed + 3 * branch) % point,
                _ => point - 1,
            };
            for other in 0..point {
                let way = ways[parent * count + other] + 1.0;
                ways[point * count + other] = way;
                ways[other * count + point] = way;
            }
        }
        ways
    }

    /// Stress of the package's metric scaling, sqrt(sum (distance - way)^2 / sum way^2), the lower of both
    /// of its solvers: `mds.smacof(ways, n_components=2, init=mds.classic(ways, 2), metric=True)` of `phate`
    /// 2.0; `sgd`, its default, ends at .067 to .226.
    #[test]
    fn stress_on_branches_is_at_most_two_hundredths_above_that_of_the_package() {
        let package = [
            (9, 8, [0.1593, 0.1035, 0.1168, 0.1303, 0.1723]),
            (5, 20, [0.0617, 0.0593, 0.0372, 0.0404, 0.1260]),
        ];
        for (branches, length, stresses) in package {
            for (seed, package) in stresses.into_iter().enumerate() {
                let ways = certain_tree(branches, length, seed);
                let start = classic(&ways, branches * length, 2, 0).unwrap();
                let points = metric_scaling(&ways, 2, &start, 0, &mut |_| ());
                let points = points.as_chunks::<2>().0;
                let (mut errors, mut squares) = (0.0, 0.0);
                for (i, a) in points.iter().enumerate() {
                    for (j, b) in points.iter().enumerate() {
                        let way = ways[i * points.len() + j];
                        errors += (f64::hypot(a[0] - b[0], a[1] - b[1]) - way).powi(2);
                        squares += way * way;
                    }
                }
                let ours = (errors / squares).sqrt();
                assert!(
                    ours <= 1.02 * package,
                    "{branches} x {length}, {seed}: {ours} against {package}"
                );
            }
        }
    }

    #[test]
    fn branches_do_not_stay_across_each_other() {
        let mut most = 0.0_f64;
        for seed in 0..5 {
            let ways = tree(9, 8, seed);
            let start = classic(&ways, 72, 2, 0).unwrap();
            let one = stress(&ways, 2, &smacof(&ways, 2, &start, &mut |_| ()));
            let best = stress(&ways, 2, &metric_scaling(&ways, 2, &start, 0, &mut |_| ()));
            assert!(best <= one, "{seed}: {best} after {one}");
            most = most.max(one / best);
        }
        assert!(most > 1.02, "{most}");
    }
}
