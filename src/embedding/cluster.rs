//! k-means: groups of points around their means.

use super::spectrum::Draw;
use crate::gemm::{Matrix, multiply};
use crate::random::Generator;
use rand::RngExt;
use rand::distr::weighted::WeightedIndex;
use rand::seq::index;
use rayon::prelude::*;

/// Rounds of assignment, at most.
const ROUNDS: usize = 20;
/// The first centres are chosen among as many points for each centre.
const CANDIDATES: usize = 3;
/// Points that are compared with all centres at once.
const BLOCK: usize = 1024;

/// `[points]`: the group of each of `points` [points, width], in at most `count` groups that are
/// numbered in the order of their first points. There are fewer where there are fewer different
/// points, or where a group has lost all of its points to others.
///
/// Lloyd's algorithm over all points from centres drawn by k-means++ (Arthur and Vassilvitskii,
/// SODA 2007) from a subset.
pub(super) fn clusters(
    points: &[f64],
    width: usize,
    count: usize,
    seed: u64,
    progress: &mut dyn FnMut(f64),
) -> Vec<u32> {
    let mut generator = Draw::Clusters.generator(seed);
    let mut centres = first_centres(points, width, count, &mut generator);
    let mut groups = vec![u32::MAX; points.len() / width];
    for round in 0..ROUNDS {
        let next = assign(points, width, &centres);
        let settled = next == groups;
        groups = next;
        if settled {
            break;
        }
        update(&mut centres, points, width, &groups);
        progress((round + 1) as f64 / ROUNDS as f64);
    }
    number(&mut groups, centres.len() / width);
    groups
}

/// Centres [at most count, width], each drawn with a probability proportional to its squared
/// distance from those before it.
fn first_centres(
    points: &[f64],
    width: usize,
    count: usize,
    generator: &mut Generator,
) -> Vec<f64> {
    let size = points.len() / width;
    let candidates = index::sample(generator, size, size.min(CANDIDATES * count));
    let point = |at: usize| &points[candidates.index(at) * width..][..width];
    let mut squares = vec![f64::INFINITY; candidates.len()];
    let mut centres = point(0).to_vec();
    while centres.len() < count * width {
        let last = &centres[centres.len() - width..];
        squares
            .par_iter_mut()
            .enumerate()
            .with_min_len(64)
            .for_each(|(at, square)| {
                let distance: f64 = point(at)
                    .iter()
                    .zip(last)
                    .map(|(a, b)| (a - b).powi(2))
                    .sum();
                *square = square.min(distance);
            });
        let Ok(next) = WeightedIndex::new(&squares) else {
            // Every candidate is a centre already.
            break;
        };
        centres.extend_from_slice(point(generator.sample(next)));
    }
    centres
}

/// The nearest centre of each point, the first of equally near ones.
fn assign(points: &[f64], width: usize, centres: &[f64]) -> Vec<u32> {
    let count = centres.len() / width;
    let squares: Vec<f64> = centres
        .chunks_exact(width)
        .map(|centre| centre.iter().map(|value| value * value).sum())
        .collect();
    let mut products = vec![0.0; BLOCK * count];
    let mut groups = Vec::with_capacity(points.len() / width);
    for block in points.chunks(BLOCK * width) {
        let rows = block.len() / width;
        let shape = [rows, width, count];
        multiply(
            &mut products,
            shape,
            Matrix::rows(block, width),
            Matrix::rows(centres, width).transposed(),
            false,
        );
        groups.par_extend(
            products[..rows * count]
                .par_chunks_exact(count)
                .map(|products| {
                    let mut best = (f64::INFINITY, 0);
                    for (centre, (square, product)) in squares.iter().zip(products).enumerate() {
                        let distance = square - 2.0 * product;
                        if distance < best.0 {
                            best = (distance, centre as u32);
                        }
                    }
                    best.1
                }),
        );
    }
    groups
}

/// Moves every centre to the mean of its group; that of an empty group stays.
fn update(centres: &mut [f64], points: &[f64], width: usize, groups: &[u32]) {
    let mut sums = vec![0.0; centres.len()];
    let mut sizes = vec![0_usize; centres.len() / width];
    for (point, &group) in points.chunks_exact(width).zip(groups) {
        sizes[group as usize] += 1;
        sums[group as usize * width..][..width]
            .iter_mut()
            .zip(point)
            .for_each(|(sum, value)| *sum += value);
    }
    for (centre, (sum, &size)) in centres
        .chunks_exact_mut(width)
        .zip(sums.chunks_exact(width).zip(&sizes))
    {
        if size > 0 {
            centre
                .iter_mut()
                .zip(sum)
                .for_each(|(centre, sum)| *centre = sum / size as f64);
        }
    }
}

/// Numbers the groups that have points in the order of their first points.
fn number(groups: &mut [u32], count: usize) {
    let mut numbers = vec![None; count];
    let mut next = 0;
    for group in groups {
        *group = *numbers[*group as usize].get_or_insert_with(|| {
            next += 1;
            next - 1
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand_distr::StandardNormal;

    #[test]
    fn separate_heaps_are_groups() {
        let mut generator = Generator::new(1, Stream::Test, 0);
        let points: Vec<f64> = (0..3000)
            .map(|at| (at / 2 % 5 * 100) as f64 + generator.sample::<f64, _>(StandardNormal))
            .collect();
        let groups = clusters(&points, 2, 5, 0, &mut |_| ());
        assert!(
            groups
                .iter()
                .enumerate()
                .all(|(at, &group)| group as usize == at % 5)
        );
    }

    #[test]
    fn fewer_different_points_make_fewer_groups() {
        let points: Vec<f64> = (0..100).map(|at| (at % 4) as f64).collect();
        let groups = clusters(&points, 1, 10, 0, &mut |_| ());
        assert!(
            groups
                .iter()
                .enumerate()
                .all(|(at, &group)| group as usize == at % 4)
        );
    }
}
