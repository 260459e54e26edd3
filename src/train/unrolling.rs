//! Whether samples unroll into as many dimensions as there are latents: where a geodesic embedding of them
//! keeps the order of the lengths of paths along them. A roll does, a circle does on a plane, digits and most
//! tables do not (`docs/defaults.md`).

use super::Splits;
use crate::embedding::kept_by_embedding;
use crate::error::Result;

/// Dimensions in which an unrolling is looked for, at most: in three, 360 digits come within 0.002 of one
/// by chance.
pub(super) const MOST_DIMENSIONS: usize = 2;
/// Samples that tell, at least, and samples that are looked at, at most.
pub(super) const LEAST_SAMPLES: usize = 10;
pub(super) const MOST_SAMPLES: usize = 500;
/// Neighbours of a sample that paths lead over.
pub(super) const NEIGHBOURS: usize = 5;
/// The rank correlation with path lengths that the distances of an unrolling have.
pub(super) const UNROLLED: f64 = 0.98;

/// Whether the training samples, or as many drawn by `seed` as are looked at, unroll into `dimensions`.
///
/// # Errors
/// When an eigenvalue problem is not solved.
pub(super) fn unroll(splits: &Splits, dimensions: usize, seed: u64) -> Result<bool> {
    if dimensions > MOST_DIMENSIONS || splits.train.samples < LEAST_SAMPLES {
        return Ok(false);
    }
    let drawn = splits.train.draw(MOST_SAMPLES, seed);
    let points = splits.scaling.apply(&drawn.values);
    let kept = kept_by_embedding(&points, drawn.features(), dimensions, NEIGHBOURS)?;
    Ok(kept.is_some_and(|kept| kept > UNROLLED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, Scaling, ScalingKind, Values};
    use crate::random::{Generator, Stream};
    use rand::RngExt;
    use std::f32::consts::{PI, TAU};

    /// Samples of `features` each.
    fn splits(values: Vec<f32>, features: usize) -> Splits {
        let train = Dataset {
            samples: values.len() / features,
            shape: vec![features],
            values: Values::Floats(values.into()),
            labels: None,
            parameter: None,
        };
        Splits {
            scaling: Scaling::fit(ScalingKind::None, &train),
            train,
            validation: None,
            test: None,
            classes: Vec::new(),
            columns: Vec::new(),
            means: Vec::new(),
        }
    }

    #[test]
    fn surfaces_and_circles_unroll_and_clouds_do_not() {
        let mut generator = Generator::new(1, Stream::Test, 0);
        let mut draw = || generator.random::<f32>();
        let surface = |_| {
            let (t, height) = (1.5 * PI * (1.0 + 2.0 * draw()), 21.0 * draw());
            [t * t.cos(), height, t * t.sin()]
        };
        let surface = splits((0..600).flat_map(surface).collect(), 3);
        assert!(unroll(&surface, 2, 0).unwrap());
        let circle = (0..100).flat_map(|i| {
            let (sin, cos) = (i as f32 / 100.0 * TAU).sin_cos();
            [cos, sin, 0.5 * sin]
        });
        let circle = splits(circle.collect(), 3);
        assert!(unroll(&circle, 2, 0).unwrap());
        assert!(!unroll(&circle, 1, 0).unwrap());
        let cloud = splits((0..6 * 300).map(|_| draw() + draw() + draw()).collect(), 6);
        assert!(!unroll(&cloud, 2, 0).unwrap());
        // Nor is it asked for in more dimensions, or of a few samples.
        assert!(!unroll(&surface, 3, 0).unwrap());
        let few = splits(vec![0.0, 1.0, 2.0, 3.0], 1);
        assert!(!unroll(&few, 1, 0).unwrap());
    }
}
