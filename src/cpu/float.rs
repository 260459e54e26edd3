//! The two kinds of real number that the CPU kernels are generic over.
//!
//! In f64 the functions are those of the standard library: the oracle. In f32 they are polynomials
//! without branches, which the compiler turns into vector instructions; each is within a few units
//! in the last place.

use crate::gemm::Element;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// f32 or f64.
pub trait Float:
    Element
    + bytemuck::Pod
    + Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + std::fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + Sum
    + 'static
{
    /// The nearest value.
    fn of(value: f64) -> Self;
    /// The same value, in f64.
    fn to_f64(self) -> f64;
    /// e^x
    fn exp(self) -> Self;
    /// e^x - 1, accurate near 0
    fn exp_m1(self) -> Self;
    /// ln(1 + x) for 0 <= x <= 1, accurate near 0
    fn ln_1p(self) -> Self;
    /// Square root
    fn sqrt(self) -> Self;
    /// (sin x, cos x)
    fn sin_cos(self) -> (Self, Self);
    /// The standard normal distribution function, accurate in its lower tail
    fn normal_distribution(self) -> Self;
    /// Absolute value
    fn abs(self) -> Self;
    /// Neither infinite nor NaN
    fn is_finite(self) -> bool;
    /// Runs `body`, which must be inlined. In f32 it is compiled for each width of the processor's
    /// vectors and the widest is chosen; the oracle does without, which saves half of the time that
    /// the kernels take to compile.
    fn simd_dispatch<R>(body: impl FnOnce() -> R) -> R;
}

impl Float for f64 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    fn exp(self) -> Self {
        f64::exp(self)
    }
    fn exp_m1(self) -> Self {
        f64::exp_m1(self)
    }
    fn ln_1p(self) -> Self {
        f64::ln_1p(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    fn sin_cos(self) -> (Self, Self) {
        f64::sin_cos(self)
    }
    fn normal_distribution(self) -> Self {
        0.5 * libm::erfc(-self * std::f64::consts::FRAC_1_SQRT_2)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f64::abs(self)
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
    #[inline(always)]
    fn simd_dispatch<R>(body: impl FnOnce() -> R) -> R {
        body()
    }
}

impl Float for f32 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let (less_one, [half, other]) = exponential(self);
        (less_one * half + half) * other
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        let (less_one, [half, other]) = exponential(self);
        let power = half * other;
        // Where the power is 1 the first term is the result, without cancellation.
        power * less_one + (power - 1.0)
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        // ln(1 + x) = 2 artanh(x / (2 + x)), whose series converges fast up to 1/3.
        let s = self / (2.0 + self);
        let t = s * s;
        let series = 0.153_846_15 * t + 0.181_818_18;
        let series = ((series * t + 0.222_222_22) * t + 0.285_714_3) * t + 0.4;
        s * ((series * t + 0.666_666_7) * t + 2.0)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        // The remainder by a quarter turn, in f64 because drawing it from large arguments cancels.
        // Adding 1.5 * 2^52 rounds to a whole number, whose lowest bits then are those of the sum.
        const ROUND: f64 = 6_755_399_441_055_744.0;
        let x = f64::from(self);
        let shifted = x * std::f64::consts::FRAC_2_PI + ROUND;
        let r = (x - (shifted - ROUND) * std::f64::consts::FRAC_PI_2) as f32;
        // Beyond 2^50 no digit of the angle is known, but values must stay in range.
        let r = if r > 0.8 { 0.8 } else { r };
        let r = if r < -0.8 { -0.8 } else { r };
        let quarter = shifted.to_bits() as u32;
        let t = r * r;
        let sin = ((-1.951_529_6e-4 * t + 8.332_161e-3) * t - 0.166_666_55) * t * r + r;
        let cos =
            ((2.443_315_7e-5 * t - 1.388_731_6e-3) * t + 4.166_664_6e-2) * t * t - 0.5 * t + 1.0;
        let (s, c) = if quarter & 1 == 0 {
            (sin, cos)
        } else {
            (cos, sin)
        };
        (
            if quarter & 2 == 0 { s } else { -s },
            if quarter.wrapping_add(1) & 2 == 0 {
                c
            } else {
                -c
            },
        )
    }
    #[inline(always)]
    fn normal_distribution(self) -> Self {
        // Chebyshev approximation of erfc (Press et al., Numerical Recipes, section 6.2), as in the
        // shader.
        let y = f32::abs(self) * std::f32::consts::FRAC_1_SQRT_2;
        let t = 1.0 / (1.0 + 0.5 * y);
        let p = 0.170_872_77 * t - 0.822_152_23;
        let p = ((p * t + 1.488_515_9) * t - 1.135_204) * t + 0.278_868_07;
        let p = ((p * t - 0.186_288_06) * t + 0.096_784_18) * t + 0.374_091_96;
        let p = (p * t + 1.000_023_7) * t - 1.265_512_2;
        let tail = 0.5 * t * Float::exp(p - y * y);
        if self < 0.0 { tail } else { 1.0 - tail }
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f32::abs(self)
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }
    #[inline(always)]
    fn simd_dispatch<R>(body: impl FnOnce() -> R) -> R {
        pulp::Arch::new().dispatch(body)
    }
}

