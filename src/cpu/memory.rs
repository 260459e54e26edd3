//! The buffers of a recording on the CPU.

use super::Float;
use super::huge_pages::{CacheLine, Slab};
use crate::engine::{DType, Recording, View};
use crate::error::Result;
use std::marker::PhantomData;

/// Every buffer, as real numbers or as words.
#[derive(Debug)]
pub struct Memory<T> {
    reals: Vec<Slab>,
    words: Vec<Vec<u32>>,
    element: PhantomData<T>,
}

impl<T: Float> Memory<T> {
    /// All buffers of `recording`, with what they hold before the first step.
    ///
    /// # Errors
    /// When there is not enough memory.
    pub fn new(recording: &Recording) -> Result<Self> {
        let allocate = |element| {
            move |buffer: &crate::engine::Buffer| {
                if buffer.dtype == element {
                    buffer.len
                } else {
                    0
                }
            }
        };
        let mut memory = Self {
            reals: Slab::zeroed(
                recording
                    .buffers
                    .iter()
                    .map(allocate(DType::Float))
                    .map(CacheLine::holding::<T>),
            )?,
            words: recording
                .buffers
                .iter()
                .map(allocate(DType::U32))
                .map(|len| vec![0; len])
                .collect(),
            element: PhantomData,
        };
        for (buffer, values) in recording.buffers.iter().zip(&mut memory.reals) {
            let initial = buffer.initial.iter().flatten();
            let values: &mut [T] = bytemuck::cast_slice_mut(values.lines_mut());
            values
                .iter_mut()
                .zip(initial)
                .for_each(|(to, from)| *to = T::of(f64::from(*from)));
        }
        Ok(memory)
    }

    /// Real numbers to read.
    pub fn reals(&self, view: View) -> &[T] {
        &bytemuck::cast_slice(self.reals[view.buffer.0].lines())[view.offset..][..view.len]
    }

    /// Words to read.
    pub fn words(&self, view: View) -> &[u32] {
        &self.words[view.buffer.0][view.offset..][..view.len]
    }

    /// Real numbers to write, from outside a step.
    pub fn reals_mut(&mut self, view: View) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(self.reals[view.buffer.0].lines_mut())[view.offset..]
            [..view.len]
    }

    /// Words to write.
    pub fn words_mut(&mut self, view: View) -> &mut [u32] {
        &mut self.words[view.buffer.0][view.offset..][..view.len]
    }

    /// Calls `body` with the other buffers to read and `view` to write. The buffer is moved out
    /// meanwhile, not copied, so a pass must not read a buffer that it writes.
    pub fn write<R>(&mut self, view: View, body: impl FnOnce(&mut Self, &mut [T]) -> R) -> R {
        let mut buffer = std::mem::take(&mut self.reals[view.buffer.0]);
        let result = body(
            self,
            &mut bytemuck::cast_slice_mut(buffer.lines_mut())[view.offset..][..view.len],
        );
        self.reals[view.buffer.0] = buffer;
        result
    }
}
