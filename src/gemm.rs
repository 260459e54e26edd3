//! Matrix products through the `faer` library, on all cores.

use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par};

/// A matrix in memory: its values with the distance between rows and between columns.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    values: &'a [T],
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// [rows, columns] in row-major order.
    pub(crate) fn rows(values: &'a [T], columns: usize) -> Self {
        Self {
            values,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The transpose.
    pub(crate) fn transposed(self) -> Self {
        Self {
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The matrix as the library takes it.
    fn view(self, rows: usize, columns: usize) -> MatRef<'a, T> {
        assert!(rows > 0 && columns > 0, "a product needs rows and columns");
        assert!(
            self.values.len() > (rows - 1) * self.row_stride + (columns - 1) * self.column_stride
        );
        let (row_stride, column_stride) = (self.row_stride as isize, self.column_stride as isize);
        // SAFETY: the assertion keeps the last element, and with it every other, inside the slice
        // that is borrowed for 'a.
        unsafe {
            MatRef::from_raw_parts(
                self.values.as_ptr(),
                rows,
                columns,
                row_stride,
                column_stride,
            )
        }
    }
}

/// Products below this many multiplications are over before another thread has woken up.
const WORTH_SHARING: usize = 1 << 18;
/// Pieces along the columns, at most: enough to keep many cores busy, few enough that each still
/// runs at the full rate.
const PIECES: usize = 16;
/// Pieces, at least where the product has rows enough.
const ENOUGH: usize = 8;
/// Columns of a piece are a multiple of this.
const COLUMNS: usize = 64;
/// Rows of a piece, at least where the product has as many.
const ROWS: usize = 64;
/// Rows of a piece where there are pieces enough. Each arranges its part of the right side for the
/// processor, which is the same for all pieces below one another: a step of NRAE-L on the `mlp`
/// workload takes 4 to 8 % longer in pieces of 64 x 64.
const TALL: usize = 512;

/// output [rows, columns] = a [rows, inner] b [inner, columns], plus what is there where
/// `accumulate`.
///
/// The result is cut into pieces that depend on the shape alone, so the bits do not depend on the
/// number of threads.
pub(crate) fn multiply<T: ComplexField + Copy + Send + Sync>(
    output: &mut [T],
    [rows, inner, columns]: [usize; 3],
    a: Matrix<T>,
    b: Matrix<T>,
    accumulate: bool,
) {
    if rows * inner * columns < WORTH_SHARING {
        return gemm_single_threaded(output, [rows, inner, columns], a, b, accumulate);
    }
    let c = MatMut::from_row_major_slice_mut(&mut output[..rows * columns], rows, columns);
    let keep = if accumulate {
        Accum::Add
    } else {
        Accum::Replace
    };
    let width = columns.div_ceil(PIECES).next_multiple_of(COLUMNS);
    let down = (ENOUGH / columns.div_ceil(width)).max(rows / TALL).max(1);
    let height = rows.div_ceil(down).max(ROWS);
    pieces(
        c,
        a.view(rows, inner),
        b.view(inner, columns),
        keep,
        [height, width],
    );
}

/// The same on the calling thread alone.
pub(crate) fn gemm_single_threaded<T: ComplexField + Copy + Send + Sync>(
    output: &mut [T],
    [rows, inner, columns]: [usize; 3],
    a: Matrix<T>,
    b: Matrix<T>,
    accumulate: bool,
) {
    let c = MatMut::from_row_major_slice_mut(&mut output[..rows * columns], rows, columns);
    let keep = if accumulate {
        Accum::Add
    } else {
        Accum::Replace
    };
    multiply_piece(c, a.view(rows, inner), b.view(inner, columns), keep);
}

/// Cuts c = a b into halves, first along its columns, until pieces have no more than `height` rows
/// and `width` columns.
fn pieces<T: ComplexField + Copy + Send + Sync>(
    c: MatMut<T>,
    a: MatRef<T>,
    b: MatRef<T>,
    keep: Accum,
    [height, width]: [usize; 2],
) {
    // An integer number of pieces in each half.
    let middle = |side: usize, piece: usize| (side.div_ceil(piece) / 2) * piece;
    let (row, column) = (middle(c.nrows(), height), middle(c.ncols(), width));
    let next = |c, a, b| pieces(c, a, b, keep, [height, width]);
    if column > 0 {
        let ((left, right), (first, second)) = (c.split_at_col_mut(column), b.split_at_col(column));
        rayon::join(|| next(left, a, first), || next(right, a, second));
    } else if row > 0 {
        let ((upper, lower), (first, second)) = (c.split_at_row_mut(row), a.split_at_row(row));
        rayon::join(|| next(upper, first, b), || next(lower, second, b));
    } else {
        multiply_piece(c, a, b, keep);
    }
}

fn multiply_piece<T: ComplexField>(c: MatMut<T>, a: MatRef<T>, b: MatRef<T>, keep: Accum) {
    faer::linalg::matmul::matmul(c, keep, a, b, T::one_impl(), Par::Seq);
    leave_wide_registers();
}

/// The library's kernels leave the upper halves of the vector registers in use, which slows down
/// some processors' SSE instructions after them: without this a step of NRAE-L on the `mlp`
/// workload takes 2 % longer on an AMD EPYC.
pub(crate) fn leave_wide_registers() {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx") {
        // SAFETY: the processor has the instruction, which clears register halves that no code of
        // ours holds values in.
        unsafe { std::arch::x86_64::_mm256_zeroupper() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, Stream};

    /// Every combination of transposes, over sizes with 1 and with pieces that do not come out
    /// even.
    #[test]
    fn products_agree_with_their_definition() {
        let mut generator = Generator::new(1, Stream::Test, 0);
        for [rows, inner, columns] in [
            [1, 1, 1],
            [3, 70, 1],
            [129, 5, 3],
            [150, 40, 200],
            [200, 33, 131],
            [1, 600, 600],
        ] {
            let mut draw = |len: usize| -> Vec<f32> {
                (0..len).map(|_| generator.uniform() as f32 - 0.5).collect()
            };
            let (a, b, start) = (
                draw(rows * inner),
                draw(inner * columns),
                draw(rows * columns),
            );
            for (ta, tb, accumulate) in [
                (false, false, false),
                (true, false, true),
                (false, true, false),
                (true, true, true),
            ] {
                let at =
                    |values: &[f32], transposed: bool, i: usize, j: usize, [m, n]: [usize; 2]| {
                        f64::from(values[if transposed { j * m + i } else { i * n + j }])
                    };
                let matrix = |values, transposed: bool, [m, n]: [usize; 2]| {
                    if transposed {
                        Matrix::rows(values, m).transposed()
                    } else {
                        Matrix::rows(values, n)
                    }
                };
                let mut output = start.clone();
                let (left, right) = (
                    matrix(&a, ta, [rows, inner]),
                    matrix(&b, tb, [inner, columns]),
                );
                multiply(&mut output, [rows, inner, columns], left, right, accumulate);
                for i in 0..rows {
                    for j in 0..columns {
                        let before = if accumulate {
                            f64::from(start[i * columns + j])
                        } else {
                            0.0
                        };
                        let term = |k: usize| {
                            at(&a, ta, i, k, [rows, inner]) * at(&b, tb, k, j, [inner, columns])
                        };
                        let want = before + (0..inner).map(term).sum::<f64>();
                        approx::assert_abs_diff_eq!(
                            f64::from(output[i * columns + j]),
                            want,
                            epsilon = 1e-4
                        );
                    }
                }
            }
        }
    }
}
