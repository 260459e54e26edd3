//! The pictures of a trained model, chosen by its latent space and its data.

use super::jets;
use crate::data::{Dataset, create_folder};
use crate::engine::Stack;
use crate::error::Result;
use crate::executor::Executor;
use crate::graph::Graph;
use crate::model::Model;
use crate::plot::{self, Neighbourhood};
use std::path::{Path, PathBuf};

/// Most samples in a scatter plot: more only cover each other.
const MOST_POINTS: usize = 20_000;
/// Rows and columns of the grid of decoded images.
const GRID: usize = 15;
/// Columns of reconstructions, traversals and interpolations.
const COLUMNS: usize = 12;
/// Points of a decoded curve.
const CURVE: usize = 1000;
/// Centres whose neighbourhoods are drawn.
const CENTRES: usize = 5;
/// The fraction of codes at either end that grids and traversals leave out: outliers would spread
/// them over empty space.
const TAIL: f64 = 0.02;

/// A model and the data to show it with.
#[derive(Clone, Copy, Debug)]
pub struct PlotInputs<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its training data.
    pub train: &'a Dataset,
    /// Data that it was not trained on, if any: reconstructions show these.
    pub test: Option<&'a Dataset>,
    /// The neighbourhood graph of `train` and the order of the decoder's expansion, if the method
    /// has them.
    pub neighbourhoods: Option<(&'a Graph, usize)>,
}

