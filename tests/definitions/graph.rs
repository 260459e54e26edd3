//! The graph of neighbours, the neighbourhoods made of it, and locally linear coefficients.

use crate::glue::{Twin, assert_close, doubles, numbers, rows, singles};
use crate::plain::graph::{
    cosine, euclidean, locally_linear_coefficients, mutual, nearest, symmetric,
};
use crate::plain::squared_distance;
use nrae::cpu::Cpu;
use nrae::graph::{
    self, Edges, Graph, Metric, Neighbourhoods, Search, Workers, nearest_neighbours,
    nearest_neighbours_on,
};

type Lists = Vec<Vec<(usize, f64)>>;

#[track_caller]
fn assert_same(found: &Graph, expected: &Lists) {
    let k = found.k;
    for (i, list) in expected.iter().enumerate() {
        let neighbours: Vec<u32> = list.iter().map(|(j, _)| *j as u32).collect();
        assert_eq!(found.of(i), neighbours, "neighbours of {i}");
        let distances: Vec<f64> = list.iter().map(|(_, distance)| *distance).collect();
        assert_close(
            &doubles(&found.distances[i * k..][..k]),
            &distances,
            1e-6,
            "distances",
        );
    }
}

/// Points on a grid have many equal distances and duplicates: those go by index, and never is a
/// point its own neighbour.
#[test]
fn neighbours_are_the_nearest_others_with_ties_by_index() {
    for (samples, features, k, levels) in [
        (30, 2, 4, 3.0),
        (60, 1, 7, 5.0),
        (90, 3, 89, 2.0),
        (40, 5, 1, 1e6),
        (1500, 2, 3, 9.0),
    ] {
        let points: Vec<Vec<f64>> = rows(samples as u64, samples, features)
            .into_iter()
            .map(|row| row.iter().map(|x| (x * levels).round()).collect())
            .collect();
        let expected = nearest(&points, k, euclidean);
        let flat = singles(&points.concat());
        assert_same(
            &nearest_neighbours(&flat, features, k, &mut |_| ()).unwrap(),
            &expected,
        );
        if k < 50 {
            assert_same(
                &nearest_neighbours_on(&Cpu, &flat, features, k, &mut |_| ()).unwrap(),
                &expected,
            );
            assert_same(
                &nearest_neighbours_on(&Twin, &flat, features, k, &mut |_| ()).unwrap(),
                &expected,
            );
        }
    }
}

#[test]
fn metrics_are_lengths_and_angles() {
    let points = rows(5, 50, 4);
    let flat = singles(&points.concat());
    let (k, read) = (6, |i: usize, to: &mut [f32]| {
        to.copy_from_slice(&flat[4 * i..][..4])
    });
    for (metric, distance) in [
        (Metric::Euclidean, euclidean as fn(&[f64], &[f64]) -> f64),
        (Metric::Cosine, cosine),
    ] {
        let expected = nearest(&points, k, distance);
        let found = metric
            .graph(Search::Exact, Workers::cpu(), &flat, 4, k, &mut |_| ())
            .unwrap();
        assert_same(&found, &expected);
        assert_same(
            &metric
                .graph_of(found.neighbours.clone(), k, 50, 4, &read)
                .unwrap(),
            &expected,
        );
    }
    // A sample of zeros has no angle: it is half way between the same and the opposite of any
    // other.
    let with_zero = [0.0, 0.0, 1.0, 0.0, 0.0, 2.0, -3.0, 0.1];
    let found = Metric::Cosine
        .graph(Search::Exact, Workers::cpu(), &with_zero, 2, 3, &mut |_| ())
        .unwrap();
    let points: Vec<Vec<f64>> = with_zero.chunks(2).map(doubles).collect();
    for i in 0..4 {
        for (j, distance) in found.of(i).iter().zip(&found.distances[3 * i..]) {
            assert_close(
                &[f64::from(*distance)],
                &[cosine(&points[i], &points[*j as usize])],
                1e-6,
                "distance",
            );
        }
    }
}

#[test]
fn edges_are_directed_mutual_or_symmetric() {
    for k in [1, 3, 6] {
        let points = rows(k as u64, 40, 2);
        let graph = nearest_neighbours(&singles(&points.concat()), 2, k, &mut |_| ()).unwrap();
        let directed = nearest(&points, k, euclidean);
        for (edges, expected) in [
            (Edges::Directed, directed.clone()),
            (Edges::Mutual, mutual(&directed)),
            (Edges::Symmetric, symmetric(&directed)),
        ] {
            let found = Neighbourhoods::of_graph(&graph, edges);
            for (i, list) in expected.iter().enumerate() {
                assert_eq!(found.count(i), list.len(), "{edges:?}");
                for (at, (j, distance)) in list.iter().enumerate() {
                    let (neighbour, found) = found.get(i, at);
                    assert_eq!(neighbour as usize, *j, "{edges:?}");
                    assert_close(&[f64::from(found)], &[*distance], 1e-6, "distance");
                }
            }
        }
    }
}

#[test]
fn the_default_bandwidth_is_the_median_distance_to_a_neighbour() {
    for (samples, k) in [(11, 3), (12, 2)] {
        let points = rows(9, samples, 2);
        let graph = nearest_neighbours(&singles(&points.concat()), 2, k, &mut |_| ()).unwrap();
        let mut all: Vec<f64> = nearest(&points, k, euclidean)
            .concat()
            .iter()
            .map(|(_, distance)| *distance)
            .collect();
        all.sort_by(f64::total_cmp);
        assert_close(
            &[f64::from(graph.median_distance())],
            &[all[all.len() / 2]],
            1e-6,
            "median",
        );
    }
}

#[test]
fn coefficients_minimise_the_regularised_residual_and_sum_to_one() {
    for (features, k, ridge) in [
        (5, 3, 0.0),
        (5, 3, 1e-3),
        (2, 4, 1e-2),
        (3, 1, 1e-3),
        (4, 4, 0.5),
    ] {
        let points = rows(13, 25, features);
        let flat = singles(&points.concat());
        let graph = nearest_neighbours(&flat, features, k, &mut |_| ()).unwrap();
        let found = doubles(&graph::locally_linear_coefficients(
            &flat, features, &graph, ridge,
        ));
        for (i, w) in found.chunks(k).enumerate() {
            let neighbours: Vec<Vec<f64>> = graph
                .of(i)
                .iter()
                .map(|j| points[*j as usize].clone())
                .collect();
            assert_close(
                w,
                &locally_linear_coefficients(&points[i], &neighbours, ridge),
                1e-5,
                "coefficients",
            );
            assert_close(&[w.iter().sum()], &[1.0], 1e-6, "sum");
            // No other coefficients with this sum do better.
            let offsets: f64 = neighbours
                .iter()
                .map(|other| squared_distance(other, &points[i]))
                .sum();
            let objective = |w: &[f64]| {
                let combined: Vec<f64> = (0..features)
                    .map(|c| (0..k).map(|j| w[j] * neighbours[j][c]).sum())
                    .collect();
                squared_distance(&points[i], &combined)
                    + ridge * offsets * w.iter().map(|w| w * w).sum::<f64>()
            };
            for change in numbers(i as u64, 5 * k).chunks(k) {
                let mean = change.iter().sum::<f64>() / k as f64;
                let other: Vec<f64> = (0..k).map(|j| w[j] + 0.1 * (change[j] - mean)).collect();
                assert!(objective(w) <= objective(&other) + 1e-9, "sample {i}");
            }
        }
    }
}
