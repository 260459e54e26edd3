//! What the steps of a block read: indices, weights, and, where the data set does not lie on the
//! device, the samples themselves.

use super::sampler::Kept;
use super::{Block, Config, Sampler, Splits};
use crate::data::{Dataset, Scaling, Values};
use crate::engine::SCHEDULE_COLUMNS;
use crate::error::Result;
use crate::executor::Session;
use crate::graph::{Graph, Neighbourhoods};
use crate::objective::{self, Objective, Step, StepInputs};
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Steps that the host prepares at once, at most.
const LONGEST_BLOCK: usize = 1024;
/// Rows that the host prepares at once, about.
const ROWS_OF_BLOCK: usize = 1 << 18;
/// Samples that are streamed at once, in bytes: two such blocks are in memory.
pub(super) const LARGEST_BLOCK: usize = 64 << 20;

/// Prepares blocks of steps; what it gives depends on the configuration and the data alone.
#[derive(Debug)]
pub(super) struct DataLoader {
    pub(super) splits: Splits,
    pub(super) graph: Option<Graph>,
    pub(super) neighbourhoods: Option<Neighbourhoods>,
    pub(super) objective: Objective,
    /// Centres of a batch, of which each rank has a part.
    pub(super) batch: usize,
    /// The rank whose part of every batch is prepared, and the number of ranks.
    pub(super) part: (usize, usize),
    /// Whether samples are sent with every block instead of lying on the device.
    pub(super) streamed: bool,
    /// What one block leaves for the next.
    pub(super) kept: Mutex<Kept>,
}

/// A block that is ready to be sent.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// Its first step.
    pub(super) first: usize,
    /// Its steps.
    pub(super) steps: usize,
    block: Block,
    /// Samples in the order of the rows, where they are streamed.
    words: Vec<u32>,
    schedule: Vec<f32>,
    loss_weights: Vec<f32>,
}

impl DataLoader {
    /// Batches of an epoch.
    pub(super) fn steps_per_epoch(&self) -> usize {
        self.splits.train.samples.div_ceil(self.batch)
    }

    /// The factor of each term's weight and the learning rate in `epoch`.
    pub(super) fn weights(&self, config: &Config, epoch: usize) -> Vec<f64> {
        let warm_up_factor = config.warm_up_factor(epoch);
        self.objective
            .terms
            .iter()
            .map(|term| warm_up_factor * config.weight(*term))
            .collect()
    }

    /// Prepares steps `first..first + steps`.
    pub(super) fn prepare(&self, config: &Config, first: usize, steps: usize) -> Batches {
        let train = &self.splits.train;
        let sampler = Sampler {
            samples: train.samples,
            features: train.features(),
            batch: self.batch,
            objective: &self.objective,
            scheme: config.neighbours.scheme(),
            kernel: config.neighbours.kernel(),
            graph: self.graph.as_ref(),
            neighbourhoods: self.neighbourhoods.as_ref(),
            shuffle_buffer: config.train.shuffle_buffer,
            seed: config.seed,
        };
        let mut prepared = Batches {
            first,
            steps,
            ..Batches::default()
        };
        // One thread prepares at a time. Where one has panicked, the run ends.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        sampler.fill_after(&mut kept, &mut prepared.block, first, steps);
        drop(kept);
        prepared.block.keep_part(self.part, steps);
        for (step, count) in (first..first + steps).zip(&prepared.block.counts) {
            let epoch = step / self.steps_per_epoch();
            prepared.loss_weights.push(*count as f32);
            prepared.loss_weights.extend(
                self.weights(config, epoch)
                    .into_iter()
                    .map(|weight| weight as f32),
            );
            let t = (step + 1) as f64;
            let correction = |beta: f64| 1.0 / (1.0 - beta.powf(t));
            let (rate, train) = (
                config.learning_rate(step, self.steps_per_epoch()),
                &config.train,
            );
            let row: [f64; SCHEDULE_COLUMNS] = [
                rate,
                correction(train.beta1),
                correction(train.beta2).sqrt(),
                0.0,
            ];
            prepared.schedule.extend(row.map(|value| value as f32));
        }
        if self.streamed {
            prepared.words = self.rows(&prepared.block.indices);
        }
        prepared
    }

