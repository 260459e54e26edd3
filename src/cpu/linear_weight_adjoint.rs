//! Twin of `shaders/linear_weight_adjoint.wgsl`.

use super::scratch::{OF_PASS, with_scratch};
use super::{Memory, Real, Twin, vectorised};
use crate::engine::ops::LinearWeightAdjoint;
use crate::product::{Matrix, multiply};
use rayon::prelude::*;

impl<T: Real> Twin<T> for LinearWeightAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_weight, |memory, d_weight| {
            let (d_output, input) = (memory.reals(self.d_output), memory.reals(self.input));
            for (part, d_weight) in d_weight.chunks_mut(self.outputs * self.inputs).enumerate() {
                let first = part * self.stretch;
                let rows = self.stretch.min(self.rows - first);
                let input = Matrix::rows(&input[first * self.inputs..], self.inputs);
                // A product runs along the rows of its left side, which go faster where they are not spread over the memory.
                with_scratch(&OF_PASS, [self.outputs * rows], |[columns]: [&mut [T]; 1]| {
                    transpose(&d_output[first * self.outputs..][..rows * self.outputs], self.outputs, columns);
                    multiply(d_weight, [self.outputs, rows, self.inputs], Matrix::rows(columns, rows), input, false);
                });
            }
        });
    }
}

/// Columns that a task moves: whole cache lines of what it reads.
const COLUMNS: usize = 64;
/// Rows and columns of a block that fits in registers.
const BLOCK: usize = 8;

/// Writes the columns of `from`, of `width` values a row, as rows.
fn transpose<T: Real>(from: &[T], width: usize, to: &mut [T]) {
    let rows = from.len() / width;
    to.par_chunks_mut(COLUMNS * rows).enumerate().for_each(|(task, to)| {
        vectorised(
            #[inline(always)]
            || {
                for (block, to) in to.chunks_mut(BLOCK * rows).enumerate() {
                    let first = task * COLUMNS + block * BLOCK;
                    let columns = to.len() / rows;
                    let whole = if columns == BLOCK { rows / BLOCK * BLOCK } else { 0 };
                    for row in (0..whole).step_by(BLOCK) {
                        let lines: [[T; BLOCK]; BLOCK] =
                            std::array::from_fn(|i| std::array::from_fn(|j| from[(row + i) * width + first..][..BLOCK][j]));
                        for j in 0..BLOCK {
                            let line: [T; BLOCK] = std::array::from_fn(|i| lines[i][j]);
                            to[j * rows + row..][..BLOCK].copy_from_slice(&line);
                        }
                    }
                    for (column, to) in to.chunks_mut(rows).enumerate() {
                        for (row, to) in to.iter_mut().enumerate().skip(whole) {
                            *to = from[row * width + first + column];
                        }
                    }
                }
            },
        );
    });
}
