//! Where each parameter lies in the arena, and its initial value.

use super::{Initial, Network};
use crate::random::{Generator, Stream};
use rand::RngExt;
use std::ops::Range;

/// Parameters begin at multiples of 64 floats: 256 bytes, the largest alignment that wgpu may ask
/// of a binding.
pub const ALIGNMENT: usize = 64;

/// Parameters that a pass binds at most: 128 MiB, which every WebGPU device can. A linear layer with
/// a larger matrix is recorded in blocks of outputs, on each device alike, so that the results do
/// not depend on how much a device binds.
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

    /// The rows of a matrix in blocks of at most `largest` values, that begin at multiples of
    /// [`ALIGNMENT`] rows, so that a bias can be bound in the same blocks; one block where the matrix
    /// is no larger, and for all that is no matrix.
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

    /// The whole arena in stretches of at most `largest` values, without cutting a parameter or, where
    /// it has several, a block of one.
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
