//! The two kinds of real number that the twins are generic over.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// f32 or f64.
pub trait Real:
    From<u8>
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
    /// ln(1 + x), accurate near 0
    fn ln_1p(self) -> Self;
    /// Square root
    fn sqrt(self) -> Self;
    /// Sine
    fn sin(self) -> Self;
    /// Cosine
    fn cos(self) -> Self;
    /// Complementary error function
    fn erfc(self) -> Self;
    /// Absolute value
    fn abs(self) -> Self;
    /// Neither infinite nor NaN
    fn is_finite(self) -> bool;
}

macro_rules! real {
    ($type:ty, $erfc:path) => {
        impl Real for $type {
            fn of(value: f64) -> Self {
                value as $type
            }
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            fn exp(self) -> Self {
                <$type>::exp(self)
            }
            fn exp_m1(self) -> Self {
                <$type>::exp_m1(self)
            }
            fn ln_1p(self) -> Self {
                <$type>::ln_1p(self)
            }
            fn sqrt(self) -> Self {
                <$type>::sqrt(self)
            }
            fn sin(self) -> Self {
                <$type>::sin(self)
            }
            fn cos(self) -> Self {
                <$type>::cos(self)
            }
            fn erfc(self) -> Self {
                $erfc(self)
            }
            fn abs(self) -> Self {
                <$type>::abs(self)
            }
            fn is_finite(self) -> bool {
                <$type>::is_finite(self)
            }
        }
    };
}
real!(f32, libm::erfcf);
real!(f64, libm::erfc);
