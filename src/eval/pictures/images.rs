//! Decoded and reconstructed images.

use super::{PlotInputs, bulk, distances_to_codes, evenly};
use crate::engine::Stack;
use crate::error::Result;
use crate::executor::Executor;
use crate::plot::{self, Captions, ImageMap};
use std::path::Path;

/// Images along the longer side of the grid of decoded images.
const GRID: usize = 15;
/// Columns of reconstructions, traversals and interpolations.
const COLUMNS: usize = 12;

impl PlotInputs<'_> {
    /// Images [count, channels, height, width] as a picture, in the range of the training data.
    fn images(
        &self,
        path: &Path,
        rows: &[f32],
        columns: usize,
        captions: &Captions<'_>,
    ) -> Result<()> {
        let range = self.range();
        let (drawn, shape) = plot::drawn_channels(rows, self.image_shape(), range.0);
        let mut note = captions.note.to_owned();
        if let Some(shown) = plot::shown_channels(self.image_shape()[0]) {
            note = format!("{note} {shown}").trim_start().to_owned();
        }
        let captions = Captions {
            note: &note,
            ..*captions
        };
        plot::image_grid(path, &drawn, shape, columns, range, &captions)
    }

    /// [channels, height, width] of a sample that is an image.
    fn image_shape(&self) -> [usize; 3] {
        let shape = self.model.network.shape.as_slice();
        shape.try_into().expect("samples that are images")
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

    /// The best, the median and the worst reconstructions below their samples, with their errors.
    pub(super) fn reconstructed_images(&self, path: &Path, executor: &dyn Executor) -> Result<()> {
        let each = COLUMNS / 3;
        let chosen = self.chosen(each, executor)?;
        let columns = chosen.errors.len();
        let mut below = vec![String::new(); columns];
        below.extend(chosen.errors.iter().map(|error| format!("{error:.4}")));
        let (which, among) = (self.shown().0, chosen.among);
        let note = if columns < COLUMNS {
            "With their mean squared error per element.".to_owned()
        } else {
            format!(
                "With their mean squared error per element: the {each} best of {among}, {each} about the median, the {each} worst."
            )
        };
        let captions = Captions {
            title: &format!("{}: reconstructions of {which}", self.name),
            note: &note,
            rows: &["data", "reconstruction"],
            below: &below,
        };
        let rows = [chosen.data, chosen.reconstruction].concat();
        self.images(path, &rows, columns, &captions)
    }

    pub(super) fn traversal(
        &self,
        path: &Path,
        codes: &[f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let latents = evenly(bulk(codes.iter().copied()), 2 * COLUMNS);
        let decoded = self.model.apply(Stack::Decoder, &latents, executor)?;
        let captions = Captions {
            title: &format!("{}: decoded along the latent dimension", self.name),
            note: "Below each image its latent.",
            below: &latents
                .iter()
                .map(|z| format!("{z:.3}"))
                .collect::<Vec<_>>(),
            ..Captions::default()
        };
        self.images(path, &decoded, COLUMNS, &captions)
    }

    /// Decoded images in their places of the latent space, fainter where no latents are.
    pub(super) fn grid(&self, path: &Path, codes: &[f32], executor: &dyn Executor) -> Result<()> {
        let (places, step) = square_cells(codes);
        let latents: Vec<f32> = places.iter().flatten().copied().collect();
        let decoded = self.model.apply(Stack::Decoder, &latents, executor)?;
        let range = self.range();
        let (images, shape) = plot::drawn_channels(&decoded, self.image_shape(), range.0);
        let weights: Vec<f32> = distances_to_codes(&places, codes)
            .map(|distance| (1.6 - distance / step).clamp(0.0, 1.0))
            .collect();
        let map = ImageMap {
            images: &images,
            shape,
            range,
            places: &places,
            weights: &weights,
            side: step.into(),
        };
        let what = match plot::shown_channels(self.image_shape()[0]) {
            Some(shown) => format!("decoded latent space. {shown}"),
            None => {
                "decoded latent space, blank where no latents of the training data are near".into()
            }
        };
        let title = format!("{}: {what}", self.name);
        plot::image_map(path, &title, ["z\u{2081}", "z\u{2082}"], &map)
    }

    pub(super) fn interpolation(&self, path: &Path, executor: &dyn Executor) -> Result<()> {
        let m = self.model.network.latent();
        let (which, data) = self.shown();
        let shown = self.model.scaling.apply(&data.take(COLUMNS).values);
        let codes = self.model.apply(Stack::Encoder, &shown, executor)?;
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
        let captions = Captions {
            title: &format!("{}: decoded between pairs of {which}", self.name),
            note: "Each row runs in a straight line from the latent of one sample to that of another.",
            ..Captions::default()
        };
        self.images(path, &decoded, COLUMNS, &captions)
    }
}

/// The middles of square cells that cover the bulk of `codes` [samples, 2], and their side.
fn square_cells(codes: &[f32]) -> (Vec<[f32; 2]>, f32) {
    let ends = [0, 1].map(|axis| bulk(codes.iter().skip(axis).step_by(2).copied()));
    let range = ends
        .iter()
        .map(|(low, high)| high - low)
        .fold(0.0, f32::max);
    let step = if range > 0.0 {
        range / GRID as f32
    } else {
        1.0
    };
    let [across, up] = ends.map(|(low, high)| {
        let count = ((high - low) / step).ceil().clamp(1.0, GRID as f32) as usize;
        let first = low + (high - low) / 2.0 - step * (count.max(1) - 1) as f32 / 2.0;
        (0..count.max(1))
            .map(|i| first + step * i as f32)
            .collect::<Vec<_>>()
    });
    let places = up
        .iter()
        .flat_map(|&v| across.iter().map(move |&u| [u, v]))
        .collect();
    (places, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_square_and_cover_the_codes() {
        let codes: Vec<f32> = (0..200)
            .flat_map(|i| [10.0 * (i as f32).sin(), 5.0 + (i as f32 * 1.3).cos()])
            .collect();
        let (places, step) = square_cells(&codes);
        assert_eq!(places.len(), GRID * 2);
        let ends = |axis: usize| {
            let values = places.iter().map(|place| place[axis]);
            let (low, high) = values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| {
                (low.min(v), high.max(v))
            });
            (low - step / 2.0, high + step / 2.0)
        };
        let ((left, right), (bottom, top)) = (ends(0), ends(1));
        assert!((left + 10.0).abs() < 0.1 && (right - 10.0).abs() < 0.1);
        assert!(
            bottom < 4.1 && top > 5.9 && top - bottom < 3.0,
            "{bottom} {top}"
        );
        // Collapsed latents have a cell all the same.
        assert_eq!(square_cells(&[2.0, 3.0, 2.0, 3.0]), (vec![[2.0, 3.0]], 1.0));
    }
}
