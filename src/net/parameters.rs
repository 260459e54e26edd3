//! Where each parameter lies in the arena, and its initial value.

use super::{Initial, Network};
use crate::random::{Generator, Stream};
use rand::RngExt;
use std::ops::Range;

/// Parameters begin at multiples of 64 floats: 256 bytes, the largest alignment that wgpu may ask
/// of a binding.
pub const ALIGNMENT: usize = 64;

/// Parameters that a pass binds at once: 128 MiB, which every WebGPU device can. A linear layer with
/// a larger matrix is recorded in blocks of outputs, on each device alike, so that the results do
/// not depend on how much a device binds. Of rows so long that 64 are more than that, 64 are bound;
/// filters of a convolution are bound as a whole.
pub const LARGEST_BINDING: usize = 1 << 25;

/// One tensor of parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// PyTorch's name, e.g. `decoder.2.weight`.
    pub name: String,
    /// PyTorch's shape, e.g. [outputs, inputs] for a linear weight.
    pub shape: Vec<usize>,
    /// Position in the arena, in floats.
    pub offset: usize,
    /// How it starts.
    pub initial: Initial,
}

impl Parameter {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The layer that it belongs to, e.g. `decoder.2`.
    fn layer(&self) -> &str {
        self.name.rsplit_once('.').map_or("", |(layer, _)| layer)
    }

    /// Values between its beginning and that of the next one.
    pub fn padded_len(&self) -> usize {
        self.len().next_multiple_of(ALIGNMENT)
    }

    /// The rows of a matrix in blocks of at most `largest` values, or of [`ALIGNMENT`] rows where those
    /// are more, that begin at multiples of so many rows, so that a bias can be bound in the same
    /// blocks; the last may be shorter. One block where the matrix is no larger, and for all that is no
    /// matrix.
    pub(crate) fn blocks(&self, largest: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let (rows, len) = (self.shape[0], self.len());
        let block = match self.shape[..] {
            [_, columns] if len > largest => {
                (largest / columns / ALIGNMENT * ALIGNMENT).max(ALIGNMENT)
            }
            _ => rows,
        };
        (0..rows)
            .step_by(block)
            .map(move |start| start..rows.min(start + block))
    }

    /// Where some of its rows lie in the arena.
    pub(crate) fn places(&self, rows: &Range<usize>) -> Range<usize> {
        let columns = self.len() / self.shape[0];
        self.offset + rows.start * columns..self.offset + rows.end * columns
    }

    /// Whether there are no values (never so in a checked network).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// All parameters of a network, in one arena. The gaps between them are zero and stay so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Encoder first, in the order of the layers; weight before bias.
    pub entries: Vec<Parameter>,
    /// Length of the arena, in floats.
    pub len: usize,
}

impl Parameters {
    /// The layout of `network`.
    pub fn of(network: &Network) -> Self {
        let mut layout = Self {
            entries: Vec::new(),
            len: 0,
        };
        for (stack, layers) in network.stacks() {
            for (index, layer) in layers.iter().enumerate() {
                for parameter in layer.parameters() {
                    let name = format!("{stack}.{index}.{}", parameter.name);
                    let entry = Parameter {
                        name,
                        shape: parameter.shape,
                        offset: layout.len,
                        initial: parameter.initial,
                    };
                    layout.len += entry.padded_len();
                    layout.entries.push(entry);
                }
            }
        }
        layout
    }

    /// Number of trainable values, without the gaps.
    pub fn count(&self) -> usize {
        self.entries.iter().map(Parameter::len).sum()
    }

    /// The parameters of each layer.
    pub fn layers(&self) -> impl Iterator<Item = &[Parameter]> {
        self.entries.chunk_by(|a, b| a.layer() == b.layer())
    }

    /// The whole arena in stretches of at most `largest` values where no parameter or, where it has
    /// several, no block of one is larger; none is cut.
    pub(crate) fn stretches(&self, largest: usize) -> Vec<Range<usize>> {
        let ends = self.entries.iter().flat_map(|entry| {
            let blocks = entry.blocks(largest);
            blocks.map(|rows| entry.places(&rows).end.next_multiple_of(ALIGNMENT))
        });
        let mut stretches: Vec<Range<usize>> = Vec::new();
        let mut start = 0;
        for end in ends {
            match stretches.last_mut() {
                Some(last) if end - last.start <= largest => last.end = end,
                _ => stretches.push(start..end),
            }
            start = end;
        }
        stretches
    }

    /// Initial values as PyTorch draws them.
    pub fn initialise(&self, seed: u64) -> Vec<f32> {
        let mut arena = vec![0.0; self.len];
        for (index, entry) in self.entries.iter().enumerate() {
            let values = &mut arena[entry.offset..][..entry.len()];
            match entry.initial {
                Initial::Uniform { fan_in } => {
                    let bound = 1.0 / (fan_in as f32).sqrt();
                    let mut generator = Generator::new(seed, Stream::Initialise, index as u64);
                    values.fill_with(|| generator.random_range(-bound..bound));
                }
                Initial::One => values.fill(1.0),
                Initial::Zero => {}
            }
        }
        arena
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(shapes: &[&[usize]]) -> Parameters {
        let mut layout = Parameters {
            entries: Vec::new(),
            len: 0,
        };
        for shape in shapes {
            let entry = Parameter {
                name: format!("decoder.{}.weight", layout.entries.len()),
                shape: shape.to_vec(),
                offset: layout.len,
                initial: Initial::Zero,
            };
            layout.len += entry.padded_len();
            layout.entries.push(entry);
        }
        layout
    }

    #[test]
    fn large_matrices_come_in_blocks_and_arenas_in_stretches() {
        // 900 and 200 values of a row, a bias, and filters.
        let layout = layout(&[&[300, 900], &[300], &[130, 200], &[130], &[90, 20, 3, 3]]);
        let blocks = |largest: usize| {
            let each = layout.entries.iter();
            each.map(|entry| entry.blocks(largest).map(|rows| rows.end).collect())
                .collect::<Vec<Vec<usize>>>()
        };
        assert_eq!(blocks(1 << 20), [[300], [300], [130], [130], [90]]);
        let cut = vec![
            vec![128, 256, 300],
            vec![300],
            vec![130],
            vec![130],
            vec![90],
        ];
        assert_eq!(blocks(120_000), cut);
        let floor = [64, 128, 192, 256, 300].to_vec();
        let cut = vec![floor, vec![300], vec![64, 128, 130], vec![130], vec![90]];
        assert_eq!(blocks(20_000), cut);

        let ends = |largest| {
            let stretches = layout.stretches(largest);
            let pairs = stretches.windows(2);
            assert!(pairs.into_iter().all(|pair| pair[0].end == pair[1].start));
            assert_eq!(stretches[0].start, 0);
            let ends = stretches.into_iter().map(|stretch| stretch.end);
            ends.collect::<Vec<_>>()
        };
        let offsets: Vec<usize> = layout.entries.iter().map(|entry| entry.offset).collect();
        assert_eq!(offsets, [0, 270_016, 270_336, 296_384, 296_576]);
        assert_eq!(ends(1 << 20), [312_832]);
        assert_eq!(ends(120_000), [115_200, 230_400, 312_832]);
        let blocks = [57_600, 115_200, 172_800, 230_400, 270_016];
        let rest = [270_336 + 64 * 200, 296_576, 312_832];
        assert_eq!(ends(20_000), [&blocks[..], &rest[..]].concat());
    }
}
