//! PHATE as a whole.

use super::*;
use crate::eval::rank_correlation;
use crate::random::{Generator, Stream};
use rand::RngExt;
use rand_distr::StandardNormal;

/// [points, points]: Euclidean distances between `points` [points, dimensions].
pub(super) fn distances(points: &[f64], dimensions: usize) -> Vec<f64> {
    let rows: Vec<&[f64]> = points.chunks_exact(dimensions).collect();
    let distance = |a: &[f64], b: &[f64]| {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    rows.iter()
        .flat_map(|a| rows.iter().map(move |b| distance(a, b)))
        .collect()
}

pub(super) fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn embed(points: &[f32], features: usize, dimensions: usize, options: &PhateOptions) -> Vec<f32> {
    let mut last = 0.0;
    let embedding = phate(points, features, dimensions, options, &mut |share| {
        assert!((last..=1.0).contains(&share), "{share} after {last}");
        last = share;
    })
    .unwrap();
    assert_eq!(
        (embedding.len(), last),
        (points.len() / features * dimensions, 1.0)
    );
    assert!(embedding.iter().all(|value| value.is_finite()));
    embedding
}

/// `phate` 2.0's kernel, entropy and distances of the samples below, scaled by scikit-learn's
/// SMACOF with a tolerance of 1e-13, to one decimal.
#[rustfmt::skip]
const PYTHON: [f32; 120] = [8.0, -4.4, 3.3, -5.3, -0.2, -8.4, -3.7, -9.6, -7.9, -10.7, -12.1, -11.0, -14.9, -9.4, -20.5, -5.9, -24.4, -2.6, -24.3, 1.8, -22.1, 5.3, -17.2, 5.9, -20.9, 8.0, -20.3, 8.8, -19.6, 9.8, -18.2, 10.7, -14.9, 11.0, -11.4, 9.9, -7.9, 8.4, -6.1, 7.2, -4.6, 6.0, -3.9, 5.4, -1.9, 2.0, 1.6, -2.6, 5.6, -4.3, 6.8, -0.5, 6.2, 4.3, 8.2, 5.9, 9.1, 8.1, 9.9, 8.5, 11.2, 8.8, 11.7, 8.8, 11.9, 6.4, 12.4, 5.6, 11.5, 0.2, 18.1, -2.8, 22.7, -4.2, 24.3, -4.3, 25.4, -4.2, 25.8, -4.2, 25.6, -2.1, 20.1, 0.5, 23.6, 4.1, 24.1, 4.6, 23.8, 4.6, 23.8, 4.5, 21.7, 3.1, 12.9, -4.7, 6.3, -5.4, 3.1, -7.5, -2.7, -9.0, -8.2, -9.3, -10.1, -10.3, -11.6, -10.2, -10.6, -9.1, -10.9, -8.6, -16.6, -6.9, -22.5, -4.1, -25.5, -0.1, -23.0, 3.6];

#[test]
fn the_python_package_finds_the_same() {
    let value = |i: f64, k: f64| (0.13 * i * (k + 1.0)).sin() + 0.2 * (37.0 * i + 5.0 * k).sin();
    let points: Vec<f32> = (0..180)
        .map(|at| value(f64::from(at / 3), f64::from(at % 3)) as f32)
        .collect();

    let kernel = affinity::kernel(&points, 3, 5, 40.0, &mut |_| ()).unwrap();
    let walk = Landmarks::samples(&kernel);
    let first: Vec<(usize, f64)> = walk.operator[..60]
        .iter()
        .copied()
        .enumerate()
        .filter(|&(_, p)| p > 0.0)
        .collect();
    let python = [
        (0, 0.19655204),
        (1, 0.06063328),
        (24, 0.19655203),
        (25, 0.13438654),
        (26, 0.01765633),
        (41, 0.00124627),
        (47, 0.19642146),
        (48, 0.19655204),
    ];
    assert_eq!(first.len(), python.len());
    for (found, want) in first.iter().zip(python) {
        assert_eq!(found.0, want.0);
        approx::assert_abs_diff_eq!(found.1, want.1, epsilon = 1e-7);
    }
    let entropy = entropy::von_neumann(&walk.operator, 60).unwrap();
    for (power, want) in [(0, 3.45535234), (9, 2.0095565), (29, 1.55410585)] {
        approx::assert_abs_diff_eq!(entropy[power], want, epsilon = 1e-7);
    }
    assert_eq!(entropy::knee(&entropy), 10);
    let distances = diffusion::potential_distances(walk.operator, 60, 10);
    for (found, want) in distances[1..4]
        .iter()
        .zip([5.92581099, 10.96645823, 15.23622559])
    {
        approx::assert_abs_diff_eq!(*found, want, epsilon = 1e-6);
    }

    let embedding = embed(&points, 3, 2, &PhateOptions::default());
    let disparity = procrustes(&PYTHON, &embedding, 2).unwrap();
    assert!(disparity < 2e-5, "{disparity}");
    // Also its axes and its unit, up to the direction of each axis.
    for axis in 0..2 {
        let same: f32 = (axis..120)
            .step_by(2)
            .map(|at| (embedding[at] - PYTHON[at]).powi(2))
            .sum();
        let opposite: f32 = (axis..120)
            .step_by(2)
            .map(|at| (embedding[at] + PYTHON[at]).powi(2))
            .sum();
        assert!(same.min(opposite) < 5.0, "axis {axis}: {same}, {opposite}");
    }
}

/// A noisy circle in ten features: the angle of each sample, and the samples.
fn circle(samples: usize, noise: f64) -> (Vec<f64>, Vec<f32>) {
    let mut generator = Generator::new(6, Stream::Test, samples as u64);
    let angles: Vec<f64> = (0..samples)
        .map(|_| generator.random::<f64>() * std::f64::consts::TAU)
        .collect();
    let points = angles
        .iter()
        .flat_map(|angle| [angle.cos(), angle.sin()].into_iter().chain([0.0; 8]))
        .map(|value| (value + noise * generator.sample::<f64, _>(StandardNormal)) as f32)
        .collect();
    (angles, points)
}

/// How well the angles in an embedding agree with `angles` up to a turn and a reflection, 0 to 1.
fn circular_correlation(angles: &[f64], embedding: &[f32]) -> f64 {
    let found: Vec<f64> = embedding
        .chunks_exact(2)
        .map(|point| f64::from(point[1]).atan2(f64::from(point[0])))
        .collect();
    // |mean of exp(i (a +- b))|.
    let alike = |sign: f64| {
        let (mut re, mut im) = (0.0, 0.0);
        for (a, b) in angles.iter().zip(&found) {
            re += (a + sign * b).cos();
            im += (a + sign * b).sin();
        }
        f64::hypot(re, im) / angles.len() as f64
    };
    alike(1.0).max(alike(-1.0))
}

#[test]
fn a_noisy_circle_stays_a_circle() {
    let (angles, points) = circle(300, 0.02);
    let embedding = embed(&points, 10, 2, &PhateOptions::default());
    let alike = circular_correlation(&angles, &embedding);
    assert!(alike > 0.95, "{alike}");
}

#[test]
fn landmarks_keep_the_circle() {
    let (angles, points) = circle(900, 0.02);
    let embedding = embed(
        &points,
        10,
        2,
        &PhateOptions {
            landmarks: 150,
            ..PhateOptions::default()
        },
    );
    let alike = circular_correlation(&angles, &embedding);
    assert!(alike > 0.95, "{alike}");
}

#[test]
fn a_noisy_line_keeps_its_order() {
    let mut generator = Generator::new(8, Stream::Test, 0);
    let position: Vec<f32> = (0..100)
        .map(|at| (at as f32 + generator.random::<f32>()) / 100.0)
        .collect();
    // A curve that bends in space, with noise in every feature.
    let curve = |t: f32| [10.0 * t, (6.0 * t).sin(), (6.0 * t).cos(), t * t];
    let points: Vec<f32> = position
        .iter()
        .flat_map(|&t| curve(t))
        .map(|value| value + 0.02 * generator.sample::<f32, _>(StandardNormal))
        .collect();
    // A walk that does not reach from end to end bends a line into a horseshoe, in the Python
    // package too, hence ten neighbours.
    let embedding = embed(
        &points,
        4,
        1,
        &PhateOptions {
            neighbours: 10,
            ..PhateOptions::default()
        },
    );
    let correlation = rank_correlation(&position, &embedding).unwrap();
    assert!(correlation.abs() > 0.99, "{correlation}");
}

#[test]
fn neither_threads_nor_repetition_change_a_bit() {
    let (_, points) = circle(500, 0.1);
    for landmarks in [2000, 100] {
        let options = PhateOptions {
            landmarks,
            components: Some(5),
            ..PhateOptions::default()
        };
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| embed(&points, 10, 3, &options))
        };
        let first = with(1);
        assert!(
            first == with(1) && first == with(2) && first == with(5),
            "{landmarks} landmarks"
        );
    }
}

