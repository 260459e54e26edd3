// What the products of tiles have in common. A workgroup computes $ROWS x $COLUMNS results. The
// terms are cut into $SLICES slices, each with threads of its own that sum it for all results
// (sliced-K), and what the slices have is added up in their order.

// Rows that are not to be cut apart, such as the slots of a jet: of a tile, whole sets of them are
// stored.
override ROWS_PER_JET: u32 = 1u;

const PRODUCT_ROWS: u32 = $ROWSu;
const PRODUCT_COLUMNS: u32 = $COLUMNSu;
const ACROSS: u32 = $THREADS_ACROSSu;
const DOWN: u32 = $THREADS_DOWNu;
const SLICE_THREADS: u32 = ACROSS * DOWN;
const SLICES: u32 = $SLICESu;
const PRODUCT_THREADS: u32 = SLICE_THREADS * SLICES;

// Operands, and in the end the sums of all slices.
var<workgroup> quads: array<vec4<f32>, $SLOTS>;

#import store

// Rows of a tile that are stored.
fn rows_of_tile() -> u32 {
    return PRODUCT_ROWS / ROWS_PER_JET * ROWS_PER_JET;
}

// The row behind the last one that a tile stores.
fn end_of_rows(tile: vec2<u32>) -> u32 {
    return min((tile.y + 1u) * rows_of_tile(), extent().x);
}

// Stores the sums over all slices, of which each thread has 4 x 4.
fn store_sums_of_slices(tile: vec2<u32>, thread: u32, sums: mat4x4<f32>) {
#repeat i 4
    quads[$iu * PRODUCT_THREADS + thread] = sums[$i];
#end
    workgroupBarrier();
    for (var at = thread; at < 4u * SLICE_THREADS; at += PRODUCT_THREADS) {
        let member = at % SLICE_THREADS;
        let first = at / SLICE_THREADS * PRODUCT_THREADS + member;
        var sum = quads[first];
        for (var slice = 1u; slice < SLICES; slice++) {
            sum += quads[first + slice * SLICE_THREADS];
        }
        let row = tile.y * rows_of_tile() + member / ACROSS * 4u + at / SLICE_THREADS;
        store_inside(row, end_of_rows(tile), tile.x * PRODUCT_COLUMNS + member % ACROSS * 4u, sum);
    }
}
