//! How far directions follow angles around a circle.

use crate::eval::ranks;
use std::f64::consts::{PI, TAU};

/// See `circular` in `docs/measures.md`; 0 where there are no values.
pub(super) fn circular_rank_correlation(angles: &[f64], directions: &[f64]) -> f64 {
    let count = angles.len().min(directions.len());
    // Equal directions share their mean rank, so that directions that are all equal correlate with nothing.
    let turns = |values: &[f64]| -> Vec<f64> {
        let ranks = ranks(&values[..count]).into_iter();
        ranks.map(|rank| TAU * rank / count as f64).collect()
    };
    let (a, b) = (turns(angles), turns(directions));
    let resultant = |sign: f64| {
        let (mut x, mut y) = (0.0, 0.0);
        for (a, b) in a.iter().zip(&b) {
            let (sin, cos) = (a + sign * b).sin_cos();
            (x, y) = (x + cos, y + sin);
        }
        f64::hypot(x, y) / count.max(1) as f64
    };
    resultant(-1.0).max(resultant(1.0))
}

/// See `winding` in `docs/measures.md`: the last direction is followed by the first.
pub(super) fn winding(directions: &[f64]) -> f64 {
    let next = directions.iter().cycle().skip(1);
    let steps = directions
        .iter()
        .zip(next)
        .map(|(a, b)| (b - a + PI).rem_euclid(TAU) - PI);
    (steps.sum::<f64>() / TAU).round().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, Stream};
    use rand::RngExt;

    #[test]
    fn a_circle_is_closed_in_either_sense_from_any_start() {
        let angles: Vec<f64> = (0..100).map(f64::from).collect();
        for (sign, start) in [(1.0, 0.3), (-1.0, 2.0)] {
            let directions: Vec<f64> = angles
                .iter()
                .map(|angle| {
                    let (sin, cos) = (sign * angle * TAU / 100.0 + start).sin_cos();
                    sin.atan2(cos)
                })
                .collect();
            let found = circular_rank_correlation(&angles, &directions);
            assert!((found - 1.0).abs() < 1e-12, "{found}");
            assert_eq!(winding(&directions), 1.0);
        }
        // There and back again does not go around, and covers every place twice.
        let back: Vec<f64> = angles
            .iter()
            .map(|angle| 0.05 * (angle - 49.5).abs())
            .collect();
        assert_eq!(winding(&back), 0.0);
        assert!(circular_rank_correlation(&angles, &back) < 0.8);
        // Nor do codes that are all one, although their samples come in the order of the angles.
        let one = [0.5; 100];
        assert_eq!(winding(&one), 0.0);
        assert!(circular_rank_correlation(&angles, &one) < 1e-12);
        let mut generator = Generator::new(1, Stream::Test, 0);
        let noise: Vec<f64> = angles
            .iter()
            .map(|_| generator.random::<f64>() * TAU - PI)
            .collect();
        assert!(circular_rank_correlation(&angles, &noise) < 0.4);
    }
}
