//! What everything means: definitions as a reader of the paper or of PyTorch's documentation would
//! write them down, in f64, with plain loops. Nothing here comes from the engine.

pub mod activation;
pub mod adam;
pub mod autoencoder;
pub mod difference;
pub mod geometry;
pub mod graph;
pub mod layer;
pub mod measure;
pub mod random;
pub mod term;

/// `|a - b|^2`
pub fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let mut sum = 0.0;
    for i in 0..a.len() {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    sum
}

/// `a.b`
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let mut sum = 0.0;
    for i in 0..a.len() {
        sum += a[i] * b[i];
    }
    sum
}

/// The solution x of A x = b, by Gauss' elimination with the largest pivot of each column.
pub fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for column in 0..n {
        let pivot = (column..n)
            .max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs()))
            .unwrap();
        a.swap(column, pivot);
        b.swap(column, pivot);
        for row in 0..n {
            if row != column {
                let factor = a[row][column] / a[column][column];
                for k in 0..n {
                    a[row][k] -= factor * a[column][k];
                }
                b[row] -= factor * b[column];
            }
        }
    }
    (0..n).map(|i| b[i] / a[i][i]).collect()
}
