//! The CPU kernel of `shaders/linear_weight_adjoint.wgsl`.

use super::packed_copy;
use super::scratch::{OF_PASS, with_scratch};
use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::LinearWeightAdjoint;
use crate::gemm::{Matrix, multiply};

impl<T: Float> CpuKernel<T> for LinearWeightAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_weight, |memory, d_weight| {
            let (d_output, input) = (memory.reals(self.d_output), memory.reals(self.input));
            for (part, d_weight) in d_weight.chunks_mut(self.outputs * self.inputs).enumerate() {
                let first = part * self.stretch;
                let rows = self.stretch.min(self.rows - first);
                // A product runs along the rows of its left side, which go faster where they are
                // not spread over the memory.
                let lengths = [
                    self.outputs * rows,
                    packed_copy::workspace_len(self.outputs, rows, self.inputs),
                ];
                with_scratch(&OF_PASS, lengths, |[columns, scratch]: [&mut [T]; 2]| {
                    transpose(
                        &d_output[first * self.outputs..][..rows * self.outputs],
                        self.outputs,
                        columns,
                    );
                    let input =
                        packed_copy::copy(&input[first * self.inputs..], self.inputs, scratch);
                    multiply(
                        d_weight,
                        [self.outputs, rows, self.inputs],
                        Matrix::rows(columns, rows),
                        input,
                        false,
                    );
                });
            }
        });
    }
}

/// Columns of a block: a cache line of what is read.
const COLUMNS: usize = 16;
/// Rows of a block: a vector of what is written.
const ROWS: usize = 4;

/// Writes the columns of `from`, of `width` values a row, as rows.
fn transpose<T: Float>(from: &[T], width: usize, to: &mut [T]) {
    let rows = from.len() / width;
    for_chunks(
        to,
        COLUMNS * rows,
        #[inline(always)]
        |i, to| {
            let first = i * COLUMNS;
            let whole = if to.len() == COLUMNS * rows {
                rows / ROWS
            } else {
                0
            };
            for (block, lines) in from.chunks_exact(ROWS * width).take(whole).enumerate() {
                let lines = std::array::from_fn(|i| &lines[i * width + first..][..COLUMNS]);
                move_block(lines, &mut to[block * ROWS..], rows);
            }
            for (column, to) in to.chunks_mut(rows).enumerate() {
                for (row, to) in to.iter_mut().enumerate().skip(whole * ROWS) {
                    *to = from[row * width + first + column];
                }
            }
        },
    );
}

/// Writes the columns of a block, `stride` apart.
#[inline(always)]
fn move_block<T: Float>(lines: [&[T]; ROWS], to: &mut [T], stride: usize) {
    // Slices whose length the compiler knows are not checked at every value.
    let lines: [&[T; COLUMNS]; ROWS] =
        lines.map(|line| line.try_into().expect("a block has whole lines"));
    for column in 0..COLUMNS {
        to[column * stride..][..ROWS].copy_from_slice(&lines.map(|line| line[column]));
    }
}
