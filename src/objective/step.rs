//! A recorded step, with the places that the host writes and reads.

use crate::engine::{Recording, STATE_WORDS, View};
use crate::net::Parameters;

/// The resident data set, as the gather sees it.
#[derive(Clone, Copy, Debug)]
pub struct Data {
    /// Rows of the data set.
    pub samples: usize,
    /// Whether values are bytes rather than f32.
    pub bytes: bool,
    /// Subtracted from every value.
    pub shift: f32,
    /// Divides every value.
    pub scale: f32,
    /// Whether only the rows of a block lie on the device.
    pub streamed: bool,
}

impl Data {
    /// f32 values that are already scaled.
    pub fn floats(samples: usize) -> Self {
        Self {
            samples,
            bytes: false,
            shift: 0.0,
            scale: 1.0,
            streamed: false,
        }
    }

    /// Words on the device: of the whole set, or of the `rows` of a block where it is streamed.
    pub fn words(&self, features: usize, rows: usize) -> usize {
        let samples = if self.streamed { rows } else { self.samples };
        (samples * features).div_ceil(if self.bytes { 4 } else { 1 })
    }
}

/// A recorded step, with the places that the host writes and reads.
///
/// A block of up to `steps` steps is written at once, as
/// [`StepInputs`](super::StepInputs) does, and the recording is replayed; `losses` then holds one
/// row a step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The passes of one step.
    pub recording: Recording,
    /// The layout of `parameters`, `gradients` and the moments.
    pub layout: Parameters,
    /// Centres of a batch.
    pub batch: usize,
    /// Rows gathered for each centre: itself, the neighbours drawn, and those that are combined.
    pub group: usize,
    /// Rows compared for each centre.
    pub compared: usize,
    /// Steps of a block.
    pub steps: usize,
    /// 1 for the reconstruction and 1 for each term.
    pub columns: usize,
    /// The data set as words.
    pub data: View,
    /// [steps, batch, group] words: samples.
    pub indices: View,
    /// [steps, batch, group] words: where in `data` the samples of a block are, which the host
    /// writes once; absent where the whole data set lies on the device.
    pub rows: Option<View>,
    /// [steps, batch, group]: the factor of each squared error.
    pub weights: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// [samples, width]: numbers of each sample that a term looks up, with the name of that term.
    pub tables: Vec<(&'static str, View)>,
    /// [steps, SCHEDULE_COLUMNS]; absent where nothing is updated.
    pub schedule: Option<View>,
    /// [steps, columns]: the reconstruction, then each term without its weight.
    pub losses: View,
    /// What [`STATE_WORDS`] says.
    pub state: View,
    /// The arena of parameters.
    pub parameters: View,
    /// The arena of gradients; absent where each layer is updated as soon as its own gradient is
    /// there.
    pub gradients: Option<View>,
    /// First and second moments, where parameters are updated.
    pub moments: Option<[View; 2]>,
}

impl Step {
    /// What `state` holds at the start of a block whose first step is step `first` of the run.
    pub fn start(first: usize) -> [u32; STATE_WORDS] {
        [0, 0, first as u32, 0, (first as u64 >> 32) as u32]
    }

    /// The table of the term called `name`, where it has one.
    pub fn table(&self, name: &str) -> Option<View> {
        let mut tables = self.tables.iter();
        tables.find_map(|(term, view)| (*term == name).then_some(*view))
    }
}
