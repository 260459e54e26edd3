// A matrix product C [rows, columns] = A [rows, inner] B [inner, columns] in register tiles,
// operands read straight from memory: for software drivers, where barriers and workgroup memory
// cost more than they save.
//
// The importing shader defines extent() = (rows, inner, columns); load_a(row, k) and
// load_b(column, k), which are only called inside those bounds; and store(row, column, value). The sides of a
// tile are the host's choice (src/gpu/tile.rs), which stands here as $ROWS and so on. Each thread
// computes $ROWS rows of $STRIPES columns that lie PRODUCT_THREADS apart, so that lanes run along
// columns. Sums run over k in order. They are variables of their own, not an array, which software
// drivers keep in memory.
//
// Such drivers load lane by lane, so that loads and not sums are what a tile costs. Rows are the
// same for all lanes, so they come in groups of $LANES: a lane loads its own row of each group and
// hands it to the others, by the operation $BROADCAST. With 8 lanes that is one workgroup a
// subgroup, in the order of local_invocation_index; with 1, every lane loads every row and hands
// nothing over.

const PRODUCT_THREADS: u32 = 8u;
const PRODUCT_ROWS: u32 = $ROWSu;
const PRODUCT_COLUMNS: u32 = $COLUMNSu;

fn store_inside(row: u32, column: u32, sum: f32) {
    let size = extent();
    if row < size.x && column < size.z {
        store(row, column, sum);
    }
}

// The terms from_k to end_k of the sums of one tile.
fn product(tile: vec2<u32>, thread: u32, from_k: u32, end_k: u32) {
    let last = extent() - 1u;
    let first_row = tile.y * PRODUCT_ROWS;
    let first_column = tile.x * PRODUCT_COLUMNS + thread;
    // Rows and columns beyond the edge are computed from the last ones and not stored: no branch
    // inside the loop.
#repeat g $GROUPS
    let row_$g = min(first_row + $gu * $LANESu + thread % $LANESu, last.x);
#end
#repeat i $STRIPES
    let column_$i = min(first_column + $iu * PRODUCT_THREADS, last.z);
#end
#repeat g $GROUPS
#repeat l $LANES
#repeat j $STRIPES
    var sum_$g_$l_$j = 0.0;
#end
#end
#end
    // Two terms at a time, so that sums pass through memory half as often; the term beyond an odd
    // end is zero.
    for (var k = from_k; k < end_k; k += 2u) {
        let next = min(k + 1u, end_k - 1u);
        let weight = select(0.0, 1.0, next > k);
#repeat j $STRIPES
        let b_$j = load_b(column_$j, k);
        let next_b_$j = load_b(column_$j, next);
#end
#repeat g $GROUPS
        let own_$g = load_a(row_$g, k);
        let next_own_$g = load_a(row_$g, next) * weight;
#repeat l $LANES
        let a_$g_$l = $BROADCAST(own_$g, $lu);
        let next_a_$g_$l = $BROADCAST(next_own_$g, $lu);
#repeat j $STRIPES
        sum_$g_$l_$j = fma(next_a_$g_$l, next_b_$j, fma(a_$g_$l, b_$j, sum_$g_$l_$j));
#end
#end
#end
    }
#repeat g $GROUPS
#repeat l $LANES
#repeat j $STRIPES
    store_inside(first_row + $gu * $LANESu + $lu, first_column + $ju * PRODUCT_THREADS, sum_$g_$l_$j);
#end
#end
#end
}

// The broadcast of a single lane.
fn itself(value: f32, lane: u32) -> f32 {
    return value;
}
