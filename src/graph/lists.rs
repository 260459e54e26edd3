//! Nearest neighbours with their squared distances, and how ranks tell each other theirs.

use crate::ranks::Ranks;
use rayon::prelude::*;
use std::cmp::Ordering;

/// Neighbours of one sample with their squared distances, nearest first.
pub(super) type List = Vec<(u32, f64)>;

/// The order of a [`List`]: by distance, and of samples as far by index.
pub(super) fn nearest_first(a: &(u32, f64), b: &(u32, f64)) -> Ordering {
    a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))
}

/// Lists of `k` each, one after the other.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) k: usize,
    pub(super) others: Vec<u32>,
    pub(super) squares: Vec<f64>,
}

impl Lists {
    /// None yet, with room for `samples`.
    pub(super) fn with_capacity(k: usize, samples: usize) -> Self {
        Self {
            k,
            others: Vec::with_capacity(samples * k),
            squares: Vec::with_capacity(samples * k),
        }
    }

    /// Those given, of `k` each.
    pub(super) fn of(k: usize, lists: Vec<List>) -> Self {
        let mut all = Self::with_capacity(k, lists.len());
        lists.into_iter().for_each(|list| all.push(&list));
        all
    }

    pub(super) fn push(&mut self, list: &[(u32, f64)]) {
        debug_assert_eq!(list.len(), self.k, "lists are of one length");
        self.others.extend(list.iter().map(|(other, _)| other));
        self.squares.extend(list.iter().map(|(_, squared)| squared));
    }

    /// Number of lists.
    pub(super) fn len(&self) -> usize {
        self.others.len() / self.k
    }

    /// One list.
    pub(super) fn of_sample(&self, at: usize) -> impl Iterator<Item = (u32, f64)> {
        let own = at * self.k..(at + 1) * self.k;
        let squares = self.squares[own.clone()].iter().copied();
        self.others[own].iter().copied().zip(squares)
    }

    /// The lists of places as lists of the samples that stand there, which have the given indices, ties by
    /// index.
    pub(super) fn named(mut self, indices: &[u32]) -> Self {
        let others = self.others.par_chunks_exact_mut(self.k);
        let lists = others.zip(self.squares.par_chunks_exact_mut(self.k));
        lists.for_each(|(others, squares)| {
            let named = others.iter().map(|&other| indices[other as usize]);
            let mut list: List = named.zip(squares.iter().copied()).collect();
            list.sort_unstable_by(nearest_first);
            for ((other, squared), entry) in others.iter_mut().zip(squares).zip(list) {
                (*other, *squared) = entry;
            }
        });
        self
    }

    /// The list at each place as that of the sample with the given index.
    pub(super) fn in_order_of(self, indices: &[u32]) -> Self {
        fn moved<T: Copy + Default>(from: Vec<T>, k: usize, indices: &[u32]) -> Vec<T> {
            let mut to = vec![T::default(); from.len()];
            for (list, &index) in from.chunks_exact(k).zip(indices) {
                to[index as usize * k..][..k].copy_from_slice(list);
            }
            to
        }
        Self {
            k: self.k,
            others: moved(self.others, self.k, indices),
            squares: moved(self.squares, self.k, indices),
        }
    }
}

/// The lists of all ranks, one after the other.
pub(super) fn gather(ranks: &dyn Ranks, own: Lists) -> Lists {
    if !ranks.are_several() {
        return own;
    }
    let mut all = Lists::with_capacity(own.k, 0);
    let said = [
        bytemuck::cast_slice::<u32, u8>(&own.others),
        bytemuck::cast_slice(&own.squares),
    ];
    ranks.tell_all(said.concat(), |said| {
        let (others, squares) = said.split_at(said.len() / 3);
        all.others
            .extend(bytemuck::pod_collect_to_vec::<u8, u32>(others));
        all.squares
            .extend(bytemuck::pod_collect_to_vec::<u8, f64>(squares));
    });
    all
}

/// For every sample the `k` nearest that any rank has found; no two have found the same.
pub(super) fn merge(ranks: &dyn Ranks, k: usize, own: Vec<List>) -> Lists {
    if !ranks.are_several() {
        return Lists::of(k, own);
    }
    let mut all = vec![List::new(); own.len()];
    ranks.tell_all(encode(&own), |said| {
        for (list, found) in all.iter_mut().zip(decode(&said)) {
            list.extend(found);
            list.sort_unstable_by(nearest_first);
            list.truncate(k);
        }
    });
    Lists::of(k, all)
}

/// The words of all ranks, one after the other.
pub(super) fn gather_words(ranks: &dyn Ranks, own: Vec<u32>) -> Vec<u32> {
    if !ranks.are_several() {
        return own;
    }
    let mut all = Vec::new();
    ranks.tell_all(bytemuck::cast_slice(&own).to_vec(), |said| {
        all.extend(bytemuck::pod_collect_to_vec::<u8, u32>(&said));
    });
    all
}

/// Bytes of a neighbour and of its squared distance.
const ENTRY: usize = 4 + 8;

/// For every list, of any length, its length, then its entries.
fn encode(lists: &[List]) -> Vec<u8> {
    let entries: usize = lists.iter().map(Vec::len).sum();
    let mut bytes = Vec::with_capacity(4 * lists.len() + ENTRY * entries);
    for list in lists {
        bytes.extend((list.len() as u32).to_le_bytes());
        for (other, squared) in list {
            bytes.extend(other.to_le_bytes());
            bytes.extend(squared.to_le_bytes());
        }
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> impl Iterator<Item = List> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (list, rest) = rest.split_at(ENTRY * u32::from_le_bytes(*length) as usize);
        bytes = rest;
        let entries = list.as_chunks::<ENTRY>().0.iter();
        let entry = |entry: &[u8; ENTRY]| {
            let (other, squared) = entry.split_first_chunk().expect("twelve bytes");
            let squared = squared.first_chunk().expect("eight bytes");
            (u32::from_le_bytes(*other), f64::from_le_bytes(*squared))
        };
        Some(entries.map(entry).collect())
    })
}
