//! Neighbours by sorting all distances, and what is made of them.

use super::{dot, solve, squared_distance};

/// The k nearest other points of each, with their distances: nearest first, ties by index.
pub fn nearest(
    points: &[Vec<f64>],
    k: usize,
    distance: impl Fn(&[f64], &[f64]) -> f64,
) -> Vec<Vec<(usize, f64)>> {
    (0..points.len())
        .map(|i| {
            let mut others: Vec<(usize, f64)> = Vec::new();
            for j in 0..points.len() {
                if j != i {
                    others.push((j, distance(&points[i], &points[j])));
                }
            }
            others.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            others.truncate(k);
            others
        })
        .collect()
}

/// |a - b|
pub fn euclidean(a: &[f64], b: &[f64]) -> f64 {
    squared_distance(a, b).sqrt()
}

/// 1 - cos of the angle; 1/2 where a vector is zero.
pub fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 {
        1.0 - dot(a, b) / norms
    } else {
        0.5
    }
}

/// Of the edges i -> j only those with j -> i; who has none keeps the nearest.
pub fn mutual(graph: &[Vec<(usize, f64)>]) -> Vec<Vec<(usize, f64)>> {
    let has = |i: usize, j: usize| graph[i].iter().any(|(other, _)| *other == j);
    (0..graph.len())
        .map(|i| {
            let kept: Vec<(usize, f64)> = graph[i]
                .iter()
                .copied()
                .filter(|(j, _)| has(*j, i))
                .collect();
            if kept.is_empty() {
                vec![graph[i][0]]
            } else {
                kept
            }
        })
        .collect()
}

/// i and j are neighbours where i -> j or j -> i: nearest first, ties by index.
pub fn symmetric(graph: &[Vec<(usize, f64)>]) -> Vec<Vec<(usize, f64)>> {
    (0..graph.len())
        .map(|i| {
            let mut all = graph[i].clone();
            for (j, list) in graph.iter().enumerate() {
                for (other, distance) in list {
                    if *other == i && !all.iter().any(|(known, _)| *known == j) {
                        all.push((j, *distance));
                    }
                }
            }
            all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            all
        })
        .collect()
}

/// The w with sum_j w_j = 1 that minimise w^T (C + ridge tr(C) I) w, C_jl = (x_j - x).(x_l - x),
/// which for ridge = 0 is |x - sum_j w_j x_j|^2 (Roweis and Saul 2000): by Lagrange's multiplier,
/// the solution of the bordered system.
pub fn locally_linear_coefficients(x: &[f64], neighbours: &[Vec<f64>], ridge: f64) -> Vec<f64> {
    let k = neighbours.len();
    let offset = |j: usize| -> Vec<f64> { (0..x.len()).map(|i| neighbours[j][i] - x[i]).collect() };
    let mut c = vec![vec![0.0; k + 1]; k + 1];
    for j in 0..k {
        for l in 0..k {
            c[j][l] = dot(&offset(j), &offset(l));
        }
    }
    let trace: f64 = (0..k).map(|j| c[j][j]).sum();
    for j in 0..k {
        c[j][j] += ridge * trace;
        c[j][k] = 1.0;
        c[k][j] = 1.0;
    }
    let mut right = vec![0.0; k + 1];
    right[k] = 1.0;
    let mut solution = solve(c, right);
    solution.truncate(k);
    solution
}
