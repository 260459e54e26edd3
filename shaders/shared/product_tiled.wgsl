// A matrix product C [rows, columns] = A [rows, inner] B [inner, columns] in tiles of workgroup memory: for real GPUs.
//
// The importing shader defines extent() = (rows, inner, columns); load_a(row, k) and load_b(k, column), which are only called inside
// those bounds; whether they are contiguous along k (A_ALONG_K, B_ALONG_K); and store(row, column, value). A workgroup of 256 threads
// computes 64 x 64 results, 4 x 4 a thread, over steps of 16 along k. Sums run over k in order.

const PRODUCT_THREADS: u32 = 256u;
const PRODUCT_ROWS: u32 = 64u;
const PRODUCT_COLUMNS: u32 = 64u;
const DEPTH: u32 = 16u;
// A padded row keeps threads that store along k out of each other's banks.
const PITCH: u32 = 68u;

var<workgroup> tile_a: array<f32, 1088>; // [DEPTH, PITCH]
var<workgroup> tile_b: array<f32, 1088>;

// Element (position along rows or columns, position along k) that a thread moves on its e-th of 4 turns.
fn moved(thread: u32, e: u32, along_k: bool) -> vec2<u32> {
    let i = e * PRODUCT_THREADS + thread;
    if along_k {
        return vec2(i / DEPTH, i % DEPTH);
    }
    return vec2(i % 64u, i / 64u);
}

// The terms from_k to end_k of the sums of one tile.
fn product(tile: vec2<u32>, thread: u32, from_k: u32, end_k: u32) {
    let size = extent();
    let first_row = tile.y * PRODUCT_ROWS;
    let first_column = tile.x * PRODUCT_COLUMNS;
    let my_row = (thread / 16u) * 4u;
    let my_column = (thread % 16u) * 4u;
    var sums: array<vec4<f32>, 4>;
    for (var begin = from_k; begin < end_k; begin += DEPTH) {
        for (var e = 0u; e < 4u; e++) {
            let a = moved(thread, e, A_ALONG_K);
            var value = 0.0;
            if first_row + a.x < size.x && begin + a.y < end_k {
                value = load_a(first_row + a.x, begin + a.y);
            }
            tile_a[a.y * PITCH + a.x] = value;
            let b = moved(thread, e, B_ALONG_K);
            value = 0.0;
            if first_column + b.x < size.z && begin + b.y < end_k {
                value = load_b(begin + b.y, first_column + b.x);
            }
            tile_b[b.y * PITCH + b.x] = value;
        }
        workgroupBarrier();
        for (var k = 0u; k < DEPTH; k++) {
            let at_a = k * PITCH + my_row;
            let at_b = k * PITCH + my_column;
            let b = vec4(tile_b[at_b], tile_b[at_b + 1u], tile_b[at_b + 2u], tile_b[at_b + 3u]);
            for (var i = 0u; i < 4u; i++) {
                sums[i] = fma(vec4(tile_a[at_a + i]), b, sums[i]);
            }
        }
        workgroupBarrier();
    }
    for (var i = 0u; i < 4u; i++) {
        for (var j = 0u; j < 4u; j++) {
            let r = first_row + my_row + i;
            let c = first_column + my_column + j;
            if r < size.x && c < size.z {
                store(r, c, sums[i][j]);
            }
        }
    }
}
