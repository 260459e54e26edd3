//! Derivatives as limits: central differences of eighth order.

/// Weights of f(-4 h), ..., f(4 h) in h f'(0).
const FIRST: [f64; 9] = [
    1.0 / 280.0,
    -4.0 / 105.0,
    1.0 / 5.0,
    -4.0 / 5.0,
    0.0,
    4.0 / 5.0,
    -1.0 / 5.0,
    4.0 / 105.0,
    -1.0 / 280.0,
];
/// The same in h^2 f''(0).
const SECOND: [f64; 9] = [
    -1.0 / 560.0,
    8.0 / 315.0,
    -1.0 / 5.0,
    8.0 / 5.0,
    -205.0 / 72.0,
    8.0 / 5.0,
    -1.0 / 5.0,
    8.0 / 315.0,
    -1.0 / 560.0,
];

/// (f, f', f'') at 0 of a vector-valued function of one variable, from steps of `h`.
pub fn along(h: f64, f: impl Fn(f64) -> Vec<f64>) -> [Vec<f64>; 3] {
    let at: Vec<Vec<f64>> = (-4..=4).map(|i| f(f64::from(i) * h)).collect();
    let combine = |weights: [f64; 9]| -> Vec<f64> {
        (0..at[4].len())
            .map(|c| (0..9).map(|i| weights[i] * at[i][c]).sum::<f64>())
            .collect()
    };
    let first = combine(FIRST).iter().map(|sum| sum / h).collect();
    let second = combine(SECOND).iter().map(|sum| sum / (h * h)).collect();
    [at[4].clone(), first, second]
}

/// f'(0) of a function of one variable, from steps of `h`.
pub fn slope(h: f64, f: impl Fn(f64) -> f64) -> f64 {
    let [_, first, _] = along(h, |t| vec![f(t)]);
    first[0]
}

/// Value, J v and v^T H v of `f` at `x`: its derivatives along x + t v, from steps of length `h`.
pub fn directional(h: f64, f: impl Fn(&[f64]) -> Vec<f64>, x: &[f64], v: &[f64]) -> [Vec<f64>; 3] {
    let length = super::dot(v, v).sqrt();
    let [value, first, second] = along(h, |t| {
        let moved: Vec<f64> = (0..x.len())
            .map(|i| {
                if length > 0.0 {
                    x[i] + t * v[i] / length
                } else {
                    x[i]
                }
            })
            .collect();
        f(&moved)
    });
    [
        value,
        first.iter().map(|slope| slope * length).collect(),
        second.iter().map(|curve| curve * length * length).collect(),
    ]
}

/// J of `f` at `x` as rows [output][input].
pub fn jacobian(h: f64, f: impl Fn(&[f64]) -> Vec<f64>, x: &[f64]) -> Vec<Vec<f64>> {
    let columns: Vec<Vec<f64>> = (0..x.len())
        .map(|i| {
            let unit: Vec<f64> = (0..x.len())
                .map(|j| if i == j { 1.0 } else { 0.0 })
                .collect();
            let [_, slope, _] = directional(h, &f, x, &unit);
            slope
        })
        .collect();
    (0..columns[0].len())
        .map(|o| columns.iter().map(|column| column[o]).collect())
        .collect()
}