impl PlotInputs<'_> {
    /// Draws every picture that fits the model into `folder` and returns the files.
    ///
    /// | file | drawn for |
    /// |---|---|
    /// | `latent.png` | two latent dimensions: the training data's codes, coloured by label |
    /// | `grid.png` | two latent dimensions and images: decoded images of a regular grid |
    /// | `traversal.png` | one latent dimension and images: decoded images along it |
    /// | `interpolation.png` | more latent dimensions, images: decoded images between two samples |
    /// | `reconstruction.png` | images: samples above their reconstructions |
    /// | `manifold.png` | one latent dimension, plane data: decoded curve, local reconstructions |
    /// | `order.png` | one latent dimension and a known coordinate: one against the other |
    ///
    /// # Errors
    /// When the device fails or a file cannot be written.
    pub fn draw(&self, folder: &Path, executor: &dyn Executor) -> Result<Vec<PathBuf>> {
        create_folder(folder)?;
        let train = self.train.take(MOST_POINTS);
        let codes = self.model.encode(&train.values, executor)?;
        let latent = self.model.network.latent();
        let images = drawable_channels(&self.model.network.shape);
        let mut files = Vec::new();
        let mut draw = |name: &str, picture: &dyn Fn(&Path) -> Result<()>| -> Result<()> {
            let path = folder.join(name);
            picture(&path)?;
            files.push(path);
            Ok(())
        };
        if latent == 2 {
            let points: Vec<[f32; 2]> = codes.chunks_exact(2).map(|z| [z[0], z[1]]).collect();
            draw("latent.png", &|path| {
                plot::scatter(path, "Latent space", &points, train.colours().as_deref())
            })?;
        }
        if let Some(channels) = images {
            draw("reconstruction.png", &|path| {
                self.reconstruction(path, channels, executor)
            })?;
            match latent {
                1 => draw("traversal.png", &|path| {
                    self.traversal(path, channels, &codes, executor)
                })?,
                2 => draw("grid.png", &|path| {
                    self.grid(path, channels, &codes, executor)
                })?,
                _ => draw("interpolation.png", &|path| {
                    self.interpolation(path, channels, executor)
                })?,
            }
        }
        if latent == 1 && self.model.network.shape == [2] {
            draw("manifold.png", &|path| {
                self.manifold(path, &codes, executor)
            })?;
        }
        if let (1, Some(parameter)) = (latent, &train.parameter) {
            draw("order.png", &|path| {
                plot::latent_line(path, "Latent and known coordinate", &codes, parameter)
            })?;
        }
        Ok(files)
    }

    /// Images [count, channels, height, width] as a picture, in the range of the training data.
    fn images(
        &self,
        path: &Path,
        channels: usize,
        rows: &[f32],
        columns: usize,
        captions: Option<&[&str]>,
    ) -> Result<()> {
        let shape = &self.model.network.shape;
        let (all, pixels) = (shape[0], shape[1] * shape[2]);
        let kept: Vec<f32> = rows
            .chunks_exact(all * pixels)
            .flat_map(|image| image[..channels * pixels].iter().copied())
            .collect();
        plot::image_grid(
            path,
            &kept,
            [channels, shape[1], shape[2]],
            columns,
            self.range(),
            captions,
        )
    }

    /// What is black and what is white.
    fn range(&self) -> (f32, f32) {
        let few = self.model.scaling.apply(&self.train.take(256).values);
        let low = few.iter().copied().fold(f32::INFINITY, f32::min);
        let high = few.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if low < high {
            (low, high)
        } else {
            (low - 0.5, low + 0.5)
        }
    }

    fn reconstruction(&self, path: &Path, channels: usize, executor: &dyn Executor) -> Result<()> {
        let shown = self.shown(COLUMNS);
        let mut rows = shown.clone();
        rows.extend(self.model.apply(Stack::Whole, &shown, executor)?);
        let columns = shown.len() / self.model.network.features();
        self.images(
            path,
            channels,
            &rows,
            columns,
            Some(&["data", "reconstruction"]),
        )
    }

    /// The first `count` samples of the test data or else of the training data, scaled.
    fn shown(&self, count: usize) -> Vec<f32> {
        self.model
            .scaling
            .apply(&self.test.unwrap_or(self.train).take(count).values)
    }

    fn traversal(
        &self,
        path: &Path,
        channels: usize,
        codes: &[f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let count = 2 * COLUMNS;
        let latents = evenly(bulk(codes.iter().copied()), count);
        let decoded = self.model.apply(Stack::Decoder, &latents, executor)?;
        self.images(path, channels, &decoded, COLUMNS, None)
    }

    fn grid(
        &self,
        path: &Path,
        channels: usize,
        codes: &[f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let axis = |axis: usize| evenly(bulk(codes.iter().skip(axis).step_by(2).copied()), GRID);
        let (across, up) = (axis(0), axis(1));
        // Rows from the top, so that the second latent grows upwards as it does in the scatter
        // plot.
        let latents: Vec<f32> = up
            .iter()
            .rev()
            .flat_map(|&v| across.iter().flat_map(move |&u| [u, v]))
            .collect();
        let decoded = self.model.apply(Stack::Decoder, &latents, executor)?;
        self.images(path, channels, &decoded, GRID, None)
    }

    fn interpolation(&self, path: &Path, channels: usize, executor: &dyn Executor) -> Result<()> {
        let m = self.model.network.latent();
        let codes = self
            .model
            .apply(Stack::Encoder, &self.shown(COLUMNS), executor)?;
        let ends: Vec<&[f32]> = codes.chunks_exact(m).collect();
        let mut latents = Vec::new();
        for pair in ends.chunks_exact(2) {
            for t in evenly((0.0, 1.0), COLUMNS) {
                latents.extend(pair[0].iter().zip(pair[1]).map(|(a, b)| a + t * (b - a)));
            }
        }
        if latents.is_empty() {
            latents = codes.clone();
        }
        let decoded = self.model.apply(Stack::Decoder, &latents, executor)?;
        self.images(path, channels, &decoded, COLUMNS, None)
    }

    fn manifold(&self, path: &Path, codes: &[f32], executor: &dyn Executor) -> Result<()> {
        let scaling = &self.model.scaling;
        let plane = |values: &[f32]| -> Vec<[f32; 2]> {
            values.chunks_exact(2).map(|x| [x[0], x[1]]).collect()
        };
        let data = plane(&self.train.values.to_floats());
        let low = codes.iter().copied().fold(f32::INFINITY, f32::min);
        let high = codes.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let curve = plane(&self.model.decode(&evenly((low, high), CURVE), executor)?);
        let mut neighbourhoods = Vec::new();
        if let Some((graph, order)) = self.neighbourhoods {
            // Centres at even steps along the latent, so that they spread over the curve.
            let mut sorted: Vec<usize> = (0..codes.len()).collect();
            sorted.sort_by(|&a, &b| codes[a].total_cmp(&codes[b]));
            for i in 0..CENTRES.min(sorted.len()) {
                let centre = sorted[(2 * i + 1) * sorted.len() / (2 * CENTRES.min(sorted.len()))];
                let neighbours = graph.of(centre);
                let latents = vec![codes[centre]; neighbours.len()];
                let directions: Vec<f32> = neighbours
                    .iter()
                    .map(|&n| codes[n as usize] - codes[centre])
                    .collect();
                let jets = jets(self.model, &latents, &directions, executor)?;
                let second = if order == 2 { 0.5 } else { 0.0 };
                let expansion = jets
                    .value
                    .iter()
                    .zip(&jets.jvp)
                    .zip(&jets.hvp)
                    .map(|((y0, y1), y2)| y0 + y1 + second * y2);
                neighbourhoods.push(Neighbourhood {
                    centre: data[centre],
                    reconstructed: plane(&scaling.invert(&expansion.collect::<Vec<_>>())),
                    targets: neighbours.iter().map(|&n| data[n as usize]).collect(),
                });
            }
        }
        plot::manifold_2d(path, "Decoded manifold", &data, &curve, &neighbourhoods)
    }
}

/// Channels to draw of samples that are images: transparency is left out. `None` for vectors.
fn drawable_channels(shape: &[usize]) -> Option<usize> {
    match *shape {
        [1, _, _] => Some(1),
        [3 | 4, _, _] => Some(3),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::{Scaling, ScalingKind, Values};
    use crate::net::{Activation, Network};

    fn drawn(shape: &[usize], latent: usize) -> Vec<String> {
        let network =
            Network::mlp(shape, &[4], latent, Activation::Tanh, Activation::Linear).unwrap();
        let values = (0..20 * network.features())
            .map(|i| (i as f32 * 0.7).sin())
            .collect();
        let parameter = (shape == [2]).then(|| (0..20_u8).map(f32::from).collect());
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
            model: &model,
            train: &train,
            test: None,
            neighbourhoods: None,
        };
        let files = subject.draw(folder.path(), &Cpu).unwrap();
        assert!(files.iter().all(|file| file.metadata().unwrap().len() > 0));
        files
            .iter()
            .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn each_kind_of_model_has_its_pictures() {
        assert_eq!(drawn(&[2], 1), ["manifold.png", "order.png"]);
        assert_eq!(drawn(&[5], 2), ["latent.png"]);
        assert_eq!(
            drawn(&[1, 3, 2], 1),
            ["reconstruction.png", "traversal.png"]
        );
        assert_eq!(
            drawn(&[4, 3, 2], 2),
            ["latent.png", "reconstruction.png", "grid.png"]
        );
        assert_eq!(
            drawn(&[3, 3, 2], 5),
            ["reconstruction.png", "interpolation.png"]
        );
        assert!(drawn(&[5], 3).is_empty());
    }
}
