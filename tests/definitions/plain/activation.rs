//! Activations by the formulas of PyTorch's documentation, with its default constants.

use std::f64::consts::PI;

/// The value of the activation that a configuration calls `name`.
pub fn value(name: &str, x: f64) -> f64 {
    match name {
        "linear" => x,
        "relu" => x.max(0.0),
        "leaky-relu" => x.max(0.0) + 0.01 * x.min(0.0),
        "elu" => x.max(0.0) + (x.min(0.0).exp() - 1.0),
        // The published constants, to the digits that f64 holds.
        "selu" => {
            1.050_700_987_355_480_5
                * (x.max(0.0) + 1.673_263_242_354_377_3 * (x.min(0.0).exp() - 1.0))
        }
        "softplus" => (1.0 + x.exp()).ln(),
        "tanh" => (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()),
        "sigmoid" => 1.0 / (1.0 + (-x).exp()),
        "gelu" => x * normal_distribution(x),
        "silu" => x / (1.0 + (-x).exp()),
        "sine" => x.sin(),
        other => panic!("no definition of {other}"),
    }
}

/// The standard normal distribution function, 1/2 + density(x) (x + x^3/3 + x^5/(3 5) + x^7/(3 5 7)
/// + ...): terms of one sign do not cancel.
pub fn normal_distribution(x: f64) -> f64 {
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-20 * sum.abs() {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}
