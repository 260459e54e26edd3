//! Sparse matrices, as SciPy and AnnData keep them, made dense.

use crate::data::array::{Array, Values};
use std::ops::AddAssign;

/// A matrix that would take more than this is refused.
const MOST_BYTES: u64 = 8 << 30;
/// One that would take more than this ...
const LARGE: u64 = 16 << 20;
/// ... is refused where it has fewer than one entry in so many.
const FEWEST: u64 = 4096;

/// Where the entries of a sparse matrix are.
pub(super) enum Layout {
    /// The columns of row i are `indices[pointers[i]..pointers[i + 1]]` (CSR).
    Rows {
        pointers: Vec<u64>,
        indices: Vec<u64>,
    },
    /// The rows of column j are `indices[pointers[j]..pointers[j + 1]]` (CSC).
    Columns {
        pointers: Vec<u64>,
        indices: Vec<u64>,
    },
    /// Entry e is in row `rows[e]` and column `columns[e]` (COO); those of one place are added.
    Places { rows: Vec<u64>, columns: Vec<u64> },
}

/// Bytes of a dense matrix of `shape`, and the percentage of its `entries`.
///
/// # Errors
/// When it is too large, as the end of a sentence that begins with the file's name.
pub(super) fn estimate([rows, columns]: [u64; 2], entries: u64) -> Result<(u64, f64), String> {
    // The network takes f32.
    let count = rows.checked_mul(columns);
    let bytes = count
        .and_then(|count| count.checked_mul(4))
        .unwrap_or(u64::MAX);
    let percent = 100.0 * entries as f64 / (rows as f64 * columns as f64).max(1.0);
    // A damaged file may claim any shape.
    let empty = bytes > LARGE && bytes / 4 / FEWEST > entries;
    if bytes > MOST_BYTES || empty {
        return Err(format!(
            "is a sparse matrix of {rows} x {columns} with {percent:.2} % entries, which takes {} when made dense: reduce it first, for \
             example to the most variable columns or by sklearn.decomposition.TruncatedSVD",
            size(bytes)
        ));
    }
    Ok((bytes, percent))
}

/// The dense matrix [rows, columns] of the entries `data`, and what is said of it. Errors and words
/// are the ends of sentences that begin with the file's name.
pub(super) fn dense(
    shape: [u64; 2],
    data: &Values,
    layout: &Layout,
) -> Result<(Array, String), String> {
    let (bytes, percent) = estimate(shape, data.len() as u64)?;
    let values = match data {
        Values::Doubles(data) => Values::Doubles(filled(shape, &data.whole(), layout)?.into()),
        data => Values::Floats(filled(shape, &data.to_floats(), layout)?.into()),
    };
    let shape = shape.map(|extent| extent as usize).to_vec();
    let words = format!(
        "sparse ({percent:.1} % entries), made dense: {}",
        size(bytes)
    );
    Ok((Array { shape, values }, words))
}

fn filled<T: Copy + Default + AddAssign>(
    [rows, columns]: [u64; 2],
    data: &[T],
    layout: &Layout,
) -> Result<Vec<T>, String> {
    let mut values = vec![T::default(); (rows * columns) as usize];
    let damaged = || "is damaged: its sparse matrix has an entry outside of its shape".to_owned();
    let mut add = |row: u64, column: u64, value: T| {
        if row >= rows || column >= columns {
            return Err(damaged());
        }
        values[(row * columns + column) as usize] += value;
        Ok(())
    };
    match layout {
        Layout::Rows { pointers, indices } => {
            compressed(pointers, indices, data, rows, &mut add)?;
        }
        Layout::Columns { pointers, indices } => {
            compressed(pointers, indices, data, columns, |major, minor, value| {
                add(minor, major, value)
            })?;
        }
        Layout::Places { rows, columns } => {
            if rows.len() != data.len() || columns.len() != data.len() {
                return Err(damaged());
            }
            for ((row, column), value) in rows.iter().zip(columns).zip(data) {
                add(*row, *column, *value)?;
            }
        }
    }
    Ok(values)
}