    /// The samples at `indices` as the gather reads them.
    fn rows(&self, indices: &[u32]) -> Vec<u32> {
        let (train, scaling) = (&self.splits.train, &self.splits.scaling);
        let n = train.features();
        train.values.expect_rows(indices);
        let bytes = device_layout(scaling, train).bytes;
        let mut words = vec![0_u32; (indices.len() * n).div_ceil(if bytes { 4 } else { 1 })];
        match &train.values {
            Values::Bytes(values) if bytes => {
                let to: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
                let rows = to.par_chunks_mut(n).zip(indices);
                rows.for_each(|(row, index)| values.copy_to(*index as usize * n, row));
            }
            values => {
                let to: &mut [f32] = bytemuck::cast_slice_mut(&mut words);
                let rows = to.par_chunks_mut(n).zip(indices);
                rows.for_each(|(row, index)| scaling.apply_to(values, *index as usize * n, row));
            }
        }
        words
    }
}

impl Batches {
    /// The samples that step `at` of the block reads, each once.
    pub(super) fn samples_of_step(&self, at: usize) -> Vec<usize> {
        let rows = self.block.indices.len() / self.steps;
        let rows = self.block.indices[at * rows..][..rows].iter();
        let mut samples: Vec<usize> = rows.map(|&row| row as usize).collect();
        samples.sort_unstable();
        samples.dedup();
        samples
    }

    /// Sends the block to the device.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn send(&self, session: &mut dyn Session, step: &Step) -> Result<()> {
        StepInputs {
            first: self.first,
            data: &self.words,
            indices: &self.block.indices,
            weights: &self.block.weights,
            loss_weights: &self.loss_weights,
            schedule: &self.schedule,
            ..Default::default()
        }
        .write(session, step)
    }
}

/// How a gather reads `data`: bytes stay bytes and are scaled there, floats are scaled on the host.
pub(super) fn device_layout(scaling: &Scaling, data: &Dataset) -> objective::Data {
    match &data.values {
        Values::Bytes(_) if scaling.shift.len() == 1 => {
            let (shift, scale) = (scaling.shift[0] as f32, scaling.scale[0] as f32);
            objective::Data {
                samples: data.samples,
                bytes: true,
                shift,
                scale,
                streamed: false,
            }
        }
        _ => objective::Data::floats(data.samples),
    }
}

/// Steps of the longest block, and whether samples are streamed because all of them would take more
/// than `memory` bytes on the device.
pub(super) fn capacity(
    data: &objective::Data,
    features: usize,
    rows_of_step: usize,
    total: usize,
    memory: usize,
) -> (usize, bool) {
    let streamed = data.words(features, 0) * 4 > memory;
    let mut steps = (ROWS_OF_BLOCK / rows_of_step).clamp(1, LONGEST_BLOCK);
    if streamed {
        let bytes_of_step = rows_of_step * features * if data.bytes { 1 } else { 4 };
        steps = steps
            .min(LARGEST_BLOCK.min(memory / 2) / bytes_of_step)
            .max(1);
    }
    (steps.min(total), streamed)
}

/// All of `data` as words for a device.
pub(super) fn upload_words(scaling: &Scaling, data: &Dataset) -> Vec<u32> {
    match &data.values {
        Values::Bytes(bytes) if scaling.shift.len() == 1 => {
            let word = |chunk: &[u8]| {
                let mut word = [0; 4];
                word[..chunk.len()].copy_from_slice(chunk);
                u32::from_le_bytes(word)
            };
            let mut words = Vec::with_capacity(bytes.len().div_ceil(4));
            for part in bytes.parts(4) {
                words.extend(part.chunks(4).map(word));
            }
            words
        }
        values => scaling
            .apply(values)
            .into_iter()
            .map(f32::to_bits)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ScalingKind;

    #[test]
    fn bytes_stay_bytes_on_the_device() {
        let values = Values::Bytes(vec![0, 51, 102, 255, 9].into());
        let data = Dataset {
            samples: 5,
            shape: vec![1],
            values,
            labels: None,
            parameter: None,
        };
        let scaling = Scaling::fit(ScalingKind::Unit, &data);
        let gather = device_layout(&scaling, &data);
        assert!(gather.bytes && gather.scale == 255.0);
        assert_eq!(upload_words(&scaling, &data), [0xff66_3300, 9]);
    }

    #[test]
    fn a_block_of_streamed_samples_fits_into_half_of_the_memory() {
        let data = objective::Data {
            samples: 1000,
            bytes: true,
            shift: 0.0,
            scale: 1.0,
            streamed: false,
        };
        assert_eq!(capacity(&data, 100, 20, 10_000, 100_000), (1024, false));
        assert_eq!(capacity(&data, 100, 20, 10_000, 99_999), (24, true));
        assert_eq!(capacity(&data, 100, 20, 7, 99_999), (7, true));
        assert_eq!(
            capacity(&data, 100, 20, 7, 10),
            (1, true),
            "a step is the least"
        );
    }
}
