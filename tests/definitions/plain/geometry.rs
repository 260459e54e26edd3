//! Geometry of a surface f: R^m -> R^n from nothing but the values of f.

use super::difference::jacobian;
use super::{dot, solve};

/// G_ij = f_i.f_j
pub fn metric(h: f64, f: &dyn Fn(&[f64]) -> Vec<f64>, z: &[f64]) -> Vec<Vec<f64>> {
    let j = jacobian(h, f, z);
    let column = |i: usize| -> Vec<f64> { j.iter().map(|row| row[i]).collect() };
    (0..z.len())
        .map(|a| (0..z.len()).map(|b| dot(&column(a), &column(b))).collect())
        .collect()
}

/// The inverse, column by column.
pub fn inverse(g: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let m = g.len();
    let columns: Vec<Vec<f64>> = (0..m)
        .map(|c| {
            solve(
                g.to_vec(),
                (0..m).map(|r| if r == c { 1.0 } else { 0.0 }).collect(),
            )
        })
        .collect();
    (0..m)
        .map(|r| (0..m).map(|c| columns[c][r]).collect())
        .collect()
}

/// det G, by elimination without exchanges: a metric is positive.
pub fn determinant(g: &[Vec<f64>]) -> f64 {
    let (m, mut a, mut product) = (g.len(), g.to_vec(), 1.0);
    for c in 0..m {
        product *= a[c][c];
        for r in c + 1..m {
            let factor = a[r][c] / a[c][c];
            for k in 0..m {
                a[r][k] -= factor * a[c][k];
            }
        }
    }
    product
}

/// Christoffel's symbols [k][i][j] = 1/2 g^kl (d_i g_jl + d_j g_il - d_l g_ij).
fn christoffel(h: f64, f: &dyn Fn(&[f64]) -> Vec<f64>, z: &[f64]) -> Vec<Vec<Vec<f64>>> {
    let m = z.len();
    let up = inverse(&metric(h, f, z));
    let d = derivatives(h, z, &|z| metric(h, f, z).concat());
    let d = |i: usize, a: usize, b: usize| d[i][a * m + b];
    let symbol = |k: usize, i: usize, j: usize| {
        (0..m)
            .map(|l| 0.5 * up[k][l] * (d(i, j, l) + d(j, i, l) - d(l, i, j)))
            .sum()
    };
    (0..m)
        .map(|k| {
            (0..m)
                .map(|i| (0..m).map(|j| symbol(k, i, j)).collect())
                .collect()
        })
        .collect()
}

/// [i] = the derivative along z_i.
fn derivatives(h: f64, z: &[f64], f: &dyn Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
    let j = jacobian(h, f, z);
    (0..z.len())
        .map(|i| j.iter().map(|row| row[i]).collect())
        .collect()
}

/// The scalar curvature from the metric alone, which Gauss' theorema egregium says is enough: S =
/// g^ij R_ij with R_ij = d_k Gamma^k_ij - d_j Gamma^k_ik + Gamma^k_kl Gamma^l_ij - Gamma^k_jl
/// Gamma^l_ik.
pub fn scalar_curvature(h: f64, f: &dyn Fn(&[f64]) -> Vec<f64>, z: &[f64]) -> f64 {
    let m = z.len();
    let up = inverse(&metric(h, f, z));
    let gamma = christoffel(h, f, z);
    let d = derivatives(h, z, &|z| christoffel(h, f, z).concat().concat());
    let d = |a: usize, k: usize, i: usize, j: usize| d[a][(k * m + i) * m + j];
    let mut scalar = 0.0;
    for i in 0..m {
        for j in 0..m {
            for k in 0..m {
                let mut ricci = d(k, k, i, j) - d(j, k, i, k);
                for l in 0..m {
                    ricci += gamma[k][k][l] * gamma[l][i][j] - gamma[k][j][l] * gamma[l][i][k];
                }
                scalar += up[i][j] * ricci;
            }
        }
    }
    scalar
}

/// |f_ij normal to the tangents| over an orthonormal frame: (g^ik g^jl II_ij.II_kl)^(1/2).
pub fn extrinsic_curvature(h: f64, f: &dyn Fn(&[f64]) -> Vec<f64>, z: &[f64]) -> f64 {
    let (m, first) = (z.len(), derivatives(h, z, f));
    let second = derivatives(h, z, &|z| derivatives(h, z, f).concat());
    let (n, up) = (first[0].len(), inverse(&metric(h, f, z)));
    let normal = |i: usize, j: usize| -> Vec<f64> {
        let mut vector = second[i][j * n..(j + 1) * n].to_vec();
        let along: Vec<f64> = (0..m).map(|k| dot(&vector, &first[k])).collect();
        for k in 0..m {
            for l in 0..m {
                for c in 0..n {
                    vector[c] -= up[k][l] * along[l] * first[k][c];
                }
            }
        }
        vector
    };
    let mut sum = 0.0;
    for i in 0..m {
        for j in 0..m {
            for k in 0..m {
                for l in 0..m {
                    sum += up[i][k] * up[j][l] * dot(&normal(i, j), &normal(k, l));
                }
            }
        }
    }
    sum.sqrt()
}
