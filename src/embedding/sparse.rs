//! Matrices with few elements that are not zero, row by row.

use rayon::prelude::*;

/// A matrix whose elements are stored by rows, in the order of columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sparse {
    /// `[rows + 1]`: where each row begins in `columns` and `values`, and where the last one ends.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    /// Number of columns.
    width: usize,
}

impl Sparse {
    /// The matrix of these rows of (column, value); each must come in the order of columns.
    pub(super) fn from_rows(rows: impl IntoIterator<Item = Vec<(u32, f64)>>, width: usize) -> Self {
        let mut result = Self {
            starts: vec![0],
            columns: vec![],
            values: vec![],
            width,
        };
        for row in rows {
            debug_assert!(
                row.is_sorted_by(|a, b| a.0 < b.0)
                    && row
                        .last()
                        .is_none_or(|&(column, _)| (column as usize) < width)
            );
            result.columns.extend(row.iter().map(|&(column, _)| column));
            result.values.extend(row.iter().map(|&(_, value)| value));
            result.starts.push(result.columns.len());
        }
        result
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// (column, value) of the elements of `row`, in the order of columns.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.starts[row]..self.starts[row + 1];
        self.columns[range.clone()]
            .iter()
            .zip(&self.values[range])
            .map(|(&column, &value)| (column as usize, value))
    }

    /// `[rows]`: the sum of each row.
    pub(super) fn row_sums(&self) -> Vec<f64> {
        (0..self.rows())
            .map(|row| self.row(row).map(|(_, value)| value).sum())
            .collect()
    }

    /// Multiplies the element in (row, column) by `factor`(row, column).
    pub(super) fn scale(&mut self, factor: impl Fn(usize, usize) -> f64) {
        for row in 0..self.rows() {
            let range = self.starts[row]..self.starts[row + 1];
            for (&column, value) in self.columns[range.clone()]
                .iter()
                .zip(&mut self.values[range])
            {
                *value *= factor(row, column as usize);
            }
        }
    }

    /// The transpose.
    pub(super) fn transposed(&self) -> Self {
        let mut starts = vec![0; self.width + 1];
        self.columns
            .iter()
            .for_each(|&column| starts[column as usize + 1] += 1);
        (0..self.width).for_each(|column| starts[column + 1] += starts[column]);
        let (mut columns, mut values) =
            (vec![0; self.columns.len()], vec![0.0; self.columns.len()]);
        let mut next = starts.clone();
        for row in 0..self.rows() {
            for (column, value) in self.row(row) {
                columns[next[column]] = row as u32;
                values[next[column]] = value;
                next[column] += 1;
            }
        }
        Self {
            starts,
            columns,
            values,
            width: self.rows(),
        }
    }

    /// The product with `dense` [columns, width]: [rows, width].
    pub(super) fn apply(&self, dense: &[f64], width: usize) -> Vec<f64> {
        let mut result = vec![0.0; self.rows() * width];
        result
            .par_chunks_mut(width)
            .enumerate()
            .for_each(|(row, output)| {
                for (column, value) in self.row(row) {
                    output
                        .iter_mut()
                        .zip(&dense[column * width..][..width])
                        .for_each(|(sum, other)| *sum += value * other);
                }
            });
        result
    }

    /// [rows, columns], zeros included.
    pub(super) fn to_dense(&self) -> Vec<f64> {
        let mut result = vec![0.0; self.rows() * self.width];
        for row in 0..self.rows() {
            self.row(row)
                .for_each(|(column, value)| result[row * self.width + column] = value);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transpose_and_product_agree_with_the_dense_matrix() {
        let matrix = Sparse::from_rows(
            [
                vec![(0, 1.0), (2, 2.0)],
                vec![],
                vec![(1, 3.0)],
                vec![(0, 4.0), (1, 5.0), (2, 6.0)],
            ],
            3,
        );
        assert_eq!(
            matrix.to_dense(),
            [1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0, 4.0, 5.0, 6.0]
        );
        assert_eq!(matrix.row_sums(), [3.0, 0.0, 3.0, 15.0]);
        let transposed = matrix.transposed();
        assert_eq!(
            transposed.to_dense(),
            [1.0, 0.0, 0.0, 4.0, 0.0, 0.0, 3.0, 5.0, 2.0, 0.0, 0.0, 6.0]
        );
        assert_eq!(transposed.transposed(), matrix);
        assert_eq!(
            matrix.apply(&[1.0, 10.0, 2.0, 20.0, 3.0, 30.0], 2),
            [7.0, 70.0, 0.0, 0.0, 6.0, 60.0, 32.0, 320.0]
        );
    }
}
