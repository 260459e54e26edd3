//! The processes that do one thing together, train or find a graph, each on a device of its own: what
//! they tell each other.
//!
//! Everything here is done by all of them, in the same order; who is the only one to do it waits for
//! ever. Rank 0 leads: it alone writes, prints, and says when a block of steps begins.

mod launch;
#[cfg(feature = "mpi")]
mod mpi;
#[cfg(test)]
mod threads;

pub use launch::Launch;
#[cfg(test)]
pub(crate) use threads::on_threads;

use crate::error::{Error, Result};
use std::ops::Range;

/// How processes reach each other. What is sent is only moved, never computed with, so that results
/// depend on nothing but the number of ranks.
pub trait Ranks: Send + Sync {
    /// The number of this process, from 0 on.
    fn rank(&self) -> usize;
    /// How many there are.
    fn size(&self) -> usize;
    /// The number of this process among those on its machine.
    fn local_rank(&self) -> usize;
    /// Sends the blocks of `own`, [size, block], each to the rank of its number, and fills `others`, of
    /// the same shape, with what comes from each rank.
    fn all_to_all(&self, own: &[f32], others: &mut [f32]);
    /// Fills `all`, [size, block], with the `own` block of every rank.
    fn all_gather(&self, own: &[f32], all: &mut [f32]);
    /// Replaces `bytes`, of which all have as many, with those of rank `from`.
    fn broadcast(&self, from: usize, bytes: &mut [u8]);
}

impl std::fmt::Debug for dyn Ranks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rank {} of {}", self.rank(), self.size())
    }
}

/// A single process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Ranks for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn local_rank(&self) -> usize {
        0
    }

    fn all_to_all(&self, own: &[f32], others: &mut [f32]) {
        others.copy_from_slice(own);
    }

    fn all_gather(&self, own: &[f32], all: &mut [f32]) {
        all.copy_from_slice(own);
    }

    fn broadcast(&self, _from: usize, _bytes: &mut [u8]) {}
}

impl dyn Ranks + '_ {
    /// Whether there are others.
    pub fn are_several(&self) -> bool {
        self.size() > 1
    }

    /// Whether this is the process that writes and prints.
    pub fn leads(&self) -> bool {
        self.rank() == 0
    }

    /// Replaces `values`, of which all have as many, with their sum over the ranks, added in the order
    /// of the ranks: the same bytes everywhere. Each rank adds up one block of them and sends it to
    /// all, so that 2 (n - 1) / n of the values go out of each of n ranks, and as many come in.
    /// `scratch` is memory to be used again.
    pub(crate) fn sum_in_order(&self, values: &mut Vec<f32>, scratch: &mut Vec<f32>) {
        let (size, len) = (self.size(), values.len());
        if size == 1 || len == 0 {
            return;
        }
        let block = len.div_ceil(size);
        values.resize(size * block, 0.0);
        scratch.resize(size * block, 0.0);
        self.all_to_all(values, scratch);
        let (sum, others) = scratch.split_at_mut(block);
        for other in others.chunks(block) {
            sum.iter_mut()
                .zip(other)
                .for_each(|(sum, other)| *sum += other);
        }
        self.all_gather(sum, values);
        values.truncate(len);
    }

    /// What rank 0 says; what the others give is not looked at.
    pub(crate) fn tell(&self, own: Vec<u8>) -> Vec<u8> {
        self.tell_from(0, own)
    }

    fn tell_from(&self, from: usize, own: Vec<u8>) -> Vec<u8> {
        if !self.are_several() {
            return own;
        }
        let mut len = (own.len() as u64).to_le_bytes();
        self.broadcast(from, &mut len);
        let mut bytes = own;
        bytes.resize(u64::from_le_bytes(len) as usize, 0);
        self.broadcast(from, &mut bytes);
        bytes
    }

    /// Gives `hear` what each rank says, in the order of the ranks.
    pub(crate) fn tell_all(&self, own: Vec<u8>, mut hear: impl FnMut(Vec<u8>)) {
        let mut own = own;
        for from in 0..self.size() {
            let said = match from == self.rank() {
                true => std::mem::take(&mut own),
                false => Vec::new(),
            };
            hear(self.tell_from(from, said));
        }
    }

    /// The part of so many pieces of work that is this rank's: the ranks have consecutive parts.
    pub(crate) fn own_part(&self, pieces: usize) -> Range<usize> {
        let first = |rank: usize| rank * pieces / self.size();
        first(self.rank())..first(self.rank() + 1)
    }

    /// What rank 0 finds, for all; it alone looks for it.
    ///
    /// # Errors
    /// That of rank 0, on all.
    pub(crate) fn told(&self, find: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
        let own = if self.leads() { find() } else { Ok(Vec::new()) };
        self.agree(own).map(|own| self.tell(own))
    }

    /// `own`, where all have succeeded.
    ///
    /// # Errors
    /// That of the first rank that failed, on all, with its number where it is not rank 0.
    pub fn agree<T>(&self, own: Result<T>) -> Result<T> {
        if !self.are_several() {
            return own;
        }
        let mut failed = vec![0.0; self.size()];
        self.all_gather(&[f32::from(u8::from(own.is_err()))], &mut failed);
        let Some(first) = failed.iter().position(|failed| *failed != 0.0) else {
            return own;
        };
        let message = match &own {
            Err(error) if first == self.rank() => encode(error),
            _ => Vec::new(),
        };
        let message = self.tell_from(first, message);
        match own {
            // Rank 0 keeps what the operating system has said.
            Err(error) if first == 0 && self.leads() => Err(error),
            _ => Err(decode(&message, first)),
        }
    }

    /// The least of what all give, none above 2^24.
    pub(crate) fn least(&self, own: usize) -> usize {
        let mut all = vec![0.0; self.size()];
        self.all_gather(&[own as f32], &mut all);
        all.into_iter()
            .fold(own, |least, other| least.min(other as usize))
    }

    /// Checks that all have the bytes of rank 0.
    ///
    /// # Errors
    /// What `differ` makes of it, on all, with the number of the first rank that has others.
    pub(crate) fn same(&self, own: &[u8], differ: impl FnOnce() -> Error) -> Result<()> {
        if !self.are_several() {
            return Ok(());
        }
        let first = self.tell(own.to_vec());
        self.agree(if first == own { Ok(()) } else { Err(differ()) })
    }
}

