//! The data themselves, as far as a page has room: images in one picture, others as numbers.

use super::blob::{base64, base64_bytes};
use crate::data::{Dataset, ScalingKind};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::plot::{drawn_channels, shown_channels};
use serde::Serialize;

/// Bytes of images before compression, at most.
const MOST_BYTES: usize = 3 << 20;
/// Values of samples that are no images, at most.
const MOST_VALUES: usize = 1 << 18;
/// Sides of the picture, at most: what every browser draws.
const SIDE: usize = 4096;

/// A part of the samples.
#[derive(Serialize)]
pub(super) struct Samples {
    /// How many are here.
    pub(super) count: usize,
    /// Every so many points have theirs.
    every: usize,
    /// Scaled values that are black and white.
    range: [f32; 2],
    /// Of images: a PNG of all of them in rows, base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
    /// Images in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<usize>,
    /// What is drawn of more channels than three.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Of others: scaled values [count, n], base64 of f32.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<String>,
}

impl Samples {
    /// Those of `data` that have room, evenly among all.
    ///
    /// # Errors
    /// When they cannot be encoded.
    pub(super) fn of(model: &Model, data: &Dataset) -> Result<Self> {
        let n = data.features();
        let few = model.scaling.apply(&data.take(256).values);
        let range = range(model.scaling.kind, &few);
        // Signals [channels, 1, length] are no images.
        let image = match model.network.shape[..] {
            [c, h, w] if h > 1 => Some([c, h, w]),
            _ => None,
        };
        let room = match image {
            Some([c, h, w]) => {
                let (columns, rows) = (SIDE / w, SIDE / h);
                (MOST_BYTES / (c.min(3) * h * w)).min(columns * rows)
            }
            None => MOST_VALUES / n,
        };
        let every = data.samples.div_ceil(room.max(1));
        let rows: Vec<usize> = if room == 0 {
            Vec::new()
        } else {
            (0..data.samples).step_by(every).collect()
        };
        let scaled = model.scaling.apply(&data.subset(&rows).values);
        let mut samples = Self {
            count: rows.len(),
            every,
            range: [range.0, range.1],
            picture: None,
            columns: None,
            note: None,
            values: None,
        };
        match image {
            Some([c, h, w]) if !rows.is_empty() => {
                let columns = (rows.len() as f64 * h as f64 / w as f64).sqrt().ceil() as usize;
                let columns = columns.clamp(1, SIDE / w);
                let (drawn, shape) = drawn_channels(&scaled, [c, h, w], range.0);
                samples.picture = Some(picture(&drawn, shape, columns, range)?);
                (samples.columns, samples.note) = (Some(columns), shown_channels(c));
            }
            _ => samples.values = Some(base64(&scaled)),
        }
        Ok(samples)
    }
}

/// Scaled values that are black and white.
fn range(kind: ScalingKind, values: &[f32]) -> (f32, f32) {
    if kind.is_unit() {
        return (0.0, 1.0);
    }
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if low < high {
        (low, high)
    } else {
        (low - 0.5, low + 0.5)
    }
}

/// A PNG, in base64, of `images` [count, channels, h, w] with 1 or 3 channels side by side.
fn picture(
    images: &[f32],
    [channels, h, w]: [usize; 3],
    columns: usize,
    (black, white): (f32, f32),
) -> Result<String> {
    let count = images.len() / (channels * h * w);
    let (width, height) = (columns * w, count.div_ceil(columns) * h);
    let mut bytes = vec![0; width * height * channels];
    for (index, image) in images.chunks_exact(channels * h * w).enumerate() {
        let (left, top) = (index % columns * w, index / columns * h);
        for (at, value) in image.iter().enumerate() {
            let (channel, y, x) = (at / (h * w), at / w % h, at % w);
            let level = ((value - black) / (white - black) * 255.0).round() as u8;
            bytes[((top + y) * width + left + x) * channels + channel] = level;
        }
    }
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width as u32, height as u32);
    encoder.set_color(if channels == 1 {
        png::ColorType::Grayscale
    } else {
        png::ColorType::Rgb
    });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&bytes)?;
        writer.finish()
    });
    written.map_err(|error| Error::input(format!("the samples make no picture: {error}")))?;
    Ok(base64_bytes(&png))
}