/// (e^r - 1, two factors of 2^n) with x = r + n ln 2 and |r| <= ln 2 / 2; two factors, because one
/// could not hold the smallest powers.
#[inline(always)]
fn exponential(x: f32) -> (f32, [f32; 2]) {
    // Beyond these e^x is infinite or 0. Comparisons let a NaN through.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -105.0 { -105.0 } else { x };
    // Adding 1.5 * 2^23 rounds to a whole number, whose bits then are the lowest of the sum.
    const ROUND: f32 = 12_582_912.0;
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let series = ((1.987_569_1e-4 * r + 1.398_199_9e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2;
    let series = (series * r + 0.166_666_65) * r + 0.5;
    let less_one = series * r * r + r;
    let n = shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    let power = |n: i32| f32::from_bits(((n + 127) as u32) << 23);
    (less_one, [power(n >> 1), power(n - (n >> 1))])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each f32 function against f64, relative to the value.
    #[test]
    fn single_precision_is_good_to_a_few_units() {
        let close = |name: &str, x: f32, got: f32, want: f64| {
            let error =
                (f64::from(got) - want).abs() / want.abs().max(f64::from(f32::MIN_POSITIVE));
            // An exponential's relative error is its argument's absolute one, which is large in the
            // tail of the distribution.
            assert!(
                error
                    < if name == "normal_distribution" {
                        5e-6
                    } else {
                        1e-6
                    },
                "{name}({x}) is {got}, not {want}"
            );
        };
        for i in -4000..=4000 {
            let x = i as f32 * 0.0217 + 1e-3;
            let wide = f64::from(x);
            close("exp", x, Float::exp(x), wide.exp());
            close("exp_m1", x, Float::exp_m1(x), wide.exp_m1());
            let small = x.abs() / 87.0;
            close(
                "ln_1p",
                small,
                Float::ln_1p(small),
                f64::from(small).ln_1p(),
            );
            let (sin, cos) = Float::sin_cos(x);
            assert!(
                (f64::from(sin) - wide.sin()).abs() < 3e-7
                    && (f64::from(cos) - wide.cos()).abs() < 3e-7,
                "sin_cos({x})"
            );
            if x.abs() < 8.0 {
                close(
                    "normal_distribution",
                    x,
                    x.normal_distribution(),
                    wide.normal_distribution(),
                );
            }
        }
        for tiny in [1e-3_f32, 1e-7, 1e-20, -1e-7] {
            close(
                "exp_m1",
                tiny,
                Float::exp_m1(tiny),
                f64::from(tiny).exp_m1(),
            );
        }
    }

    #[test]
    fn ends_and_what_is_no_number() {
        assert_eq!(
            (
                Float::exp(-1e30_f32),
                Float::exp(1e30_f32),
                Float::exp_m1(-1e30_f32)
            ),
            (0.0, f32::INFINITY, -1.0)
        );
        assert!(
            Float::exp(f32::NAN).is_nan()
                && Float::exp_m1(f32::NAN).is_nan()
                && Float::sin_cos(f32::NAN).0.is_nan()
        );
        assert!(f32::NAN.normal_distribution().is_nan());
        for x in [1e12_f32, -1e30, f32::MAX] {
            let (sin, cos) = Float::sin_cos(x);
            assert!(sin.abs() <= 1.0 && cos.abs() <= 1.0, "{x}: {sin} {cos}");
        }
    }
}
