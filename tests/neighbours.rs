//! Graphs of nearest neighbours found on devices against those found on the CPU.

mod common;

use common::executors;
use nrae::graph::{nearest_neighbours, nearest_neighbours_on};
use nrae::random::{Generator, Stream};
use rand::RngExt;
use rand_distr::StandardNormal;

/// The same graphs, over several blocks in either direction, with masses of duplicates, and far
/// from zero.
#[test]
fn devices_find_the_same_graph() {
    let normal = |generator: &mut Generator| generator.sample::<f32, _>(StandardNormal);
    let coarse = |generator: &mut Generator| generator.random_range(0..2) as f32;
    let far = |generator: &mut Generator| 1000.0 + generator.sample::<f32, _>(StandardNormal);
    let draws: [&dyn Fn(&mut Generator) -> f32; 3] = [&normal, &coarse, &far];
    for executor in executors() {
        for (samples, features, k) in [(2, 1, 1), (40, 3, 39), (1100, 2, 5), (4200, 3, 2)] {
            for (kind, draw) in draws
                .iter()
                .enumerate()
                .take(if samples > 4000 { 1 } else { 3 })
            {
                let mut generator = Generator::new(samples as u64, Stream::Test, kind as u64);
                let points: Vec<f32> = (0..samples * features)
                    .map(|_| draw(&mut generator))
                    .collect();
                let want = nearest_neighbours(&points, features, k, &mut |_| ()).unwrap();
                let mut last = 0.0;
                let got = nearest_neighbours_on(&*executor, &points, features, k, &mut |share| {
                    last = share
                })
                .unwrap();
                assert!(
                    got == want,
                    "{samples} samples, {features} features, kind {kind}, on {}",
                    executor.name()
                );
                assert_eq!(last, 1.0);
            }
        }
    }
}

#[test]
fn what_a_device_cannot_find_is_refused() {
    for executor in executors() {
        let find = |points: &[f32], k| {
            nearest_neighbours_on(&*executor, points, 1, k, &mut |_| ())
                .unwrap_err()
                .to_string()
        };
        let message = find(&[0.0; 300], 113);
        assert!(
            message.contains("113 neighbours are more than the 112 that a device finds"),
            "{message}"
        );
        assert!(
            find(&[0.0, 1.0], 2).starts_with("k is 2, but 2 samples"),
            "{message}"
        );
        assert!(
            find(&[0.0, f32::NAN, 1.0], 1).starts_with("sample 1 has values"),
            "{message}"
        );
    }
}

/// By the definition, in f64; ties by index.
fn brute_force(points: &[f32], features: usize, k: usize) -> Vec<u32> {
    let rows: Vec<&[f32]> = points.chunks(features).collect();
    let distance = |a: &[f32], b: &[f32]| -> f64 {
        let differences = a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b));
        differences.map(|difference| difference * difference).sum()
    };
    let nearest = |row: usize| {
        let others = (0..rows.len()).filter(|&other| other != row);
        let mut found: Vec<(f64, usize)> = others
            .map(|other| (distance(rows[row], rows[other]), other))
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.into_iter().take(k).map(|(_, other)| other as u32)
    };
    (0..rows.len()).flat_map(nearest).collect()
}

/// 200 random sets of every size and width, with ties, duplicates, offsets and scales.
#[test]
fn neighbours_are_those_of_a_brute_force_in_f64() {
    for set in 0..200 {
        let mut generator = Generator::new(set, Stream::Test, 7);
        let samples = generator.random_range(2..120);
        let features = generator.random_range(1..13);
        let k = generator.random_range(1..samples);
        let offset = [0.0, 1.0, 1000.0, -1e5][generator.random_range(0..4)];
        // The last one makes denormal numbers.
        let scale = [1.0, 1e-4, 1e4, 1e-12, 1e-41][generator.random_range(0..5)];
        let coarse = set % 3 == 0;
        let mut points: Vec<f32> = (0..samples * features)
            .map(|_| match coarse {
                true => generator.random_range(0..3) as f32,
                false => generator.sample::<f32, _>(StandardNormal),
            })
            .map(|value| offset + scale * value)
            .collect();
        if set % 4 == 0 {
            // Half of them are duplicates.
            let half = samples / 2 * features;
            points.copy_within(0..half, samples * features - half);
        }
        let graph = nearest_neighbours(&points, features, k, &mut |_| ()).unwrap();
        assert!(
            graph.neighbours == brute_force(&points, features, k),
            "set {set}: {samples} samples, {features} features, k {k}, offset {offset}, scale {scale}"
        );
    }
}