#[test]
fn duplicates_lie_on_each_other() {
    let (_, mut points) = circle(120, 0.05);
    // Sample 3 ten times, more often than there are neighbours; sample 7 twice.
    for copies in [[3; 9].as_slice(), &[7]] {
        copies
            .iter()
            .for_each(|&sample| points.extend_from_within(sample * 10..(sample + 1) * 10));
    }
    for landmarks in [2000, 40] {
        let embedding = embed(
            &points,
            10,
            2,
            &PhateOptions {
                landmarks,
                ..PhateOptions::default()
            },
        );
        let extent = embedding
            .iter()
            .fold(0.0, |largest: f32, value| largest.max(value.abs()));
        for (copy, original) in (120..129).map(|copy| (copy, 3)).chain([(129, 7)]) {
            for k in 0..2 {
                approx::assert_abs_diff_eq!(
                    embedding[copy * 2 + k],
                    embedding[original * 2 + k],
                    epsilon = 1e-3 * extent
                );
            }
        }
    }
}

#[test]
fn samples_that_are_all_equal_lie_in_one_place() {
    assert_eq!(embed(&[4.0; 60], 3, 2, &PhateOptions::default()), [0.0; 40]);
    let few = PhateOptions {
        landmarks: 10,
        ..PhateOptions::default()
    };
    let embedding = embed(&[4.0; 60], 3, 2, &few);
    assert!(embedding.iter().all(|&value| value == 0.0), "{embedding:?}");
}

