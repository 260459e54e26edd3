//! Matrix products through the `gemm` library.

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
        Self { values, row_stride: columns, column_stride: 1 }
    }

    /// The transpose.
    pub(crate) fn transposed(self) -> Self {
        Self { row_stride: self.column_stride, column_stride: self.row_stride, ..self }
    }
}

/// output [rows, columns] = a [rows, inner] b [inner, columns], plus what is there where `accumulate`.
pub(crate) fn multiply<T: Copy + From<u8> + 'static>(
    output: &mut [T],
    [rows, inner, columns]: [usize; 3],
    a: Matrix<T>,
    b: Matrix<T>,
    accumulate: bool,
) {
    let last = |m: &Matrix<T>, r: usize, c: usize| (r - 1) * m.row_stride + (c - 1) * m.column_stride;
    assert!(rows > 0 && inner > 0 && columns > 0, "a product needs rows and columns");
    assert!(
        output.len() >= rows * columns && a.values.len() > last(&a, rows, inner) && b.values.len() > last(&b, inner, columns)
    );
    // Small products are over before another thread has woken up.
    let parallelism = if rows * inner * columns < 1 << 18 { gemm::Parallelism::None } else { gemm::Parallelism::Rayon(0) };
    // SAFETY: the assertions above keep every access of the product inside the three slices, and `output` is borrowed mutably.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            output.as_mut_ptr(),
            1,
            columns as isize,
            accumulate,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            T::from(1),
            T::from(1),
            false,
            false,
            false,
            parallelism,
        );
    }
}
