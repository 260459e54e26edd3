//! Every activation with three derivatives; the CPU kernel of `shaders/shared/activation.wgsl`.

use super::Float;
use crate::net::Activation;

/// Slope of the leaky ReLU for x <= 0.
pub const LEAKY_SLOPE: f64 = 0.01;
/// Scale of SELU.
pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
/// Alpha of SELU.
pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_3;

/// Values that [`derivatives`] takes at once, at most.
pub(super) const BLOCK: usize = 128;

/// Writes derivatives of s at every x, a slice for each of one to three orders from `FIRST` on, up
/// to the third.
///
/// At a kink (ReLU, leaky ReLU, ELU, SELU at 0) every derivative is that of the branch x <= 0, as
/// in PyTorch. Nothing overflows at large |x|: exponentials are taken of -|x| alone.
///
/// It is one function because it is a table, an arm for each activation.
#[inline(always)]
pub(super) fn derivatives<T: Float, const FIRST: usize, const COUNT: usize>(
    function: Activation,
    x: &[T],
    to: [&mut [T]; COUNT],
) {
    let c = T::of;
    let (zero, one) = (c(0.0), c(1.0));
    // The choice is made once a block, so that each loop below is a vector loop.
    match function {
        Activation::Linear => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| [x, one, zero, zero],
        ),
        Activation::Relu => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| {
                if x > zero {
                    [x, one, zero, zero]
                } else {
                    [zero; 4]
                }
            },
        ),
        Activation::LeakyRelu => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| {
                let slope = if x > zero { one } else { c(LEAKY_SLOPE) };
                [slope * x, slope, zero, zero]
            },
        ),
        Activation::Elu => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| exponential_unit(x, one, one),
        ),
        Activation::Selu => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| exponential_unit(x, c(SELU_SCALE), c(SELU_ALPHA)),
        ),
        Activation::Softplus => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| {
                let (s, p, q) = logistic(x);
                let positive = if x > zero { x } else { zero };
                [positive + Float::exp(-Float::abs(x)).ln_1p(), s, p, p * q]
            },
        ),
        Activation::Tanh => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| {
                // 1 - tanh^2 from the exponential, so that it does not cancel where tanh is near
                // +-1.
                let argument = c(-2.0) * Float::abs(x);
                let e = Float::exp(argument);
                let magnitude = -Float::exp_m1(argument) / (one + e);
                let t = if x < zero { -magnitude } else { magnitude };
                let d = c(4.0) * e / ((one + e) * (one + e));
                [t, d, c(-2.0) * t * d, d * (c(4.0) * t * t - c(2.0) * d)]
            },
        ),
        Activation::Sigmoid => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| {
                let (s, p, q) = logistic(x);
                [s, p, p * q, p * (one - c(6.0) * p)]
            },
        ),
        Activation::Gelu => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| {
                let distribution = x.normal_distribution();
                // The density underflows long before x^3 overflows, but their product must not be 0
                // * inf.
                let y = if Float::abs(x) > c(40.0) { zero } else { x };
                let density = if Float::abs(x) > c(40.0) {
                    zero
                } else {
                    c(0.398_942_280_401_432_7) * Float::exp(c(-0.5) * y * y)
                };
                [
                    x * distribution,
                    distribution + y * density,
                    density * (c(2.0) - y * y),
                    density * y * (y * y - c(4.0)),
                ]
            },
        ),
        Activation::Silu => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| {
                let (s, p, q) = logistic(x);
                // p underflows to 0 where x is large; bounding x keeps 0 * inf out.
                let y = if Float::abs(x) > c(1e4) { zero } else { x };
                [
                    x * s,
                    s + y * p,
                    p * (c(2.0) + y * q),
                    p * (c(3.0) * q + y * (one - c(6.0) * p)),
                ]
            },
        ),
        Activation::Sine => each::<T, FIRST, COUNT>(
            x,
            to,
            #[inline(always)]
            |x| {
                let (s, d) = Float::sin_cos(x);
                [s, d, -s, -d]
            },
        ),
    }
}

