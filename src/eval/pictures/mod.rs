//! The pictures of a trained model, chosen by its latent space and its data.

mod chosen;
mod images;
mod latents;
mod manifold;
mod signals;
mod vectors;

use crate::data::{Dataset, create_folder};
use crate::error::Result;
use crate::executor::Executor;
use crate::graph::Graph;
use crate::model::Model;
use crate::plot::{self, Colouring};
use std::path::{Path, PathBuf};

pub use manifold::decoded_curve;

/// Most samples in a scatter plot: more only cover each other.
const MOST_POINTS: usize = 20_000;
/// The fraction of latents at either end that grids and traversals leave out: outliers would spread
/// them over empty space.
const TAIL: f64 = 0.02;

/// A model and the data to show it with.
#[derive(Clone, Copy, Debug)]
pub struct PlotInputs<'a> {
    /// Method and data, for titles: `NRAE-Q on digits`.
    pub name: &'a str,
    /// The model.
    pub model: &'a Model,
    /// Its training data.
    pub train: &'a Dataset,
    /// Names of the classes 0, 1, ... of `train`; none where they have only numbers.
    pub classes: &'a [String],
    /// Names of the features of `train`; none where they have none.
    pub columns: &'a [String],
    /// Data that it was not trained on, if any, and what they are: reconstructions show these.
    pub held_out: Option<(&'a str, &'a Dataset)>,
    /// The neighbourhood graph of `train` and the order of the decoder's expansion, if the method
    /// has them.
    pub neighbourhoods: Option<(&'a Graph, usize)>,
}

impl PlotInputs<'_> {
    /// Draws every picture that fits the model into `folder` and returns the files.
    ///
    /// | file | drawn for |
    /// |---|---|
    /// | `latent.png` | every model: the training data's latents, coloured by label; with 3 or 4 dimensions each pair of them, with more their first two principal components, with one against the data's first principal component (unless there is an `order.png`) |
    /// | `reconstruction.png` | images, signals and vectors of at least 4 features: the best, median and worst reconstructions |
    /// | `grid.png` | two latent dimensions and images: decoded images in their places |
    /// | `traversal.png` | one latent dimension and images: decoded images along it |
    /// | `interpolation.png` | more latent dimensions, images: decoded images between two samples |
    /// | `manifold.png` | one latent dimension and data in the plane, or at most two and data in space: the decoded curve or surface |
    /// | `order.png` | one latent dimension and a known coordinate: one against the other |
    ///
    /// # Errors
    /// When the device fails or a file cannot be written.
    pub fn draw(&self, folder: &Path, executor: &dyn Executor) -> Result<Vec<PathBuf>> {
        self.draw_as("png", folder, executor)
    }

    /// The same as files that end in `extension`: `png` or `svg`.
    ///
    /// # Errors
    /// Those of [`PlotInputs::draw`].
    pub fn draw_as(
        &self,
        extension: &str,
        folder: &Path,
        executor: &dyn Executor,
    ) -> Result<Vec<PathBuf>> {
        create_folder(folder)?;
        let train = self.train.take(MOST_POINTS);
        let codes = self.model.encode(&train.values, executor)?;
        let latent = self.model.network.latent();
        let shape = self.model.network.shape.as_slice();
        let mut files = Vec::new();
        let mut draw = |name: &str, picture: &dyn Fn(&Path) -> Result<()>| -> Result<()> {
            let path = folder.join(name).with_extension(extension);
            picture(&path)?;
            files.push(path);
            Ok(())
        };
        match (latent, &train.parameter) {
            (1, Some(parameter)) => draw("order.png", &|path| self.order(path, &codes, parameter))?,
            _ => draw("latent.png", &|path| self.latents(path, &codes, &train))?,
        }
        if let [_, 1, _] = shape {
            draw("reconstruction.png", &|path| {
                self.reconstructed_signals(path, executor)
            })?;
        } else if let [_, _, _] = shape {
            draw("reconstruction.png", &|path| {
                self.reconstructed_images(path, executor)
            })?;
            match latent {
                1 => draw("traversal.png", &|path| {
                    self.traversal(path, &codes, executor)
                })?,
                2 => draw("grid.png", &|path| self.grid(path, &codes, executor))?,
                _ => draw("interpolation.png", &|path| {
                    self.interpolation(path, executor)
                })?,
            }
        }
        match (latent, shape) {
            (1, [2]) => draw("manifold.png", &|path| {
                self.manifold(path, &codes, executor)
            })?,
            (1 | 2, [3]) => draw("manifold.png", &|path| self.surface(path, &codes, executor))?,
            (_, &[features]) if features > 3 => draw("reconstruction.png", &|path| {
                self.reconstructed_vectors(path, executor)
            })?,
            _ => {}
        }
        Ok(files)
    }

    /// The held-out data, or else the training data, and what they are.
    fn shown(&self) -> (&str, &Dataset) {
        self.held_out.unwrap_or(("training data", self.train))
    }

    /// One latent dimension against the known coordinate of the data.
    fn order(&self, path: &Path, codes: &[f32], parameter: &[f32]) -> Result<()> {
        let correlation = super::rank_correlation(codes, parameter)
            .map_or_else(String::new, |r| format!(", rank correlation {r:.3}"));
        let title = format!("{}: latents of the training data{correlation}", self.name);
        plot::latent_line(path, &title, codes, parameter)
    }
}

