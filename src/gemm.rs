//! Matrix products on all cores: by the crate `private-gemm-x86` where it has kernels for the
//! processor, else by the `gemm` crates. The former multiplies by a transposed right side, as every
//! linear layer does, at the full rate; the latter at seven tenths of it (AMD EPYC, 400 x 512 x 512).

use gemm_common::Parallelism;
#[cfg(target_arch = "x86_64")]
use private_gemm_x86::InstrSet;
use rayon::prelude::*;
#[cfg(target_arch = "x86_64")]
use std::ptr;

/// A product of one of the crates: c = alpha c + beta a b, of c's rows, c's columns, the inner
/// extent; c, with its distances between columns and between rows, and whether it is read; a and b
/// with theirs; alpha and beta; whether to conjugate c, a and b.
type Product<T> = unsafe fn(
    usize,
    usize,
    usize,
    *mut T,
    isize,
    isize,
    bool,
    *const T,
    isize,
    isize,
    *const T,
    isize,
    isize,
    T,
    T,
    bool,
    bool,
    bool,
    Parallelism,
);

/// A kind of number that has matrix products.
pub trait Element: Copy + Send + Sync + 'static {
    /// 1
    const ONE: Self;
    /// The name of its kind in assembled kernels.
    #[cfg(target_arch = "x86_64")]
    const KIND: private_gemm_x86::DType;
    /// The product for this processor.
    fn product() -> Product<Self>;
}

impl Element for f32 {
    const ONE: Self = 1.0;
    #[cfg(target_arch = "x86_64")]
    const KIND: private_gemm_x86::DType = private_gemm_x86::DType::F32;
    #[inline]
    fn product() -> Product<Self> {
        gemm_f32::gemm::f32::get_gemm_fn()
    }
}

impl Element for f64 {
    const ONE: Self = 1.0;
    #[cfg(target_arch = "x86_64")]
    const KIND: private_gemm_x86::DType = private_gemm_x86::DType::F64;
    #[inline]
    fn product() -> Product<Self> {
        gemm_f64::gemm::f64::get_gemm_fn()
    }
}

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

    /// What remains from this row and column on.
    fn from(self, row: usize, column: usize) -> Self {
        let start = row * self.row_stride + column * self.column_stride;
        Self {
            values: &self.values[start..],
            ..self
        }
    }

    /// Whether the values are those of so many rows and columns.
    fn holds(&self, rows: usize, columns: usize) -> bool {
        let last = (rows - 1) * self.row_stride + (columns - 1) * self.column_stride;
        last < self.values.len()
    }
}

/// An element of an output whose rows are `stride` apart, with those to its right and below it.
#[derive(Clone, Copy)]
struct Output<T> {
    first: *mut T,
    stride: usize,
}

// SAFETY: it is a pointer into a slice that is borrowed for as long as threads share it, and each
// writes elements of its own.
unsafe impl<T: Send> Send for Output<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Output<T> {}

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
pub(crate) fn multiply<T: Element>(
    output: &mut [T],
    [rows, inner, columns]: [usize; 3],
    a: Matrix<T>,
    b: Matrix<T>,
    accumulate: bool,
) {
    if rows * inner * columns < WORTH_SHARING {
        return gemm_single_threaded(output, [rows, inner, columns], a, b, accumulate);
    }
    let width = columns.div_ceil(PIECES).next_multiple_of(COLUMNS);
    let across = columns.div_ceil(width);
    let down = (ENOUGH / across).max(rows / TALL).max(1);
    let height = rows.div_ceil(down).max(ROWS);
    let down = rows.div_ceil(height);
    let output = Output::new(output, [rows, columns]);
    let piece = |at: usize| {
        let (row, column) = (at % down * height, at / down * width);
        let shape = [height.min(rows - row), inner, width.min(columns - column)];
        // SAFETY: pieces have no element in common, and all are in the output.
        unsafe {
            output
                .from(row, column)
                .write(shape, a.from(row, 0), b.from(0, column), accumulate)
        };
    };
    let pieces = (0..across * down).into_par_iter();
    pieces.with_max_len(1).for_each(piece);
}

/// The same on the calling thread alone.
pub(crate) fn gemm_single_threaded<T: Element>(
    output: &mut [T],
    [rows, inner, columns]: [usize; 3],
    a: Matrix<T>,
    b: Matrix<T>,
    accumulate: bool,
) {
    let output = Output::new(output, [rows, columns]);
    // SAFETY: the slice is borrowed and has as many elements.
    unsafe { output.write([rows, inner, columns], a, b, accumulate) };
}