#[inline(always)]
fn each<T: Float, const FIRST: usize, const COUNT: usize>(
    x: &[T],
    mut to: [&mut [T]; COUNT],
    values: impl Fn(T) -> [T; 4],
) {
    // Iterators side by side: indices into this many slices would be checked, and the loops not
    // become vector loops.
    match &mut to[..] {
        [a] => a
            .iter_mut()
            .zip(x)
            .for_each(|(a, x)| *a = values(*x)[FIRST]),
        [a, b] => a
            .iter_mut()
            .zip(b.iter_mut())
            .zip(x)
            .for_each(|((a, b), x)| {
                let values = values(*x);
                (*a, *b) = (values[FIRST], values[FIRST + 1]);
            }),
        [a, b, c] => a
            .iter_mut()
            .zip(b.iter_mut())
            .zip(c.iter_mut())
            .zip(x)
            .for_each(|(((a, b), c), x)| {
                let values = values(*x);
                (*a, *b, *c) = (values[FIRST], values[FIRST + 1], values[FIRST + 2]);
            }),
        _ => unreachable!("no pass reads more than three orders"),
    }
}

#[inline(always)]
fn exponential_unit<T: Float>(x: T, scale: T, alpha: T) -> [T; 4] {
    let zero = T::of(0.0);
    // Of a positive x no exponential is taken, so none overflows.
    let negative = if x > zero { zero } else { x };
    let e = scale * alpha * Float::exp(negative);
    if x > zero {
        [scale * x, scale, zero, zero]
    } else {
        [scale * alpha * Float::exp_m1(negative), e, e, e]
    }
}

/// sigmoid s, its derivative p = s (1 - s), and q = 1 - 2 s, each without cancellation.
#[inline(always)]
fn logistic<T: Float>(x: T) -> (T, T, T) {
    let one = T::of(1.0);
    let e = Float::exp(-Float::abs(x));
    let reciprocal = one / (one + e);
    let small = e * reciprocal;
    let q = (one - e) * reciprocal;
    let p = small * reciprocal;
    if x < T::of(0.0) {
        (small, p, q)
    } else {
        (reciprocal, p, -q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derivatives<T: Float>(function: Activation, x: T) -> [T; 4] {
        fn orders<T: Float, const FIRST: usize, const COUNT: usize>(
            function: Activation,
            x: T,
        ) -> [T; COUNT] {
            let mut s = [[T::default(); 1]; COUNT];
            super::derivatives::<T, FIRST, COUNT>(function, &[x], s.each_mut().map(|s| &mut s[..]));
            s.map(|s| s[0])
        }
        let ([s0], [s1, s2, s3]) = (
            orders::<T, 0, 1>(function, x),
            orders::<T, 1, 3>(function, x),
        );
        // However many orders a pass reads, each is the same.
        assert_eq!(orders::<T, 0, 2>(function, x), [s0, s1]);
        assert_eq!(orders::<T, 0, 3>(function, x), [s0, s1, s2]);
        assert_eq!(orders::<T, 1, 1>(function, x), [s1]);
        assert_eq!(orders::<T, 1, 2>(function, x), [s1, s2]);
        [s0, s1, s2, s3]
    }

    /// Each derivative against central differences of the one below it.
    #[test]
    fn derivatives_agree_with_central_differences() {
        let h = 1e-5;
        for function in Activation::ALL {
            for i in -60..60 {
                let x = 0.1 * f64::from(i) + 0.05;
                let (below, at, above) = (
                    derivatives(function, x - h),
                    derivatives(function, x),
                    derivatives(function, x + h),
                );
                for order in 1..4 {
                    let difference = (above[order - 1] - below[order - 1]) / (2.0 * h);
                    approx::assert_relative_eq!(
                        at[order],
                        difference,
                        epsilon = 1e-8,
                        max_relative = 1e-6
                    );
                }
            }
        }
    }

    #[test]
    fn nothing_overflows_at_large_arguments() {
        for function in Activation::ALL {
            for x in [1e2, 1e4, 1e10, 1e30, -1e2, -1e4, -1e10, -1e30, 1e38, -1e38] {
                let values = derivatives(function, x);
                assert!(
                    values.iter().all(|v| Float::is_finite(*v)),
                    "{function:?}({x}) = {values:?}"
                );
                let values = derivatives(function, x as f32);
                assert!(
                    values.iter().all(|v| Float::is_finite(*v)),
                    "{function:?}({x}) = {values:?} in f32"
                );
            }
        }
    }

    #[test]
    fn kinks_take_the_lower_branch() {
        assert_eq!(derivatives(Activation::Relu, 0.0_f64), [0.0; 4]);
        assert_eq!(
            derivatives(Activation::LeakyRelu, 0.0_f64),
            [0.0, LEAKY_SLOPE, 0.0, 0.0]
        );
        assert_eq!(derivatives(Activation::Elu, 0.0_f64), [0.0, 1.0, 1.0, 1.0]);
    }
}
