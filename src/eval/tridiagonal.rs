//! Symmetric positive systems of small dense blocks along the diagonal and beside it, by block
//! Cholesky factors.

/// [blocks, m] unknowns, coupled with their neighbours only. Row-major blocks.
pub(super) struct BlockTridiagonal {
    m: usize,
    /// [blocks, m, m]
    diagonal: Vec<f64>,
    /// [blocks - 1, m, m]: block i is that of row i and column i + 1.
    beside: Vec<f64>,
}

impl BlockTridiagonal {
    pub(super) fn zeros(blocks: usize, m: usize) -> Self {
        Self {
            m,
            diagonal: vec![0.0; blocks * m * m],
            beside: vec![0.0; blocks.saturating_sub(1) * m * m],
        }
    }

    /// Block i of the diagonal.
    pub(super) fn diagonal(&mut self, i: usize) -> &mut [f64] {
        &mut self.diagonal[i * self.m * self.m..][..self.m * self.m]
    }

    /// The block of row i and column i + 1.
    pub(super) fn beside(&mut self, i: usize) -> &mut [f64] {
        &mut self.beside[i * self.m * self.m..][..self.m * self.m]
    }

    /// x with (A + `damping` mean(diag A) 1) x = `right`; `None` where that is not positive definite.
    pub(super) fn solve(&self, right: &[f64], damping: f64) -> Option<Vec<f64>> {
        let m = self.m;
        let blocks = right.len() / m;
        let trace: f64 = (0..right.len())
            .map(|i| self.diagonal[i / m * m * m + i % m * (m + 1)])
            .sum();
        let added = damping * trace / right.len() as f64;
        let mut factors = Vec::with_capacity(blocks);
        // L_i^-1 B_i for the block B_i beside block i, and L_i^-1 of the right side.
        let (mut coupled, mut x): (Vec<Vec<f64>>, Vec<f64>) = (Vec::new(), right.to_vec());
        for i in 0..blocks {
            let mut block = self.diagonal[i * m * m..][..m * m].to_vec();
            (0..m).for_each(|c| block[c * (m + 1)] += added);
            if i > 0 {
                let (done, rest) = x.split_at_mut(i * m);
                let before = &coupled[i - 1];
                for (r, value) in rest[..m].iter_mut().enumerate() {
                    for k in 0..m {
                        let factor = before[k * m + r];
                        *value -= factor * done[(i - 1) * m + k];
                        (0..m).for_each(|c| block[r * m + c] -= factor * before[k * m + c]);
                    }
                }
            }
            let factor = cholesky(block, m)?;
            forward(&factor, m, &mut x[i * m..][..m], 1);
            if i + 1 < blocks {
                let mut beside = self.beside[i * m * m..][..m * m].to_vec();
                forward(&factor, m, &mut beside, m);
                coupled.push(beside);
            }
            factors.push(factor);
        }
        for i in (0..blocks).rev() {
            if i + 1 < blocks {
                let (here, after) = x.split_at_mut((i + 1) * m);
                for r in 0..m {
                    let sum: f64 = (0..m).map(|c| coupled[i][r * m + c] * after[c]).sum();
                    here[i * m + r] -= sum;
                }
            }
            backward(&factors[i], m, &mut x[i * m..][..m]);
        }
        x.iter().all(|value| value.is_finite()).then_some(x)
    }
}

/// The lower triangle L with L L' = `matrix` [m, m]; `None` where it is not positive definite.
pub(super) fn cholesky(mut matrix: Vec<f64>, m: usize) -> Option<Vec<f64>> {
    for c in 0..m {
        let whole = matrix[c * (m + 1)];
        let pivot = (0..c).fold(whole, |rest, k| rest - matrix[c * m + k].powi(2));
        // What rounding leaves of a singular matrix is no pivot.
        if !(pivot > whole * 1e-14 && pivot > f64::MIN_POSITIVE) {
            return None;
        }
        let root = pivot.sqrt();
        matrix[c * (m + 1)] = root;
        for r in c + 1..m {
            let sum: f64 = (0..c).map(|k| matrix[r * m + k] * matrix[c * m + k]).sum();
            matrix[r * m + c] = (matrix[r * m + c] - sum) / root;
        }
    }
    Some(matrix)
}

/// `rows` [m, columns] becomes L^-1 rows.
pub(super) fn forward(factor: &[f64], m: usize, rows: &mut [f64], columns: usize) {
    for r in 0..m {
        let (done, rest) = rows.split_at_mut(r * columns);
        for (c, value) in rest[..columns].iter_mut().enumerate() {
            let sum: f64 = (0..r)
                .map(|k| factor[r * m + k] * done[k * columns + c])
                .sum();
            *value = (*value - sum) / factor[r * (m + 1)];
        }
    }
}

/// `x` becomes L'^-1 x.
fn backward(factor: &[f64], m: usize, x: &mut [f64]) {
    for r in (0..m).rev() {
        let sum: f64 = (r + 1..m).map(|k| factor[k * m + r] * x[k]).sum();
        x[r] = (x[r] - sum) / factor[r * (m + 1)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_gives_back_the_right_side() {
        let (blocks, m) = (5, 3);
        let mut a = BlockTridiagonal::zeros(blocks, m);
        let wave = |i: usize| (i as f64 * 0.7).sin();
        for i in 0..blocks {
            for (at, value) in a.diagonal(i).iter_mut().enumerate() {
                let (r, c) = (at / m, at % m);
                *value = wave(i + r * c + r + c) + if r == c { 6.0 } else { 0.0 };
            }
        }
        (0..blocks - 1).for_each(|i| {
            let values = a.beside(i).iter_mut().enumerate();
            values.for_each(|(at, value)| *value = wave(31 * i + at));
        });
        let right: Vec<f64> = (0..blocks * m).map(|i| wave(3 * i + 1)).collect();
        let x = a.solve(&right, 0.0).unwrap();
        for i in 0..blocks {
            for r in 0..m {
                let mut sum = 0.0;
                for c in 0..m {
                    sum += a.diagonal(i)[r * m + c] * x[i * m + c];
                    if i > 0 {
                        sum += a.beside(i - 1)[c * m + r] * x[(i - 1) * m + c];
                    }
                    if i + 1 < blocks {
                        sum += a.beside(i)[r * m + c] * x[(i + 1) * m + c];
                    }
                }
                approx::assert_abs_diff_eq!(sum, right[i * m + r], epsilon = 1e-12);
            }
        }
        // Singular, unless it is damped.
        let flat = BlockTridiagonal::zeros(2, 2);
        assert!(flat.solve(&[1.0; 4], 0.0).is_none());
        let mut half = BlockTridiagonal::zeros(1, 2);
        half.diagonal(0).copy_from_slice(&[1.0, 1.0, 1.0, 1.0]);
        assert!(half.solve(&[1.0; 2], 0.0).is_none() && half.solve(&[1.0; 2], 1e-6).is_some());
    }
}
