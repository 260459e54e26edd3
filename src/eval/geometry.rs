//! Geometry of a decoded manifold at one point, from the derivatives of the decoder there: plain
//! functions of arrays, in f64.
//!
//! With f: R^m -> R^n, f_i its first and f_ij its second derivatives, <., .> the inner product of
//! R^n and g^ij the inverse of the metric:
//!
//! - the metric is G_ij = <f_i, f_j>, also called the first fundamental form;
//! - the second fundamental form II_ij is the part of f_ij that is normal to all f_k;
//! - the Riemann tensor is R_ijkl = <II_ik, II_jl> - <II_il, II_jk> (Gauss' equation), and the
//!   scalar curvature S = sum g^ik g^jl R_ijkl.
//!
//! S is twice the sum of the sectional curvatures of all coordinate planes of an orthonormal frame:
//! 2 / r^2 for a sphere of radius r in space, and twice the Gaussian curvature of any surface. It
//! is invariant under reparametrisation of the latent space and under isometric bending of the
//! manifold, such as rolling up a sheet. The codimension n - m may be anything.

use super::derivatives::{Derivatives, pairs};
use crate::gemm::{Matrix, gemm_single_threaded};
use crate::linalg::{dot, eigenpairs};

/// Condition number of a metric beyond which the manifold counts as singular: f32 gives derivatives
/// to about 1e-6, so a direction whose squared length is smaller than this, relative to the
/// longest, cannot be distinguished from one in which the decoder is constant.
pub const MOST_CONDITION: f64 = 1e12;

/// The metric at one point, with its eigenvalues.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// G, [m, m].
    pub values: Vec<f64>,
    /// Eigenvalues of G, ascending: the squares of the singular values of the Jacobian.
    pub eigenvalues: Vec<f64>,
    /// W [m, m] with W G W^T = 1, one vector a row: latent directions that decode to an orthonormal
    /// frame of the tangent space.
    frame: Vec<f64>,
}

impl Metric {
    /// The metric of a map with first derivatives `first` [m, n] at a point, for m = `latent`.
    /// `None` where it is not finite or singular, i.e. its condition number is not below
    /// [`MOST_CONDITION`]: there the map has no tangent space of m dimensions.
    pub fn new(first: &[f64], latent: usize) -> Option<Self> {
        let n = first.len() / latent;
        let mut values = vec![0.0; latent * latent];
        let rows = Matrix::rows(first, n);
        gemm_single_threaded(
            &mut values,
            [latent, n, latent],
            rows,
            rows.transposed(),
            false,
        );
        // In ascending order, with eigenvectors in rows.
        let (eigenvalues, vectors) = eigenpairs(&values, latent)?;
        let (smallest, largest) = (eigenvalues[0], eigenvalues[latent - 1]);
        if !(smallest > f64::MIN_POSITIVE && largest < MOST_CONDITION * smallest) {
            return None;
        }
        let of_length = |(at, value): (usize, f64)| value / eigenvalues[at / latent].sqrt();
        let frame = vectors.into_iter().enumerate().map(of_length).collect();
        Some(Self {
            values,
            eigenvalues,
            frame,
        })
    }

    /// m, the number of latent dimensions.
    pub fn dimensions(&self) -> usize {
        self.eigenvalues.len()
    }

    /// log det G: twice the logarithm of the factor by which the decoder enlarges volumes.
    pub fn log_determinant(&self) -> f64 {
        self.eigenvalues.iter().map(|value| value.ln()).sum()
    }

    /// The ratio of the largest to the smallest eigenvalue of G: 1 where the decoder is conformal.
    pub fn condition(&self) -> f64 {
        self.eigenvalues[self.eigenvalues.len() - 1] / self.eigenvalues[0]
    }
}

/// Curvature of the manifold at one point.
#[derive(Clone, Debug, PartialEq)]
pub struct Curvature {
    /// II_ij for i <= j, [m (m + 1) / 2, n] in the order of [`Derivatives::second`].
    pub second_fundamental_form: Vec<f64>,
    /// S, the scalar curvature: intrinsic, so 0 for every curve.
    pub scalar: f64,
    /// The norm of the second fundamental form over an orthonormal frame, (sum g^ik g^jl <II_ij,
    /// II_kl>)^(1/2): the extrinsic curvature. For a curve this is its curvature |II| / G,
    /// 1 / r on a circle of radius r.
    pub extrinsic: f64,
}