/// An error as bytes: its kind, then its sentence.
fn encode(error: &Error) -> Vec<u8> {
    let kind = match error {
        Error::Device(_) => 0,
        Error::Diverged(_) => 1,
        Error::Network(_) => 2,
        Error::Input(_) | Error::File { .. } | Error::Output(_) => 3,
    };
    [&[kind], error.to_string().as_bytes()].concat()
}

/// The error of rank `from`.
fn decode(bytes: &[u8], from: usize) -> Error {
    let (kind, text) = bytes.split_first().unwrap_or((&3, &[]));
    let text = String::from_utf8_lossy(text);
    let message = match from {
        0 => text.into_owned(),
        _ => format!("rank {from}: {text}"),
    };
    match kind {
        0 => Error::Device(message),
        1 => Error::Diverged(message),
        2 => Error::Network(message),
        _ => Error::Input(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_added_in_the_order_of_the_ranks_whatever_the_length() {
        for (size, len) in [(1, 3), (2, 1), (3, 7), (4, 8), (5, 0)] {
            let values = |rank: usize| -> Vec<f32> {
                let value = |i: usize| (1.0 + i as f32) * 1e7_f32.powi(rank as i32 % 2) * 1.1;
                (0..len).map(value).collect()
            };
            let mut expected = values(0);
            for rank in 1..size {
                let others = values(rank);
                expected
                    .iter_mut()
                    .zip(others)
                    .for_each(|(sum, other)| *sum += other);
            }
            let sums = on_threads(size, |ranks| {
                let mut sum = values(ranks.rank());
                ranks.sum_in_order(&mut sum, &mut Vec::new());
                sum
            });
            assert!(sums.iter().all(|sum| *sum == expected), "{size} {len}");
        }
    }

    #[test]
    fn all_ranks_have_the_error_of_the_first_that_failed() {
        let messages = on_threads(4, |ranks| {
            let own = match ranks.rank() {
                2 => Err(Error::Device("no card".into())),
                3 => Err(Error::input("no file")),
                rank => Ok(rank),
            };
            assert_eq!(ranks.agree(Ok(7)).unwrap(), 7);
            ranks.agree(own).unwrap_err()
        });
        for error in messages {
            assert!(
                matches!(&error, Error::Device(text) if text == "rank 2: no card"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn rank_0_tells_what_it_has_found_and_whether_others_have_the_same() {
        let found = on_threads(3, |ranks| {
            let told = ranks.told(|| Ok(vec![1, 2, 3])).unwrap();
            let failed = ranks.told(|| Err(Error::input("nothing"))).unwrap_err();
            let own = [u8::from(ranks.rank() == 1)];
            let other = ranks.same(&own, || Error::input("other data")).unwrap_err();
            (
                told,
                failed.to_string(),
                other.to_string(),
                ranks.least(9 - ranks.rank()),
            )
        });
        for (told, failed, other, least) in found {
            assert_eq!((told, failed.as_str()), (vec![1, 2, 3], "nothing"));
            assert_eq!((other.as_str(), least), ("rank 1: other data", 7));
        }
    }
}
