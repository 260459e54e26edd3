//! Metric multidimensional scaling.

use rayon::prelude::*;

/// Iterations, at most.
const ITERATIONS: usize = 1000;
/// Ends when the stress falls by less than this share of the sum of squared distances. On 1,800
/// digits in 16 dimensions that is after 200 steps, and a tenth of it after 600, which bring the
/// stress from 5.7 to 5.5 millionths of that sum and so move points by a two-thousandth of their
/// distances.
const TOLERANCE: f64 = 1e-9;
/// One step of so many goes to the minimum, the others as far again beyond it.
const PLAIN: usize = 10;
/// Sums are taken in as many parts, in a fixed order.
const LANES: usize = 8;

/// Moves the points `start` [count, dimensions] until the stress, the sum of (|x_i - x_j| -
/// d_ij)^2, no longer falls; `distances` [count, count] holds d_ij. The result is centred.
///
/// SMACOF: every step puts the points at the minimum of a quadratic function that lies above the
/// stress and touches it at the points before (de Leeuw, 1977; Borg and Groenen, Modern
/// Multidimensional Scaling, chapter 8). It never raises the stress and has no step size to choose.
/// Nor is the stress raised by twice the step, which ends where the quadratic function is as high
/// as where it began, and which near the end halves the number of steps (de Leeuw and Heiser,
/// 1980). Under such steps alone the scale of all points would swing about its best value for ever:
/// now and then a plain step ends that.
pub(super) fn smacof(
    distances: &[f64],
    dimensions: usize,
    start: &[f64],
    progress: &mut dyn FnMut(f64),
) -> Vec<f64> {
    let count = start.len() / dimensions;
    let total: f64 = distances
        .par_chunks_exact(count)
        .map(|row| simd_sum(row, row, |a, b| a * b))
        .collect::<Vec<_>>()
        .iter()
        .sum();
    let mut points = start.to_vec();
    let mut last = f64::INFINITY;
    for iteration in 0..ITERATIONS {
        let plain = iteration.is_multiple_of(PLAIN);
        let reach = if plain { 1.0 } else { 2.0 };
        let stress = step(distances, dimensions, &mut points, reach);
        if last - stress <= TOLERANCE * total {
            break;
        }
        last = stress;
        progress((iteration + 1) as f64 / ITERATIONS as f64);
    }
    points
}

/// The stress of `points`, over ordered pairs.
pub(super) fn stress(distances: &[f64], dimensions: usize, points: &[f64]) -> f64 {
    step(distances, dimensions, &mut points.to_vec(), 1.0)
}

/// Moves the points `reach` times the way to their Guttman transform; returns the stress before.
fn step(distances: &[f64], dimensions: usize, points: &mut [f64], reach: f64) -> f64 {
    let count = points.len() / dimensions;
    // [dimensions, count], so that one coordinate of consecutive points is contiguous.
    let planes: Vec<f64> = (0..points.len())
        .map(|at| points[at % count * dimensions + at / count])
        .collect();
    let scratch = || vec![0.0; count];
    let move_point = |scratch: &mut Vec<f64>, (i, point): (usize, &mut [f64])| {
        let wanted = &distances[i * count..][..count];
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || step_point(wanted, &planes, point, scratch, reach),
        )
    };
    let stress: Vec<f64> = points
        .par_chunks_exact_mut(dimensions)
        .enumerate()
        .map_init(scratch, move_point)
        .collect();
    stress.iter().sum()
}

/// Moves one point, which should be as far from all points, `planes` [dimensions, count], as
/// `wanted` says; returns its part of the stress. `ratio` is room for a number a point.
#[inline(always)]
fn step_point(
    wanted: &[f64],
    planes: &[f64],
    point: &mut [f64],
    ratio: &mut [f64],
    reach: f64,
) -> f64 {
    let count = wanted.len();
    ratio.fill(0.0);
    for (plane, &own) in planes.chunks_exact(count).zip(&*point) {
        ratio
            .iter_mut()
            .zip(plane)
            .for_each(|(square, other)| *square += (own - other) * (own - other));
    }
    ratio.iter_mut().for_each(|square| *square = square.sqrt());
    let stress = simd_sum(ratio, wanted, |distance, wanted| {
        (wanted - distance) * (wanted - distance)
    });
    // Points that coincide have no direction in which to move apart.
    ratio
        .iter_mut()
        .zip(wanted)
        .for_each(|(ratio, wanted)| *ratio = if *ratio > 0.0 { wanted / *ratio } else { 0.0 });
    for (plane, own) in planes.chunks_exact(count).zip(point) {
        let here = *own;
        let nearest = simd_sum(ratio, plane, |ratio, other| ratio * (here - other)) / count as f64;
        *own = here + reach * (nearest - here);
    }
    stress
}