impl Curvature {
    /// The curvature at a point with these `derivatives` of order 2 and this `metric`. `None` if it
    /// is not finite.
    ///
    /// # Panics
    /// When there are no second derivatives.
    pub fn new(derivatives: &Derivatives, metric: &Metric) -> Option<Self> {
        let m = metric.dimensions();
        let n = derivatives.first.len() / m;
        assert_eq!(
            derivatives.second.len(),
            m * (m + 1) / 2 * n,
            "curvature needs second derivatives"
        );
        let tangents = combined(&metric.frame, &derivatives.first, n);
        let mut second = derivatives.second.clone();
        let (count, tangent_rows) = (second.len() / n, Matrix::rows(&tangents, n));
        let mut parts = vec![0.0; count * m];
        // The second time removes what rounding has left of the tangents where the metric is far
        // from round.
        for _ in 0..2 {
            gemm_single_threaded(
                &mut parts,
                [count, n, m],
                Matrix::rows(&second, n),
                tangent_rows.transposed(),
                false,
            );
            parts.iter_mut().for_each(|part| *part = -*part);
            gemm_single_threaded(
                &mut second,
                [count, m, n],
                Matrix::rows(&parts, m),
                tangent_rows,
                true,
            );
        }
        // II over the frame: W II W^T, with II as [m, m, n].
        let mut form = vec![0.0; m * m * n];
        for ((i, j), vector) in pairs(m).zip(second.chunks_exact(n)) {
            form[(i * m + j) * n..][..n].copy_from_slice(vector);
            form[(j * m + i) * n..][..n].copy_from_slice(vector);
        }
        let half = combined(&metric.frame, &form, m * n);
        let over_frame: Vec<f64> = half
            .chunks_exact(m * n)
            .flat_map(|row| combined(&metric.frame, row, n))
            .collect();
        let at = |a: usize, b: usize| &over_frame[(a * m + b) * n..][..n];
        let (mut scalar, mut square) = (0.0, 0.0);
        for (a, b) in pairs(m) {
            let mixed = dot(at(a, b), at(a, b));
            if a == b {
                square += mixed;
            } else {
                square += 2.0 * mixed;
                scalar += 2.0 * (dot(at(a, a), at(b, b)) - mixed);
            }
        }
        let extrinsic = f64::sqrt(square);
        (scalar.is_finite() && extrinsic.is_finite()).then_some(Self {
            second_fundamental_form: second,
            scalar,
            extrinsic,
        })
    }
}