/// What colours samples in pictures: their classes, called `classes`, or else the parameter.
pub(crate) fn colouring(data: &Dataset, classes: &[String]) -> Option<Colouring> {
    let of_labels = data.labels.as_ref().map(|labels| Colouring::Classes {
        labels: labels.clone(),
        names: classes.to_vec(),
    });
    of_labels.or_else(|| Some(Colouring::Values(data.parameter.clone()?)))
}

/// The interval that holds all but [`TAIL`] of the values on either side.
pub(super) fn bulk(values: impl Iterator<Item = f32>) -> (f32, f32) {
    let mut sorted: Vec<f32> = values.collect();
    sorted.sort_by(f32::total_cmp);
    let cut = (TAIL * sorted.len() as f64) as usize;
    (sorted[cut], sorted[sorted.len() - 1 - cut])
}

/// `count` values from `low` to `high`, both included.
pub(super) fn evenly((low, high): (f32, f32), count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| low + (high - low) * i as f32 / (count.max(2) - 1) as f32)
        .collect()
}

/// The distance of each of `places` to the nearest of `codes` [samples, 2].
fn distances_to_codes<'a>(
    places: &'a [[f32; 2]],
    codes: &'a [f32],
) -> impl Iterator<Item = f32> + 'a {
    places.iter().map(|place| {
        codes
            .chunks_exact(2)
            .map(|z| (z[0] - place[0]).hypot(z[1] - place[1]))
            .fold(f32::INFINITY, f32::min)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::{Scaling, ScalingKind, Values};
    use crate::net::{Activation, Network};

    fn drawn(shape: &[usize], latent: usize) -> Vec<String> {
        drawn_with(shape, latent, &[]).0
    }

    /// The names of the pictures, and the height of the reconstructions in pixels.
    fn drawn_with(shape: &[usize], latent: usize, columns: &[String]) -> (Vec<String>, u32) {
        let network =
            Network::mlp(shape, &[4], latent, Activation::Tanh, Activation::Linear).unwrap();
        let values = (0..20 * network.features())
            .map(|i| (i as f32 * 0.7).sin())
            .collect();
        let parameter = (shape == [2] && latent == 1).then(|| (0..20_u8).map(f32::from).collect());
        let train = Dataset {
            samples: 20,
            shape: shape.to_vec(),
            values: Values::Floats(values),
            labels: None,
            parameter,
        };
        let model = Model::new(network, Scaling::fit(ScalingKind::Standardise, &train), 1);
        let folder = tempfile::tempdir().unwrap();
        let subject = PlotInputs {
            name: "AE on nothing",
            model: &model,
            train: &train,
            classes: &[],
            columns,
            held_out: None,
            neighbourhoods: None,
        };
        let files = subject.draw(folder.path(), &Cpu).unwrap();
        assert!(files.iter().all(|file| file.metadata().unwrap().len() > 0));
        let reconstruction = std::fs::read(folder.path().join("reconstruction.png"));
        let name = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
        let height = reconstruction.map_or(0, |bytes| {
            let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
            decoder.read_info().unwrap().info().height
        });
        (files.iter().map(name).collect(), height)
    }

    #[test]
    fn features_with_names_have_a_row_each() {
        let height = |features: usize, named: usize| {
            let names: Vec<String> = (0..named).map(|i| format!("column {i}")).collect();
            drawn_with(&[features], 2, &names).1
        };
        // Of those without names, three panels stand one below another.
        let [six, twelve] = [6, 12].map(|n| height(n, n));
        assert!(six < height(6, 0) && six < twelve, "{six} {twelve}");
        assert_eq!(height(41, 41), height(41, 0), "too many");
    }

    #[test]
    fn each_kind_of_model_has_its_pictures() {
        assert_eq!(drawn(&[2], 1), ["order.png", "manifold.png"]);
        for latent in [1, 2, 3, 4, 5] {
            let expected = ["latent.png", "reconstruction.png"];
            assert_eq!(drawn(&[5], latent), expected, "{latent}");
        }
        assert_eq!(drawn(&[3], 1), ["latent.png", "manifold.png"]);
        assert_eq!(drawn(&[3], 2), ["latent.png", "manifold.png"]);
        assert_eq!(drawn(&[2], 2), ["latent.png"]);
        assert_eq!(
            drawn(&[1, 3, 2], 1),
            ["latent.png", "reconstruction.png", "traversal.png"]
        );
        assert_eq!(
            drawn(&[4, 3, 2], 2),
            ["latent.png", "reconstruction.png", "grid.png"]
        );
        assert_eq!(drawn(&[3, 1, 20], 2), ["latent.png", "reconstruction.png"]);
        assert_eq!(
            drawn(&[2, 3, 2], 2),
            ["latent.png", "reconstruction.png", "grid.png"]
        );
        assert_eq!(
            drawn(&[3, 3, 2], 5),
            ["latent.png", "reconstruction.png", "interpolation.png"]
        );
    }
}