impl<T: Element> Output<T> {
    /// The first element of [rows, columns].
    fn new(output: &mut [T], [rows, columns]: [usize; 2]) -> Self {
        assert!(
            rows * columns <= output.len(),
            "the output has too few elements"
        );
        Self {
            first: output.as_mut_ptr(),
            stride: columns,
        }
    }

    /// The element so many rows and columns further on.
    ///
    /// # Safety
    /// It must be in the same slice.
    unsafe fn from(self, row: usize, column: usize) -> Self {
        Self {
            // SAFETY: the caller's.
            first: unsafe { self.first.add(row * self.stride + column) },
            ..self
        }
    }

    /// [rows, columns] from here on = a [rows, inner] b [inner, columns], plus what is there where
    /// `accumulate`.
    ///
    /// # Safety
    /// So many rows and columns must be in the slice, and no other thread may read or write them.
    unsafe fn write(
        self,
        [rows, inner, columns]: [usize; 3],
        a: Matrix<T>,
        b: Matrix<T>,
        accumulate: bool,
    ) {
        assert!(
            rows > 0 && inner > 0 && columns > 0,
            "a product needs rows and columns"
        );
        assert!(a.holds(rows, inner) && b.holds(inner, columns));
        #[cfg(target_arch = "x86_64")]
        if let Some(instructions) = assembled([rows, inner, columns]) {
            // SAFETY: the assertions keep the last elements that are read, and with them every
            // other, inside their slices; the caller keeps those that are written; the processor
            // has the instructions.
            unsafe { self.write_assembled(instructions, [rows, inner, columns], a, b, accumulate) };
            return;
        }
        let product = T::product();
        // It writes columns: the transpose, c^T = b^T a^T.
        // SAFETY: the assertions keep the last elements that are read, and with them every other,
        // inside their slices; the caller keeps those that are written.
        unsafe {
            product(
                columns,
                rows,
                inner,
                self.first,
                self.stride as isize,
                1,
                accumulate,
                b.values.as_ptr(),
                b.row_stride as isize,
                b.column_stride as isize,
                a.values.as_ptr(),
                a.row_stride as isize,
                a.column_stride as isize,
                T::ONE,
                T::ONE,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }

    /// [`Self::write`] by kernels in these instructions.
    ///
    /// # Safety
    /// As there; the processor must have the instructions, and the matrices the elements.
    #[cfg(target_arch = "x86_64")]
    unsafe fn write_assembled(
        self,
        instructions: InstrSet,
        [rows, inner, columns]: [usize; 3],
        a: Matrix<T>,
        b: Matrix<T>,
        accumulate: bool,
    ) {
        let keep = if accumulate {
            private_gemm_x86::Accum::Add
        } else {
            private_gemm_x86::Accum::Replace
        };
        // SAFETY: the caller's.
        unsafe {
            private_gemm_x86::gemm(
                T::KIND,
                private_gemm_x86::IType::U64,
                instructions,
                rows,
                columns,
                inner,
                self.first.cast(),
                self.stride as isize,
                1,
                ptr::null(),
                ptr::null(),
                private_gemm_x86::DstKind::Full,
                keep,
                a.values.as_ptr().cast(),
                a.row_stride as isize,
                a.column_stride as isize,
                false,
                ptr::null(),
                0,
                b.values.as_ptr().cast(),
                b.row_stride as isize,
                b.column_stride as isize,
                false,
                ptr::from_ref(&T::ONE).cast(),
                1,
            );
            // The kernels leave the upper halves of the vector registers in use, which slows down
            // some processors' SSE instructions after them: without this a step of NRAE-L on the
            // `mlp` workload takes 2 % longer on an AMD EPYC.
            std::arch::x86_64::_mm256_zeroupper();
        }
    }
}

/// Multiplications below which the assembled kernels take longer to begin than to end.
#[cfg(target_arch = "x86_64")]
const SMALL: usize = 16 * 16 * 16;
/// Columns below which they gain nothing. They arrange operands in memory that each thread keeps,
/// twice the size of the last cache, so that what never needs them should not begin with it.
#[cfg(target_arch = "x86_64")]
const NARROW: usize = 16;

/// The instructions of the assembled kernels for a product on this processor, if it has them.
#[cfg(target_arch = "x86_64")]
fn assembled([rows, inner, columns]: [usize; 3]) -> Option<InstrSet> {
    if columns < NARROW || rows * inner * columns < SMALL {
        None
    } else if is_x86_feature_detected!("avx512f") {
        Some(InstrSet::Avx512)
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        Some(InstrSet::Avx256)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, Stream};
    use rand::RngExt;

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
                (0..len).map(|_| generator.random::<f32>() - 0.5).collect()
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