/// `matrix` [m, m] times `rows` [m, width].
fn combined(matrix: &[f64], rows: &[f64], width: usize) -> Vec<f64> {
    let m = rows.len() / width;
    let mut result = vec![0.0; rows.len()];
    gemm_single_threaded(
        &mut result,
        [m, m, width],
        Matrix::rows(matrix, m),
        Matrix::rows(rows, width),
        false,
    );
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, Stream};
    use rand::RngExt;
    use rand_distr::StandardNormal;

    fn at(first: Vec<f64>, second: Vec<f64>, m: usize) -> (Metric, Curvature) {
        let derivatives = Derivatives {
            value: Vec::new(),
            first,
            second,
        };
        let metric = Metric::new(&derivatives.first, m).unwrap();
        let curvature = Curvature::new(&derivatives, &metric).unwrap();
        (metric, curvature)
    }

    /// r (sin u cos v, sin u sin v, cos u)
    fn sphere(r: f64, u: f64, v: f64) -> (Vec<f64>, Vec<f64>) {
        let ((su, cu), (sv, cv)) = (u.sin_cos(), v.sin_cos());
        let first = [[cu * cv, cu * sv, -su], [-su * sv, su * cv, 0.0]];
        let second = [
            [-su * cv, -su * sv, -cu],
            [-cu * sv, cu * cv, 0.0],
            [-su * cv, -su * sv, 0.0],
        ];
        let scaled = |rows: &[[f64; 3]]| rows.iter().flatten().map(|value| r * value).collect();
        (scaled(&first), scaled(&second))
    }

    #[test]
    fn a_sphere_has_2_over_its_radius_squared() {
        for (r, u, v) in [(1.0, 0.5, 0.2), (3.0, 1.3, -2.0), (0.1, 2.9, 4.0)] {
            let (first, second) = sphere(r, u, v);
            let (metric, curvature) = at(first, second, 2);
            approx::assert_relative_eq!(curvature.scalar, 2.0 / (r * r), max_relative = 1e-12);
            // II is the metric by the radius: over a frame of two directions its norm is sqrt 2 /
            // r.
            approx::assert_relative_eq!(
                curvature.extrinsic,
                2.0_f64.sqrt() / r,
                max_relative = 1e-12
            );
            approx::assert_relative_eq!(
                metric.log_determinant(),
                2.0 * (r * r * u.sin()).ln(),
                epsilon = 1e-12
            );
            approx::assert_relative_eq!(
                metric.condition(),
                1.0 / u.sin().powi(2),
                max_relative = 1e-12
            );
            approx::assert_abs_diff_eq!(metric.values[1], 0.0, epsilon = 1e-12);
        }
    }

    #[test]
    fn a_cylinder_is_flat_and_bends_in_space() {
        let (r, u) = (0.7_f64, 1.1_f64);
        let first = vec![-r * u.sin(), r * u.cos(), 0.0, 0.0, 0.0, 1.0];
        let second = vec![
            -r * u.cos(),
            -r * u.sin(),
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
        ];
        let (_, curvature) = at(first, second, 2);
        approx::assert_abs_diff_eq!(curvature.scalar, 0.0, epsilon = 1e-14);
        approx::assert_relative_eq!(curvature.extrinsic, 1.0 / r, max_relative = 1e-12);
    }

    #[test]
    fn a_saddle_is_negative() {
        // (u, v, a (u^2 - v^2)): S = -8 a^2 / (1 + 4 a^2 (u^2 + v^2))^2.
        for (a, u, v) in [
            (1.0_f64, 0.0_f64, 0.0_f64),
            (0.4, 0.3, -0.8),
            (5.0, 1.0, 0.1),
        ] {
            let first = vec![1.0, 0.0, 2.0 * a * u, 0.0, 1.0, -2.0 * a * v];
            let second = vec![0.0, 0.0, 2.0 * a, 0.0, 0.0, 0.0, 0.0, 0.0, -2.0 * a];
            let expected = -8.0 * a * a / (1.0 + 4.0 * a * a * (u * u + v * v)).powi(2);
            let (_, curvature) = at(first, second, 2);
            approx::assert_relative_eq!(curvature.scalar, expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn a_curve_has_no_curvature_of_its_own_but_one_in_space() {
        // A circle, run through at a changing speed: the acceleration along the curve does not
        // count.
        let (r, t) = (2.5_f64, 0.8_f64);
        let (angle, speed, acceleration) = (t * t, 2.0 * t, 2.0);
        let (sin, cos) = angle.sin_cos();
        let first = vec![-r * speed * sin, r * speed * cos];
        let second = vec![
            -r * (acceleration * sin + speed * speed * cos),
            r * (acceleration * cos - speed * speed * sin),
        ];
        let (metric, curvature) = at(first, second, 1);
        assert_eq!(curvature.scalar, 0.0);
        approx::assert_relative_eq!(curvature.extrinsic, 1.0 / r, max_relative = 1e-12);
        let form = dot(
            &curvature.second_fundamental_form,
            &curvature.second_fundamental_form,
        )
        .sqrt();
        approx::assert_relative_eq!(form / metric.values[0], 1.0 / r, max_relative = 1e-12);
    }

    /// S by its definition, with all components of the Riemann tensor and the inverse of the metric
    /// by Cramer's rule, in coordinates without any symmetry.
    #[test]
    fn any_dimension_agrees_with_the_riemann_tensor() {
        let mut generator = Generator::new(3, Stream::Test, 0);
        for (m, n) in [(2, 3), (3, 4), (3, 9), (4, 30), (5, 6)] {
            let mut draw = |len: usize| -> Vec<f64> {
                (0..len).map(|_| generator.sample(StandardNormal)).collect()
            };
            let (metric, curvature) = at(draw(m * n), draw(m * (m + 1) / 2 * n), m);
            let form = |i: usize, j: usize| {
                let p = pairs(m)
                    .position(|pair| pair == (i.min(j), i.max(j)))
                    .unwrap();
                &curvature.second_fundamental_form[p * n..][..n]
            };
            let minor = |skip_row: usize, skip_column: usize| {
                let kept = |skip: usize| (0..m).filter(move |&i| i != skip);
                let values: Vec<f64> = kept(skip_row)
                    .flat_map(|i| kept(skip_column).map(move |j| (i, j)))
                    .map(|(i, j)| metric.values[i * m + j])
                    .collect();
                determinant(&values, m - 1)
            };
            let whole = determinant(&metric.values, m);
            let inverse =
                |i: usize, j: usize| minor(j, i) / whole * (-1.0_f64).powi((i + j) as i32);
            let mut expected = 0.0;
            for index in 0..m.pow(4) {
                let [i, j, k, l] = [
                    index % m,
                    index / m % m,
                    index / m / m % m,
                    index / m / m / m,
                ];
                let riemann = dot(form(i, k), form(j, l)) - dot(form(i, l), form(j, k));
                expected += inverse(i, k) * inverse(j, l) * riemann;
            }
            approx::assert_relative_eq!(
                curvature.scalar,
                expected,
                max_relative = 1e-9,
                epsilon = 1e-9
            );
            approx::assert_relative_eq!(metric.log_determinant(), whole.ln(), epsilon = 1e-9);
        }
    }

    /// By Laplace's expansion.
    fn determinant(matrix: &[f64], m: usize) -> f64 {
        if m == 0 {
            return 1.0;
        }
        let term = |column: usize| {
            let rest: Vec<f64> = (m..m * m)
                .filter(|at| at % m != column)
                .map(|at| matrix[at])
                .collect();
            matrix[column] * determinant(&rest, m - 1) * (-1.0_f64).powi(column as i32)
        };
        (0..m).map(term).sum()
    }

    /// S of a surface does not change with its coordinates: the sphere in (u, v) and in (u + v / 2
    /// + u v, 3 v).
    #[test]
    fn coordinates_do_not_matter() {
        let (u, v) = (1.2, 0.4);
        let (first, second) = sphere(1.5, u, v);
        // f(a, b) with u = a + b / 2 + a b, v = 3 b; (a, b) solves for the point.
        let b = v / 3.0;
        let a: f64 = (u - b / 2.0) / (1.0 + b);
        let (du, dv) = ([1.0 + b, 0.5 + a], [0.0, 3.0]);
        let f = |rows: &[f64], p: usize, c: usize| rows[p * 3 + c];
        let new_first = (0..2).flat_map(|i| (0..3).map(move |c| (i, c)));
        let new_first = new_first
            .map(|(i, c)| du[i] * f(&first, 0, c) + dv[i] * f(&first, 1, c))
            .collect();
        let new_second = pairs(2).flat_map(|pair| (0..3).map(move |c| (pair, c)));
        let new_second = new_second
            .map(|((i, j), c)| {
                let mixed = du[i] * dv[j] + du[j] * dv[i];
                let bent = if i == j { 0.0 } else { f(&first, 0, c) };
                du[i] * du[j] * f(&second, 0, c)
                    + mixed * f(&second, 1, c)
                    + dv[i] * dv[j] * f(&second, 2, c)
                    + bent
            })
            .collect();
        let (_, curvature) = at(new_first, new_second, 2);
        approx::assert_relative_eq!(curvature.scalar, 2.0 / (1.5 * 1.5), max_relative = 1e-12);
    }

    #[test]
    fn singular_points_have_no_geometry() {
        for (first, m) in [
            (vec![1.0, 2.0, 3.0, 2.0, 4.0, 6.0], 2),
            (vec![1.0, 0.0, 0.0, 0.0, 1e-7, 0.0], 2),
            (vec![0.0; 3], 1),
            (vec![1.0, f64::NAN, 0.0, 0.0, 1.0, 0.0], 2),
            (vec![1e200, 0.0, 0.0, 1e200], 2),
            // Three latent dimensions cannot decode to a plane one to one.
            (vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0], 3),
        ] {
            assert_eq!(Metric::new(&first, m), None, "{first:?}");
        }
        let nearly = Metric::new(&[1.0, 0.0, 0.0, 1e-5], 2).unwrap();
        approx::assert_relative_eq!(nearly.condition(), 1e10, max_relative = 1e-5);
        let wild = Derivatives {
            value: Vec::new(),
            first: vec![1.0, 0.0],
            second: vec![0.0, f64::INFINITY],
        };
        assert_eq!(
            Curvature::new(&wild, &Metric::new(&wild.first, 1).unwrap()),
            None
        );
    }
}
