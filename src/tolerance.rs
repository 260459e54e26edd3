//! How far rounding may move results, element by element.

use serde::Serialize;

/// Scales beyond this count as this one: a large value excuses no more of the small ones beside it.
const LARGEST_SCALE: f64 = 30.0;

/// Every element must hold by itself: |got - want| <= absolute + scaled s + relative |want|, where
/// s is the size of what sums add up: the largest |want| of the tensor, but at most 30. Sums that
/// cancel keep the rounding of their terms, so that small elements are not good to `relative`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tolerance {
    /// Allowed of every element.
    pub absolute: f64,
    /// Allowed of every element, times the size of the tensor's values.
    pub scaled: f64,
    /// Allowed of an element, times its own size.
    pub relative: f64,
}

impl Tolerance {
    /// Of f32 against f64: about twice the largest error that `nrae gradcheck` and the tests find on
    /// the CPU and on a software GPU.
    pub const F32: Self = Self {
        absolute: 3e-6,
        scaled: 3e-6,
        relative: 1e-5,
    };
    /// Of products whose operands are rounded to 11 bits, of which a loss has several in a row.
    pub const F16: Self = Self {
        absolute: 3e-6,
        scaled: 4e-3,
        relative: 1e-3,
    };

    /// Of products whose operands are rounded to 22 bits.
    pub const F16X3: Self = Self {
        absolute: 3e-6,
        scaled: 6e-6,
        relative: 1e-5,
    };

    /// |got - want| in units of what is allowed at `scale`: an element holds where it is at most 1.
    pub fn error(self, got: f64, want: f64, scale: f64) -> f64 {
        let scaled = self.scaled * scale.min(LARGEST_SCALE);
        (got - want).abs() / (self.absolute + scaled + self.relative * want.abs())
    }

    /// The largest [`error`](Self::error) of a tensor's elements; NaN where one is.
    ///
    /// # Panics
    /// When there are not as many of one as of the other.
    pub fn worst<T: Copy + Into<f64>>(self, got: &[T], want: &[f64]) -> f64 {
        assert_eq!(got.len(), want.len(), "tensors of one shape are compared");
        let scale = want
            .iter()
            .fold(0.0_f64, |scale, value| scale.max(value.abs()));
        let errors = got
            .iter()
            .zip(want)
            .map(|(got, want)| self.error((*got).into(), *want, scale));
        errors.fold(0.0, worse)
    }
}

impl std::fmt::Display for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self {
            absolute,
            scaled,
            relative,
        } = self;
        write!(f, "{absolute:e} + {scaled:e} s + {relative:e} |x|")
    }
}

/// The larger error, where NaN is larger than all.
pub fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_judged_by_itself() {
        let tolerance = Tolerance {
            absolute: 1.0,
            scaled: 0.0,
            relative: 0.1,
        };
        assert_eq!(tolerance.worst(&[0.0, 111.0], &[0.0, 100.0]), 1.0);
        // What the largest element may be off by is too much for a small one.
        assert_eq!(tolerance.worst(&[11.0, 100.0], &[0.0, 100.0]), 11.0);
        let scaled = Tolerance {
            absolute: 0.0,
            scaled: 0.1,
            relative: 0.0,
        };
        assert_eq!(scaled.worst(&[0.0, 2.0, -3.0], &[1.0, 2.0, -4.0]), 2.5);
        assert_eq!(scaled.worst(&[3.0, 1e6], &[0.0, 1e6]), 1.0);
    }

    #[test]
    fn no_number_is_within_no_tolerance() {
        let worst = |got: [f32; 2]| Tolerance::F32.worst(&got, &[1.0, 2.0]);
        assert_eq!(worst([1.0, 2.0]), 0.0);
        assert!(worst([f32::NAN, 2.0]).is_nan() && worst([1.0, f32::NAN]).is_nan());
        assert_eq!(worst([f32::INFINITY, 2.0]), f64::INFINITY);
        assert!(Tolerance::F32.worst(&[1.0_f32], &[f64::NAN]).is_nan());
    }
}
