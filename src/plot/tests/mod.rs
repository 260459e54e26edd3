//! Every picture as a file: valid, of the expected size, with the expected colours in the expected
//! places.

mod curves;
mod features;
mod heatmap;
mod image_grid;
mod image_map;
mod manifold;
mod scatter;
mod surface;

use super::figure::{HEIGHT, WIDTH};
use super::palette::{BLUE, Colour, GRID, INK, ORANGE, RED, WHITE, category, ordered};
use super::*;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// A decoded PNG file.
struct Decoded {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Decoded {
    fn at(&self, x: usize, y: usize) -> Colour {
        let start = (y * self.width + x) * 3;
        [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
    }

    fn count(&self, colour: Colour) -> usize {
        self.rgb
            .as_chunks::<3>()
            .0
            .iter()
            .filter(|&&pixel| pixel == colour)
            .count()
    }

    /// Whether a border of some pixels is empty: nothing is clipped.
    fn has_white_border(&self) -> bool {
        let border =
            |x: usize, y: usize| x.min(y).min(self.width - 1 - x).min(self.height - 1 - y) < 8;
        let mut pixels = (0..self.width * self.height).map(|i| (i % self.width, i / self.width));
        pixels.all(|(x, y)| !border(x, y) || self.at(x, y) == WHITE)
    }
}

fn drawn(draw: impl FnOnce(&Path) -> Result<()>) -> Decoded {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("picture.png");
    draw(&path).unwrap();
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&path).unwrap()))
            .read_info()
            .unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    assert_eq!(
        (info.color_type, info.bit_depth),
        (png::ColorType::Rgb, png::BitDepth::Eight)
    );
    Decoded {
        width: info.width as usize,
        height: info.height as usize,
        rgb,
    }
}

/// The sentence of an error, after checking that no file was left.
fn refused(draw: impl FnOnce(&Path) -> Result<()>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let error = draw(&folder.path().join("picture.png")).unwrap_err();
    assert!(matches!(error, Error::Input(_)) && folder.path().read_dir().unwrap().next().is_none());
    error.to_string()
}