/// The sum of `term(a, b)` over two slices of one length, in a fixed order.
#[inline(always)]
fn simd_sum(a: &[f64], b: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let (blocks_a, blocks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail: f64 = blocks_a
        .remainder()
        .iter()
        .zip(blocks_b.remainder())
        .map(|(&a, &b)| term(a, b))
        .sum();
    for (a, b) in blocks_a.zip(blocks_b) {
        for lane in 0..LANES {
            sums[lane] += term(a[lane], b[lane]);
        }
    }
    sums.iter().sum::<f64>() + tail
}

#[cfg(test)]
mod tests {
    use super::super::procrustes::procrustes;
    use super::super::scaling::classic;
    use super::super::tests::{distances, narrow};
    use super::*;
    use crate::random::{Generator, Stream};
    use rand::RngExt;
    use rand_distr::StandardNormal;

    fn draw(len: usize, step: u64) -> Vec<f64> {
        let mut generator = Generator::new(4, Stream::Test, step);
        (0..len).map(|_| generator.sample(StandardNormal)).collect()
    }

    fn defined(wanted: &[f64], points: &[f64], dimensions: usize) -> f64 {
        distances(points, dimensions)
            .iter()
            .zip(wanted)
            .map(|(a, b)| (a - b).powi(2))
            .sum()
    }

    #[test]
    fn a_disturbed_configuration_is_recovered() {
        let points = draw(77 * 2, 0);
        let start: Vec<f64> = points
            .iter()
            .zip(draw(77 * 2, 1))
            .map(|(point, noise)| point + 0.3 * noise)
            .collect();
        let found = smacof(&distances(&points, 2), 2, &start, &mut |_| ());
        assert!(procrustes(&narrow(&points), &narrow(&start), 2).unwrap() > 0.01);
        assert!(procrustes(&narrow(&points), &narrow(&found), 2).unwrap() < 1e-6);
    }

    #[test]
    fn a_step_is_the_guttman_transform_and_never_raises_the_stress() {
        let wanted = distances(&draw(30 * 5, 2), 5);
        let mut points = classic(&wanted, 30, 2, 0).unwrap();
        let mut last = f64::INFINITY;
        for _ in 0..20 {
            let (before, apart) = (points.clone(), distances(&points, 2));
            let reported = step(&wanted, 2, &mut points, 1.0);
            approx::assert_relative_eq!(
                reported,
                defined(&wanted, &before, 2),
                max_relative = 1e-12
            );
            assert!(reported <= last * (1.0 + 1e-12), "{reported} after {last}");
            last = reported;
            // B x / n with b_ij = -d_ij / |x_i - x_j| and rows that sum to zero.
            let b = |i: usize, j: usize| -wanted[i * 30 + j] / apart[i * 30 + j];
            for i in 0..30 {
                for k in 0..2 {
                    let others = (0..30).filter(|&j| j != i);
                    let want: f64 = others
                        .map(|j| b(i, j) * (before[j * 2 + k] - before[i * 2 + k]))
                        .sum::<f64>()
                        / 30.0;
                    approx::assert_abs_diff_eq!(points[i * 2 + k], want, epsilon = 1e-12);
                }
            }
        }
    }

    #[test]
    fn twice_the_way_is_no_higher_and_comes_to_the_same_end() {
        let wanted = distances(&draw(60 * 5, 5), 5);
        let start = classic(&wanted, 60, 2, 0).unwrap();
        let reached = |reach: f64| {
            let (mut points, mut last, mut steps) = (start.clone(), f64::MAX, 0);
            loop {
                step(&wanted, 2, &mut points, 1.0);
                for _ in 1..PLAIN {
                    let stress = step(&wanted, 2, &mut points, reach);
                    assert!(stress <= last * (1.0 + 1e-12), "{stress} after {last}");
                    if last - stress <= 1e-13 * last {
                        return (stress, steps);
                    }
                    (last, steps) = (stress, steps + 1);
                }
            }
        };
        let (plain, relaxed) = (reached(1.0), reached(2.0));
        approx::assert_relative_eq!(plain.0, relaxed.0, max_relative = 1e-9);
        assert!(3 * relaxed.1 < 2 * plain.1, "{relaxed:?} {plain:?}");
    }

    #[test]
    fn the_end_is_a_stationary_point() {
        let wanted = distances(&draw(40 * 6, 3), 6);
        let found = smacof(
            &wanted,
            2,
            &classic(&wanted, 40, 2, 0).unwrap(),
            &mut |_| (),
        );
        let base = defined(&wanted, &found, 2);
        for at in 0..80 {
            for change in [-0.01, 0.01] {
                let mut moved = found.clone();
                moved[at] += change;
                assert!(defined(&wanted, &moved, 2) > base);
            }
        }
    }

    #[test]
    fn no_distances_leave_points_together() {
        assert_eq!(smacof(&[0.0; 9], 2, &[0.0; 6], &mut |_| ()), [0.0; 6]);
    }
}
