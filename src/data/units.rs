//! Whether data have the units of those that a scaling was fitted to.

use super::{Dataset, Scaling, ScalingKind, Values};
use std::path::Path;

/// Samples that are looked at.
const LOOKED_AT: usize = 1000;
/// The smallest and the largest spread, and the largest distance of the mean from 0, that scaled
/// data of the same kind may have: they are about 1, and 0.5 at most.
const SPREADS: std::ops::RangeInclusive<f64> = 0.01..=20.0;
const FARTHEST: f64 = 20.0;

impl Dataset {
    /// The same data in the units of those that `scaling` was fitted to. Bytes of 0 to 255 and floats
    /// of 0 to 1 are two ways to write the same images: one becomes the other, and that is said. Of
    /// other units there is a warning. `source` names the data.
    pub fn in_units_of(self, scaling: &Scaling, source: &Path) -> Self {
        if scaling.kind == ScalingKind::None || self.fits(scaling, 1.0) {
            return self;
        }
        let bytes = matches!(self.values, Values::Bytes(_));
        let (low, high) = self
            .seen()
            .fold((f64::MAX, f64::MIN), |(low, high), (_, value)| {
                (low.min(value), high.max(value))
            });
        let factor = if bytes { 1.0 / 255.0 } else { 255.0 };
        let fraction = !bytes && low >= 0.0 && high <= 1.0 + 1e-5;
        if (bytes || fraction) && self.fits(scaling, factor) {
            let what = if bytes {
                "bytes where the training data go from 0 to 1: divided by 255"
            } else {
                "values from 0 to 1 where the training data go to 255: multiplied by 255"
            };
            log::warn!(
                "{} has {what}; a file in the same units needs no word",
                source.display()
            );
            let scaled = self.values.doubles().map(|value| (value * factor) as f32);
            return Self {
                values: Values::Floats(scaled.collect()),
                ..self
            };
        }
        log::warn!(
            "{} has values from {low} to {high}, which are far from the training data: are they in the same units?",
            source.display()
        );
        self
    }

    /// Whether the data times `factor` look like training data once they are scaled.
    fn fits(&self, scaling: &Scaling, factor: f64) -> bool {
        let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for (element, value) in self.seen() {
            let (shift, scale) = scaling.at(element);
            let scaled = (value * factor - shift) / scale;
            (count, sum, squares) = (count + 1.0, sum + scaled, squares + scaled * scaled);
        }
        let mean: f64 = sum / count;
        let spread = (squares / count - mean * mean).max(0.0).sqrt();
        // A constant set tells nothing.
        spread == 0.0 || (SPREADS.contains(&spread) && mean.abs() <= FARTHEST)
    }

    /// Elements with their places, of samples taken evenly.
    fn seen(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let n = self.features();
        let rows = (0..self.samples).step_by(self.samples.div_ceil(LOOKED_AT).max(1));
        rows.flat_map(move |row| {
            let mut values = vec![0.0; n];
            self.values.copy_doubles(row * n, &mut values);
            (row * n..).zip(values)
        })
    }
}
