// A matrix product C [rows, columns] = A [rows, inner] B [inner, columns] whose threads read their
// operands straight from memory: for real GPUs, and for results with few columns, few rows or few
// terms, of which a tile in workgroup memory would be mostly empty.
//
// The importing shader defines what product_tiled.wgsl asks for. Each thread computes 4 x 4
// results; the slices take turns of 4 terms each. The order of the sums is fixed.

#import product_sliced

// The terms from_k to end_k of the sums of one tile.
fn product(tile: vec2<u32>, thread: u32, from_k: u32, end_k: u32) {
    let member = thread % SLICE_THREADS;
    let row = tile.y * rows_of_tile() + member / ACROSS * 4u;
    let column = tile.x * PRODUCT_COLUMNS + member % ACROSS * 4u;
#repeat i 4
    var sum_$i = vec4(0.0);
#end
    for (var k = from_k + 4u * (thread / SLICE_THREADS); k < end_k; k += 4u * SLICES) {
        let a = fetch_a(row, k, end_k);
        let b = fetch_b(column, k, end_k);
#repeat j 4
#repeat i 4
        sum_$i = fma(vec4(a[$j][$i]), b[$j], sum_$i);
#end
#end
    }
    if SLICES > 1u {
        store_sums_of_slices(tile, thread, mat4x4(sum_0, sum_1, sum_2, sum_3));
    } else {
#repeat i 4
        store_inside(row + $iu, end_of_rows(tile), column, sum_$i);
#end
    }
}
