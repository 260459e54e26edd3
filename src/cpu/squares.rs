//! Twin of `shaders/squares.wgsl`.

use super::{Memory, Real, Twin, dot, vectorised};
use crate::engine::ops::{SQUARES_CHUNK, Squares};
use rayon::prelude::*;

impl<T: Real> Twin<T> for Squares {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.partials, |memory, partials| {
            let input = memory.reals(self.input);
            partials
                .par_iter_mut()
                .zip(input.par_chunks(SQUARES_CHUNK))
                .with_min_len(8)
                .for_each(|(partial, chunk)| {
                    *partial = vectorised(
                        #[inline(always)]
                        || dot(chunk, chunk),
                    );
                });
        });
    }
}
