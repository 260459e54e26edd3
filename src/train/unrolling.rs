//! Whether samples unroll into as many dimensions as there are latents: where a geodesic embedding of them
//! keeps the order of the lengths of paths along them. A roll does, a circle does on a plane, digits and most
//! tables do not (`docs/defaults.md`).

use super::Splits;
use crate::embedding::kept_by_embeddings;
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
const UNROLLED: f64 = 0.98;

/// Whether the training samples, or as many of them as are looked at, unroll into `dimensions` and into no
/// fewer: an open curve may lie in a plane as it likes.
///
/// # Errors
/// When a distance is not finite or an eigenvalue problem is not solved.
pub(super) fn unrolls(splits: &Splits, dimensions: usize) -> Result<bool> {
    let few = splits.train.samples < LEAST_SAMPLES;
    if few || !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        return Ok(false);
    }
    let drawn = splits.train.draw(MOST_SAMPLES, 0);
    let points = splits.scaling.apply(&drawn.values);
    let kept = kept_by_embeddings(&points, drawn.features(), dimensions, NEIGHBOURS)?;
    Ok(kept.is_some_and(is_unrolling))
}

/// Whether so high rank correlations with path lengths, of an embedding and of one in a dimension less, are those
/// of an unrolling.
pub(super) fn is_unrolling([best, fewer]: [f64; 2]) -> bool {
    best > UNROLLED && fewer <= UNROLLED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, ScalingKind, Values};
    use crate::random::{Generator, Stream};
    use crate::train::Config;
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
        let mut config = Config::default();
        config.data.scaling = Some(ScalingKind::None);
        config.data.validation_fraction = Some(0.0);
        Splits::of(&config, train, None).unwrap()
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
        assert!(unrolls(&surface, 2).unwrap());
        let circle = (0..100).flat_map(|i| {
            let (sin, cos) = (i as f32 / 100.0 * TAU).sin_cos();
            [cos, sin, 0.5 * sin]
        });
        let circle = splits(circle.collect(), 3);
        assert!(unrolls(&circle, 2).unwrap());
        assert!(!unrolls(&circle, 1).unwrap());
        let cloud = splits((0..6 * 300).map(|_| draw() + draw() + draw()).collect(), 6);
        assert!(!unrolls(&cloud, 2).unwrap());
        // An open curve does in one dimension, and so not in two.
        let open = (0..100).flat_map(|i| {
            let t = i as f32 / 100.0 * PI;
            [t.cos(), t.sin() + 0.01 * (draw() - 0.5), t]
        });
        let open = splits(open.collect(), 3);
        assert!(unrolls(&open, 1).unwrap());
        assert!(!unrolls(&open, 2).unwrap());
        // Nor is it asked for in more dimensions or in none, or of a few samples.
        assert!(!unrolls(&surface, 3).unwrap());
        assert!(!unrolls(&surface, 0).unwrap());
        let few = splits(vec![0.0, 1.0, 2.0, 3.0], 1);
        assert!(!unrolls(&few, 1).unwrap());
    }
}
