//! The order of an epoch: of all samples at once, or near to the order in which they lie in their files.

use crate::random::{Generator, Stream};
use rand::seq::SliceRandom;

/// Stretches of the order, at most, of which every batch has an equal share.
const LANES: usize = 16;
/// Runs of samples that lie one after the other, for each buffer.
const RUNS: usize = 256;

/// Every one of `samples` once, in the order of `epoch`.
///
/// Without a `buffer`, or with one as large as the set, each order is as likely as any other. Else the
/// set is cut into runs of consecutive samples, 256 for a buffer. The runs are shuffled and dealt out to
/// lanes, as many as divide the batch, 16 at most. Each lane shuffles its share of the buffer at a time,
/// and every batch takes an equal part from each lane, lane after lane. So as many samples as the buffer
/// has are within reach of a batch, and processes that compute a part of every batch each read runs of
/// their own, however many of them there are; nothing of it depends on where one file ends and the next
/// begins.
pub(super) fn order(
    samples: usize,
    batch: usize,
    buffer: Option<usize>,
    seed: u64,
    epoch: usize,
) -> Vec<u32> {
    let mut generator = Generator::new(seed, Stream::Shuffle, epoch as u64);
    let mut order: Vec<u32> = (0..samples as u32).collect();
    let Some(buffer) = buffer.filter(|&buffer| buffer < samples) else {
        order.shuffle(&mut generator);
        return order;
    };
    let mut runs: Vec<&[u32]> = order.chunks((buffer / RUNS).max(1)).collect();
    runs.shuffle(&mut generator);
    let mut rest = &mut runs.concat()[..];
    let lanes = (1..=LANES).rev().find(|lanes| batch.is_multiple_of(*lanes));
    let lanes = lanes.expect("one divides all");
    let share = batch / lanes;
    for lane in 0..lanes {
        // The last batch may be cut anywhere.
        let of_last = (samples % batch).saturating_sub(lane * share).min(share);
        let (own, others) = rest.split_at_mut(samples / batch * share + of_last);
        for window in own.chunks_mut((buffer / lanes).max(1)) {
            window.shuffle(&mut generator);
        }
        for (at, sample) in own.iter().enumerate() {
            order[at / share * batch + lane * share + at % share] = *sample;
        }
        rest = others;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The samples of each batch that the rank of this number has.
    fn of_rank(order: &[u32], batch: usize, (rank, ranks): (usize, usize)) -> Vec<Vec<u32>> {
        let len = batch / ranks;
        let own = order.chunks(batch).map(|batch| batch.chunks(len).nth(rank));
        own.map(|own| own.unwrap_or_default().to_vec()).collect()
    }

    #[test]
    fn every_sample_comes_once_in_an_order_by_seed_and_epoch() {
        for samples in [1, 7, 256, 1000, 4099] {
            for batch in [1, 7, 16, 100, 101] {
                for buffer in [1, 2, 50, 300, 1024, 5000] {
                    let given = |seed, epoch| order(samples, batch, Some(buffer), seed, epoch);
                    let mut sorted = given(3, 0);
                    assert_eq!(sorted, given(3, 0));
                    if samples > 100 {
                        assert_ne!(sorted, given(3, 1));
                        assert_ne!(sorted, given(4, 0));
                    }
                    sorted.sort_unstable();
                    assert!(sorted.into_iter().eq(0..samples as u32));
                    if buffer >= samples {
                        assert_eq!(given(3, 2), order(samples, batch, None, 3, 2));
                    }
                }
            }
        }
    }

    #[test]
    fn a_stretch_of_the_order_lies_in_as_few_runs_as_the_buffer_allows() {
        // Runs of 4 samples; of each lane 16 runs are in a window of 64.
        let (samples, batch, buffer) = (65_536, 128, 1024);
        let order = order(samples, batch, Some(buffer), 5, 0);
        for window in order.chunks(buffer) {
            let mut runs: Vec<u32> = window.iter().map(|sample| sample / 4).collect();
            runs.sort_unstable();
            runs.dedup();
            assert_eq!(runs.len(), 256);
        }
        // Neighbours in the files are not so in the order, and a window spans the set.
        let steps = order.windows(2).filter(|pair| pair[0] + 1 == pair[1]);
        assert!(steps.count() < samples / 20);
        let far = order[..buffer].iter().filter(|&&sample| sample < 32_768);
        assert!((400..624).contains(&far.count()));
    }

    #[test]
    fn each_rank_has_runs_of_its_own() {
        let (samples, batch, buffer) = (65_536 + 77, 96, 4096);
        let order = order(samples, batch, Some(buffer), 5, 1);
        for ranks in [2, 4, 8, 16] {
            let mut of_run = vec![None; samples.div_ceil(16)];
            let mut shared = 0;
            for rank in 0..ranks {
                for sample in of_rank(&order, batch, (rank, ranks)).concat() {
                    let owner = of_run[sample as usize / 16].get_or_insert(rank);
                    shared += usize::from(*owner != rank);
                }
            }
            // Those runs that a lane begins in the middle of.
            assert!(shared < 16 * ranks, "{shared} of {ranks} ranks");
        }
    }
}