/// Calls `add` with (major, minor, value) of every entry of a compressed matrix of `extent` majors.
fn compressed<T: Copy>(
    pointers: &[u64],
    indices: &[u64],
    data: &[T],
    extent: u64,
    mut add: impl FnMut(u64, u64, T) -> Result<(), String>,
) -> Result<(), String> {
    if pointers.len() as u64 != extent + 1 || indices.len() != data.len() {
        return Err(format!(
            "is damaged: its sparse matrix has {} pointers for {extent} rows or columns, and {} places for {} entries",
            pointers.len(),
            indices.len(),
            data.len()
        ));
    }
    for (major, ends) in pointers.windows(2).enumerate() {
        let (start, end) = (ends[0] as usize, ends[1] as usize);
        if start > end || end > data.len() {
            return Err("is damaged: the pointers of its sparse matrix do not ascend".into());
        }
        for at in start..end {
            add(major as u64, indices[at], data[at])?;
        }
    }
    Ok(())
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    let (amount, unit) = match bytes {
        0..0x10_0000 => (bytes as f64 / 1024.0, "KiB"),
        0x10_0000..0x4000_0000 => (bytes as f64 / f64::from(1 << 20), "MiB"),
        _ => (bytes as f64 / f64::from(1 << 30), "GiB"),
    };
    format!("{amount:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_that_are_large_or_almost_empty_are_refused() {
        assert!(estimate([1000, 1000], 0).is_ok());
        assert!(estimate([20_000, 50_000], 1_000_000).is_ok());
        for (shape, entries) in [
            ([100_000, 100_000], 1 << 30),
            ([12, 20_000_000], 30),
            ([u64::MAX, 2], 0),
        ] {
            let refused = estimate(shape, entries).unwrap_err();
            assert!(refused.starts_with("is a sparse matrix of"), "{refused}");
        }
    }

    #[test]
    fn every_layout_gives_the_same_matrix() {
        // [[0, 2, 0], [1, 0, 3]]
        let layouts = [
            (
                [2.0, 1.0, 3.0],
                Layout::Rows {
                    pointers: vec![0, 1, 3],
                    indices: vec![1, 0, 2],
                },
            ),
            (
                [1.0, 2.0, 3.0],
                Layout::Columns {
                    pointers: vec![0, 1, 2, 3],
                    indices: vec![1, 0, 1],
                },
            ),
            (
                [3.0, 2.0, 1.0],
                Layout::Places {
                    rows: vec![1, 0, 1],
                    columns: vec![2, 1, 0],
                },
            ),
        ];
        for (data, layout) in layouts {
            let expected = vec![0.0, 2.0, 0.0, 1.0, 0.0, 3.0];
            let (array, _) =
                dense([2, 3], &Values::Doubles(data.to_vec().into()), &layout).unwrap();
            assert_eq!(array.values, Values::Doubles(expected.into()));
        }
    }

    #[test]
    fn damage_and_absurd_sizes_are_sentences() {
        let places = |row| Layout::Places {
            rows: vec![row],
            columns: vec![0],
        };
        let refused = |shape, layout: &Layout| {
            dense(shape, &Values::Floats(vec![1.0].into()), layout).unwrap_err()
        };
        assert!(refused([2, 2], &places(2)).contains("outside of its shape"));
        let huge = refused([1_000_000, 1_000_000], &places(0));
        assert!(huge.contains("3725.3 GiB when made dense"), "{huge}");
        assert!(refused([u64::MAX, 9], &places(0)).contains("made dense"));
        let rows = |pointers: &[u64]| Layout::Rows {
            pointers: pointers.to_vec(),
            indices: vec![0],
        };
        assert!(refused([1, 1], &rows(&[0])).contains("1 pointers for 1 rows"));
        assert!(refused([1, 1], &rows(&[1, 0])).contains("do not ascend"));
        assert!(refused([1, 1], &rows(&[0, 9])).contains("do not ascend"));
    }
}
