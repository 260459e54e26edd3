//! The CPU kernel of `shaders/sum_of_squares.wgsl`.

use super::{CpuKernel, Float, Memory, dot};
use crate::engine::ops::{SUM_OF_SQUARES_CHUNK, SumOfSquares};
use rayon::prelude::*;

impl<T: Float> CpuKernel<T> for SumOfSquares {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.partials, |memory, partials| {
            let input = memory.reals(self.input);
            partials
                .par_iter_mut()
                .zip(input.par_chunks(SUM_OF_SQUARES_CHUNK))
                .with_min_len(8)
                .for_each(|(partial, chunk)| {
                    *partial = T::simd_dispatch(
                        #[inline(always)]
                        || dot(chunk, chunk),
                    );
                });
        });
    }
}
