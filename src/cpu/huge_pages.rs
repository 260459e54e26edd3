//! Several buffers in one allocation, so that it can use huge pages.

use crate::error::{Error, Result};
use bytemuck::Zeroable;
use memmap2::MmapMut;
use std::ptr::NonNull;
use std::sync::Arc;

/// What memory is made of, so that buffers start where cache lines do: else every vector that is as
/// long as one crosses two.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(super) struct CacheLine([u8; 64]);

impl CacheLine {
    /// Zeros, at least `len` values.
    pub(super) fn zeros<T>(len: usize) -> Vec<Self> {
        vec![Self::zeroed(); Self::holding::<T>(len)]
    }

    /// As many as hold `len` values.
    pub(super) fn holding<T>(len: usize) -> usize {
        (len * size_of::<T>()).div_ceil(size_of::<Self>())
    }
}

/// An exclusively owned range of memory.
#[derive(Debug)]
pub(super) struct Slab {
    start: NonNull<CacheLine>,
    len: usize,
    /// The allocation that it lies in; none if it is empty.
    _whole: Option<Arc<MmapMut>>,
}

// SAFETY: a range owns its lines exclusively, as a vector does.
unsafe impl Send for Slab {}
// SAFETY: as above; a shared range is only read.
unsafe impl Sync for Slab {}

impl Default for Slab {
    fn default() -> Self {
        Self {
            start: NonNull::dangling(),
            len: 0,
            _whole: None,
        }
    }
}

impl Slab {
    /// Slabs of `lengths` lines one after the other, zeroed.
    ///
    /// # Errors
    /// When the system has not as much memory; the error tells how much was asked for.
    ///
    /// A step goes through all of its buffers, more than the processor can hold addresses of in
    /// pages of 4 KiB.
    pub(super) fn zeroed(lengths: impl Iterator<Item = usize> + Clone) -> Result<Vec<Self>> {
        let bytes = lengths.clone().sum::<usize>() * size_of::<CacheLine>();
        let mut whole = MmapMut::map_anon(bytes.max(1)).map_err(|error| {
            Error::Device(format!(
                "the buffers of a step need {} MiB of memory, more than the system gives ({error}): \
                 choose a smaller network or batch",
                bytes >> 20
            ))
        })?;
        // Where the system has none, nothing is lost but speed.
        #[cfg(target_os = "linux")]
        let _ = whole.advise(memmap2::Advice::HugePage);
        let mut next = NonNull::new(whole.as_mut_ptr())
            .expect("a map has an address")
            .cast::<CacheLine>();
        let whole = Arc::new(whole);
        let slabs = lengths.map(|len| {
            let slab = Self {
                start: next,
                len,
                _whole: Some(whole.clone()),
            };
            // SAFETY: all lengths together are what the map has, which begins at a page and so at a
            // line.
            next = unsafe { next.add(len) };
            slab
        });
        Ok(slabs.collect())
    }

    pub(super) fn lines(&self) -> &[CacheLine] {
        // SAFETY: the lines are within a map that lives as long as `_whole`, zeroed, and no other slab
        // has them.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    pub(super) fn lines_mut(&mut self) -> &mut [CacheLine] {
        // SAFETY: as above, and `self` is borrowed for itself.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_do_not_share_lines() {
        let lengths = [3, 0, 1, 40_000];
        let mut stretches = Slab::zeroed(lengths.into_iter()).unwrap();
        for (i, stretch) in stretches.iter_mut().enumerate() {
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(stretch.lines_mut());
            assert!(bytes.iter().all(|byte| *byte == 0));
            bytes.fill(i as u8 + 1);
        }
        let last = stretches.pop().unwrap();
        for (i, (stretch, len)) in stretches.iter().chain([&last]).zip(lengths).enumerate() {
            let bytes: &[u8] = bytemuck::cast_slice(stretch.lines());
            assert!(bytes.len() == 64 * len && bytes.iter().all(|byte| *byte == i as u8 + 1));
        }
        // What is left keeps the memory.
        drop(stretches);
        assert_eq!(
            bytemuck::cast_slice::<_, u8>(last.lines())[64 * 40_000 - 1],
            4
        );
        let none = Slab::zeroed([].into_iter()).unwrap();
        assert!(none.is_empty() && Slab::default().lines().is_empty());
    }
}