#[test]
fn extreme_values_change_nothing() {
    let (_, points) = circle(100, 0.05);
    let plain = embed(&points, 10, 2, &PhateOptions::default());
    for scale in [2.0_f32.powi(120), 2.0_f32.powi(-90)] {
        let scaled: Vec<f32> = points.iter().map(|value| value * scale).collect();
        assert_eq!(embed(&scaled, 10, 2, &PhateOptions::default()), plain);
    }
}

#[test]
fn what_cannot_be_embedded_is_refused_in_sentences() {
    let points: Vec<f32> = (0..40).map(|at| at as f32).collect();
    let refuse = |points: &[f32], features, dimensions, options: PhateOptions, part: &str| {
        let message = phate(points, features, dimensions, &options, &mut |_| ())
            .unwrap_err()
            .to_string();
        assert!(message.contains(part), "{message}");
    };
    let default = PhateOptions::default;
    for (count, features, dimensions, part) in [
        (40, 0, 2, "40 values are not samples of 0 features"),
        (40, 3, 2, "40 values are not samples of 3 features"),
        (
            10,
            2,
            2,
            "5 samples by their neighbour number 5, and each has 4",
        ),
        (0, 2, 2, "0 samples"),
        (40, 2, 0, "in 0 dimensions"),
        (40, 2, 20, "in 20 dimensions"),
    ] {
        refuse(&points[..count], features, dimensions, default(), part);
    }
    let with = |change: fn(&mut PhateOptions)| {
        let mut options = default();
        change(&mut options);
        options
    };
    for (options, part) in [
        (with(|o| o.landmarks = 2), "2 landmarks in 2 dimensions"),
        (with(|o| o.neighbours = 0), "neighbour number 0"),
        (
            with(|o| o.decay = f64::NAN),
            "decay of PHATE's kernel is NaN",
        ),
        (with(|o| o.time = Some(0)), "time is 0"),
        (with(|o| o.components = Some(0)), "components is 0"),
    ] {
        refuse(&points, 2, 2, options, part);
    }
    let mut broken = points.clone();
    broken[7] = f32::NAN;
    refuse(&broken, 2, 2, default(), "sample 3 (feature 1)");
}
