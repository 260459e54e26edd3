// A matrix product C [rows, columns] = A [rows, inner] B [inner, columns] in register tiles, operands read straight from memory:
// for software drivers, where barriers and workgroup memory cost more than they save.
//
// The importing shader defines extent() = (rows, inner, columns); load_a(row, k) and load_b(k, column), which are only called inside
// those bounds; and store(row, column, value). Each thread computes 8 rows of 8 columns that lie PRODUCT_THREADS apart, so that
// lanes run along columns and A is read uniformly. Sums run over k in order.

const PRODUCT_THREADS: u32 = 8u;
const PRODUCT_ROWS: u32 = 8u;
const PRODUCT_COLUMNS: u32 = 64u;

// The terms from_k to end_k of the sums of one tile.
fn product(tile: vec2<u32>, thread: u32, from_k: u32, end_k: u32) {
    let size = extent();
    let first_row = tile.y * PRODUCT_ROWS;
    let first_column = tile.x * PRODUCT_COLUMNS + thread;
    // Rows and columns beyond the edge are computed from the last ones and not stored: no branch inside the loop.
    var row: array<u32, 8>;
    var column: array<u32, 8>;
    for (var i = 0u; i < 8u; i++) {
        row[i] = min(first_row + i, size.x - 1u);
        column[i] = min(first_column + i * PRODUCT_THREADS, size.z - 1u);
    }
    var sums: array<array<f32, 8>, 8>;
    for (var k = from_k; k < end_k; k++) {
        var b: array<f32, 8>;
        for (var j = 0u; j < 8u; j++) {
            b[j] = load_b(k, column[j]);
        }
        for (var i = 0u; i < 8u; i++) {
            let a = load_a(row[i], k);
            for (var j = 0u; j < 8u; j++) {
                sums[i][j] = fma(a, b[j], sums[i][j]);
            }
        }
    }
    for (var i = 0u; i < 8u; i++) {
        for (var j = 0u; j < 8u; j++) {
            let r = first_row + i;
            let c = first_column + j * PRODUCT_THREADS;
            if r < size.x && c < size.z {
                store(r, c, sums[i][j]);
            }
        }
    }
}
