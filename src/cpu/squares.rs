//! Twin of `shaders/squares.wgsl`.

use super::{Memory, Real, Twin};
use crate::engine::ops::{SQUARES_CHUNK, Squares};
use rayon::prelude::*;

impl<T: Real> Twin<T> for Squares {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.partials, |memory, partials| {
            let input = memory.reals(self.input);
            partials.par_iter_mut().zip(input.par_chunks(SQUARES_CHUNK)).with_min_len(8).for_each(|(partial, chunk)| {
                // Sixteen running sums side by side, which the compiler turns into vector registers.
                let mut sums = [T::default(); 16];
                for values in chunk.chunks(16) {
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum += *value * *value;
                    }
                }
                *partial = sums.into_iter().sum();
            });
        });
    }
}
