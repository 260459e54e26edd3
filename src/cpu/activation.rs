//! Every activation with three derivatives; the twin of `shaders/shared/activation.wgsl`.

use super::Real;
use crate::net::Activation;

/// Slope of the leaky ReLU for x <= 0.
pub const LEAKY_SLOPE: f64 = 0.01;
/// Scale of SELU.
pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
/// Alpha of SELU.
pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_3;

/// [s(x), s'(x), s''(x), s'''(x)].
///
/// At a kink (ReLU, leaky ReLU, ELU, SELU at 0) every derivative is that of the branch x <= 0, as in PyTorch. Nothing overflows at large |x|:
/// exponentials are taken of -|x| alone.
pub fn derivatives<T: Real>(function: Activation, x: T) -> [T; 4] {
    let c = T::of;
    let (zero, one) = (c(0.0), c(1.0));
    match function {
        Activation::Linear => [x, one, zero, zero],
        Activation::Relu => {
            if x > zero {
                [x, one, zero, zero]
            } else {
                [zero; 4]
            }
        }
        Activation::LeakyRelu => {
            let slope = if x > zero { one } else { c(LEAKY_SLOPE) };
            [slope * x, slope, zero, zero]
        }
        Activation::Elu => exponential_unit(x, one, one),
        Activation::Selu => exponential_unit(x, c(SELU_SCALE), c(SELU_ALPHA)),
        Activation::Softplus => {
            let (s, p, q) = logistic(x);
            let positive = if x > zero { x } else { zero };
            [positive + (-x.abs()).exp().ln_1p(), s, p, p * q]
        }
        Activation::Tanh => {
            // 1 - tanh^2 from the exponential, so that it does not cancel where tanh is near +-1.
            let e = (c(-2.0) * x.abs()).exp();
            let magnitude = -(c(-2.0) * x.abs()).exp_m1() / (one + e);
            let t = if x < zero { -magnitude } else { magnitude };
            let d = c(4.0) * e / ((one + e) * (one + e));
            [t, d, c(-2.0) * t * d, d * (c(4.0) * t * t - c(2.0) * d)]
        }
        Activation::Sigmoid => {
            let (s, p, q) = logistic(x);
            [s, p, p * q, p * (one - c(6.0) * p)]
        }
        Activation::Gelu => {
            let distribution = c(0.5) * (-x * c(std::f64::consts::FRAC_1_SQRT_2)).erfc();
            let density = c(0.398_942_280_401_432_7) * (c(-0.5) * x * x).exp();
            // density underflows long before x^3 overflows, but their product must not be 0 * inf.
            let y = if x.abs() > c(40.0) { zero } else { x };
            [x * distribution, distribution + y * density, density * (c(2.0) - y * y), density * y * (y * y - c(4.0))]
        }
        Activation::Silu => {
            let (s, p, q) = logistic(x);
            // p underflows to 0 where x is large; bounding x keeps 0 * inf out.
            let y = if x.abs() > c(1e4) { zero } else { x };
            [x * s, s + y * p, p * (c(2.0) + y * q), p * (c(3.0) * q + y * (one - c(6.0) * p))]
        }
        Activation::Sine => {
            let (s, d) = (x.sin(), x.cos());
            [s, d, -s, -d]
        }
    }
}

fn exponential_unit<T: Real>(x: T, scale: T, alpha: T) -> [T; 4] {
    let zero = T::of(0.0);
    if x > zero {
        [scale * x, scale, zero, zero]
    } else {
        let e = scale * alpha * x.exp();
        [scale * alpha * x.exp_m1(), e, e, e]
    }
}

/// sigmoid s, its derivative p = s (1 - s), and q = 1 - 2 s, each without cancellation.
fn logistic<T: Real>(x: T) -> (T, T, T) {
    let one = T::of(1.0);
    let e = (-x.abs()).exp();
    let small = e / (one + e);
    let q = (one - e) / (one + e);
    if x < T::of(0.0) { (small, small / (one + e), q) } else { (one / (one + e), small / (one + e), -q) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each derivative against central differences of the one below it.
    #[test]
    fn derivatives_agree_with_central_differences() {
        let h = 1e-5;
        for function in Activation::ALL {
            for i in -60..60 {
                let x = 0.1 * f64::from(i) + 0.05;
                let (below, at, above) = (derivatives(function, x - h), derivatives(function, x), derivatives(function, x + h));
                for order in 1..4 {
                    let difference = (above[order - 1] - below[order - 1]) / (2.0 * h);
                    approx::assert_relative_eq!(at[order], difference, epsilon = 1e-8, max_relative = 1e-6);
                }
            }
        }
    }

    #[test]
    fn nothing_overflows_at_large_arguments() {
        for function in Activation::ALL {
            for x in [1e2, 1e4, 1e10, 1e30, -1e2, -1e4, -1e10, -1e30, 1e38, -1e38] {
                let values = derivatives(function, x);
                assert!(values.iter().all(|v| v.is_finite()), "{function:?}({x}) = {values:?}");
            }
        }
    }

    #[test]
    fn kinks_take_the_lower_branch() {
        assert_eq!(derivatives(Activation::Relu, 0.0_f64), [0.0; 4]);
        assert_eq!(derivatives(Activation::LeakyRelu, 0.0_f64), [0.0, LEAKY_SLOPE, 0.0, 0.0]);
        assert_eq!(derivatives(Activation::Elu, 0.0_f64), [0.0, 1.0, 1.0, 1.0]);
    }
}
