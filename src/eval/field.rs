//! The scalar curvature over a two-dimensional latent space.

use super::pictures::{bulk, evenly};
use super::{Curvature, Metric, decoder_derivatives};
use crate::data::write_npy;
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::model::Model;
use crate::plot::{self, Field};
use std::path::Path;

/// Grid points along each dimension.
const SIDE: usize = 128;
/// Most latents in the picture: more would hide the field.
const MOST_CODES: usize = 1000;

/// The scalar curvature of a decoded surface on a regular grid that covers the latents,
/// except for the outermost 2 % at either end of each dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvatureField {
    /// z_1 of the grid's columns, ascending.
    pub across: Vec<f32>,
    /// z_2 of the grid's rows, ascending.
    pub up: Vec<f32>,
    /// S, [rows, columns]; NaN where the decoder is singular.
    pub scalar: Vec<f32>,
    /// The latents that the picture shows, [count, 2].
    codes: Vec<f32>,
}

impl CurvatureField {
    /// The field of `model` around `codes` [samples, 2].
    ///
    /// # Errors
    /// When the model does not have two latent dimensions, the latents do not vary in both of them
    /// ([`Self::spread`]), or the device fails.
    pub fn of(model: &Model, codes: &[f32], executor: &dyn Executor) -> Result<Self> {
        Self::check(model)?;
        let bulks = [0, 1].map(|axis| bulk_of(codes, axis));
        for (c, (low, high)) in bulks.into_iter().enumerate() {
            if !is_range(low, high) {
                return Err(Error::input(format!(
                    "the latents range from {low} to {high} in latent dimension {}: a curvature field needs latents that spread over both",
                    c + 1
                )));
            }
        }
        let [across, up] = bulks.map(|bulk| evenly(bulk, SIDE));
        let latents: Vec<f32> = up
            .iter()
            .flat_map(|&v| across.iter().flat_map(move |&u| [u, v]))
            .collect();
        let scalar = decoder_derivatives(model, &latents, 2, executor, |derivatives| {
            let metric = Metric::new(&derivatives.first, 2)?;
            Some(Curvature::new(derivatives, &metric)?.scalar as f32)
        })?;
        let scalar = scalar
            .into_iter()
            .map(|scalar| scalar.unwrap_or(f32::NAN))
            .collect();
        let stride = (codes.len() / 2).div_ceil(MOST_CODES);
        let codes = codes
            .chunks_exact(2)
            .step_by(stride)
            .flatten()
            .copied()
            .collect();
        Ok(Self {
            across,
            up,
            scalar,
            codes,
        })
    }

    /// Whether `codes` [samples, 2] vary in both dimensions: a field is drawn over their range.
    pub fn spread(codes: &[f32]) -> bool {
        let in_range = |axis| {
            let (low, high) = bulk_of(codes, axis);
            is_range(low, high)
        };
        in_range(0) && in_range(1)
    }

    /// Checks that `model` has such a field.
    ///
    /// # Errors
    /// When it does not have two latent dimensions.
    pub fn check(model: &Model) -> Result<()> {
        match model.network.latent() {
            2 => Ok(()),
            m => Err(Error::input(format!(
                "the model's latent space has the dimension {m}, but a curvature field is drawn over 2: `nrae eval` without it measures \
                 curvature at the codes"
            ))),
        }
    }

    /// Writes a picture in the axes of the latent space. `name` is what the title begins with:
    /// method and data, e.g. `NRAE-Q on digits`.
    ///
    /// # Errors
    /// When the decoder is singular everywhere or the file cannot be written.
    pub fn draw(&self, path: &Path, name: &str) -> Result<()> {
        let ends = |axis: &[f32]| (axis[0].into(), axis[axis.len() - 1].into());
        let field = Field {
            values: &self.scalar,
            columns: self.across.len(),
            x: ends(&self.across),
            y: ends(&self.up),
            equal: true,
        };
        let labels = ["z\u{2081}", "z\u{2082}", "scalar curvature (middle 96 %)"];
        let title = format!("{name}: scalar curvature of the decoded manifold");
        let codes = ("latents of the data", self.codes.as_chunks().0);
        plot::heatmap(path, &title, labels, &field, codes)
    }

    /// Writes f32 [rows, columns, 3] as `.npy`: z_1, z_2 (as the decoder takes them) and S of each
    /// point of the grid.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_npy(&self, path: &Path) -> Result<()> {
        let columns = self.across.len();
        let point = |(at, &scalar): (usize, &f32)| {
            [self.across[at % columns], self.up[at / columns], scalar]
        };
        let values: Vec<f32> = self.scalar.iter().enumerate().flat_map(point).collect();
        write_npy(path, &[self.up.len(), columns, 3], &values)
    }
}

/// The range of the middle 96 % of `codes` [samples, 2] along `axis`.
fn bulk_of(codes: &[f32], axis: usize) -> (f32, f32) {
    bulk(codes.iter().skip(axis).step_by(2).copied())
}

/// Whether there is anything between `low` and `high`; not where they are not finite.
fn is_range(low: f32, high: f32) -> bool {
    low < high && (high - low).is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::Scaling;
    use crate::net::{Activation, Network};

    fn model(latent: usize) -> Model {
        let network =
            Network::mlp(&[4], &[16], latent, Activation::Tanh, Activation::Linear).unwrap();
        Model::new(network, Scaling::identity(), 1)
    }

    #[test]
    fn the_grid_covers_the_codes_and_each_point_has_its_own_curvature() {
        let model = model(2);
        let codes: Vec<f32> = (0..400)
            .flat_map(|i| [5.0 + (i as f32 * 0.7).sin(), 0.1 * (i as f32 * 1.3).cos()])
            .collect();
        let field = CurvatureField::of(&model, &codes, &Cpu).unwrap();
        assert_eq!(
            (field.across.len(), field.up.len(), field.scalar.len()),
            (SIDE, SIDE, SIDE * SIDE)
        );
        assert!(field.across.is_sorted() && field.up.is_sorted());
        assert!((field.across[0] - 4.0).abs() < 0.05 && (field.up[SIDE - 1] - 0.1).abs() < 0.005);
        for (row, column) in [(0, 0), (3, 100), (127, 50)] {
            let point = [field.across[column], field.up[row]];
            let found = decoder_derivatives(&model, &point, 2, &Cpu, |derivatives| {
                Curvature::new(derivatives, &Metric::new(&derivatives.first, 2).unwrap())
                    .unwrap()
                    .scalar
            });
            approx::assert_relative_eq!(
                f64::from(field.scalar[row * SIDE + column]),
                found.unwrap()[0],
                max_relative = 1e-3
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let (png, npy) = (
            folder.path().join("field.png"),
            folder.path().join("field.npy"),
        );
        field.draw(&png, "AE on nothing").unwrap();
        field.write_npy(&npy).unwrap();
        let array = crate::data::read_array(&npy).unwrap();
        assert_eq!(array.shape, [SIDE, SIDE, 3]);
        let at = 3 * (3 * SIDE + 100);
        assert_eq!(
            [0, 1, 2].map(|i| array.values.get(at + i)),
            [field.across[100], field.up[3], field.scalar[3 * SIDE + 100]]
        );
        assert!(std::fs::metadata(png).unwrap().len() > 1000);
    }

    #[test]
    fn what_has_no_field_is_a_sentence() {
        let refused = |latent, codes: &[f32]| {
            CurvatureField::of(&model(latent), codes, &Cpu)
                .unwrap_err()
                .to_string()
        };
        assert!(refused(3, &[0.0; 6]).contains("has the dimension 3"));
        assert!(refused(2, &[0.0, 1.0, 0.0, 2.0]).contains("from 0 to 0 in latent dimension 1"));
        assert!(refused(2, &[0.0, 1.0, f32::NAN, 2.0]).contains("latent dimension 1"));
    }
}
