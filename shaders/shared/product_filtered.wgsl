// The nine products of minimal filtering (Winograd 1980; Lavin and Gray 2016) in one workgroup, in
// the place of the sixteen of a filter with 2 x 2 taps on tiles of 2 x 2 outputs: for real GPUs.
// Along one axis, with values g0, g1 and pixels d0, d1, d2,
//
//   m = (g0, g0 + g1, g1) * (d0 - d1, d1, d2 - d1),  (m0 + m1, m1 + m2) = (g0 d0 + g1 d1, g0 d1 + g1 d2),
//
// and the same along the other axis with what that gives. Summed over terms, each of the nine is a
// product of matrices A [rows, terms] and B [terms, columns], whose elements are formed while they
// go from memory to the workgroup's: A's of 2 x 2 values, B's of 3 x 3 pixels. What is stored for a
// row and a column are 2 x 2 results. Values may be taps and results outputs, or values gradients
// to outputs and results gradients to taps.
//
// The importing shader defines extent() = (rows, terms, columns); fetch_a(row, k, slot, end_k), the
// values (0, 0), (0, 1), (1, 0), (1, 1) of two neighbouring rows at term k + slot, of which k moves
// and slot does not; fetch_b(column, k, slot, end_k), the pixels of two neighbouring columns; 0 from
// end_k on, and beyond the last row or column anything finite; and store_results(row, column,
// values). A thread computes $PAIRS_A x $PAIRS_B squares of 2 x 2 elements of one of the products.
// While it does that at 4 terms, the values of the next 4 are on their way into registers. The order
// of the sums is fixed.

const DEPTH: u32 = 4u;
const PRODUCT_ROWS: u32 = $ROWSu;
const PRODUCT_COLUMNS: u32 = $COLUMNSu;
// Threads of a product, 4 x 4.
const TEAM: u32 = 16u;
const PRODUCT_THREADS: u32 = 9u * TEAM;
// Pairs of neighbours from one term to the next. Beyond the number of pairs by 4, so that 4 terms of
// 4 pairs, which neighbouring threads store, lie in different banks.
const PITCH_A: u32 = PRODUCT_ROWS / 2u + 4u;
const PITCH_B: u32 = PRODUCT_COLUMNS / 2u + 4u;
const FIRST_B: u32 = 9u * DEPTH * PITCH_A;
// Threads that move a pair of B at a term, and a pair of A.
const MOVE_B: u32 = PRODUCT_COLUMNS / 2u * DEPTH;
const MOVE_A: u32 = PRODUCT_ROWS / 2u * DEPTH;
const ROWS_OF_THREAD: u32 = 2u * $PAIRS_Au;

// Operands [9, DEPTH, pitch] of A and of B, and in the end the products [9, ROWS_OF_THREAD, TEAM] of
// a pair of columns of each thread.
var<workgroup> pairs: array<vec2<f32>, $SLOTS>;

// The pixels of two columns: columns of a matrix are columns of the image.
struct Pixels {
    first: mat3x3<f32>,
    second: mat3x3<f32>,
}

// What the products take of 3 x 3 pixels, [along the width][along the height].
fn differences(d: mat3x3<f32>) -> mat3x3<f32> {
    let along = mat3x3(d[0] - d[1], d[1], d[2] - d[1]);
    return mat3x3(
#repeat i 3
        vec3(along[$i].x - along[$i].y, along[$i].y, along[$i].z - along[$i].y),
#end
    );
}

// What the products take of 2 x 2 values, likewise.
fn sums(g: vec4<f32>) -> mat3x3<f32> {
    let left = vec3(g.x, g.x + g.z, g.z);
    let right = vec3(g.y, g.y + g.w, g.w);
    return mat3x3(left, left + right, right);
}

// Stores the results of a pair of columns that begins at place `q` of each thread.
fn store_results_of_pair(first_row: u32, first_column: u32, q: u32, thread: u32) {
    if thread >= ROWS_OF_THREAD * TEAM {
        return;
    }
#repeat a 3
#repeat d 3
    let m$a$d = pairs[(3u * $au + $du) * ROWS_OF_THREAD * TEAM + thread];
#end
#end
    let place = thread / TEAM;
    let row = first_row + 2u * (place / 2u * 4u + thread % TEAM / 4u) + place % 2u;
    let column = first_column + 2u * (4u * q + thread % 4u);
    if row >= extent().x {
        return;
    }
    let top_left = m00 + m01 + (m10 + m11);
    let top_right = m10 + m11 + (m20 + m21);
    let bottom_left = m01 + m02 + (m11 + m12);
    let bottom_right = m11 + m12 + (m21 + m22);
#repeat i 2
    if column + $iu < extent().z {
        store_results(row, column + $iu, vec4(top_left[$i], top_right[$i], bottom_left[$i], bottom_right[$i]));
    }
#end
}

// The terms from_k to end_k of the sums of one tile.
fn product(tile: vec2<u32>, thread: u32, from_k: u32, end_k: u32) {
    let first_row = tile.y * PRODUCT_ROWS;
    let first_column = tile.x * PRODUCT_COLUMNS;
    let number = thread / TEAM;
    let down = thread % TEAM / 4u;
    let across = thread % 4u;
    let slot = thread % DEPTH;
    let moves_b = thread < MOVE_B;
    let moves_a = !moves_b && thread < MOVE_B + MOVE_A;
    var moved: Pixels;
#repeat p $PAIRS_A
#repeat i 2
#repeat q $PAIRS_B
    var sum_$p_$i_$q = vec2(0.0);
#end
#end
#end
    // One turn more than there are steps: the first only fetches, the last only computes.
    let steps = (end_k - from_k + DEPTH - 1u) / DEPTH;
    for (var step = 0u; step <= steps; step++) {
        if step < steps {
            let k = from_k + step * DEPTH;
            if moves_b {
                moved = fetch_b(first_column + 2u * (thread / DEPTH), k, slot, end_k);
            } else if moves_a {
                let values = fetch_a(first_row + 2u * ((thread - MOVE_B) / DEPTH), k, slot, end_k);
                moved.first = mat3x3(values[0].xyz, vec3(values[0].w, values[1].xy), vec3(values[1].zw, 0.0));
            }
        }
        if step > 0u {
            for (var k = 0u; k < DEPTH; k++) {
                let term = number * DEPTH + k;
#repeat p $PAIRS_A
                let a_$p = pairs[term * PITCH_A + $pu * 4u + down];
#end
#repeat q $PAIRS_B
                let b_$q = pairs[FIRST_B + term * PITCH_B + $qu * 4u + across];
#end
#repeat p $PAIRS_A
#repeat i 2
#repeat q $PAIRS_B
                sum_$p_$i_$q = fma(vec2(a_$p[$i]), b_$q, sum_$p_$i_$q);
#end
#end
#end
            }
        }
        workgroupBarrier();
        if step < steps {
            var of_first: mat3x3<f32>;
            var of_second: mat3x3<f32>;
            var at = 0u;
            var pitch = 0u;
            if moves_b {
                of_first = differences(moved.first);
                of_second = differences(moved.second);
                pitch = PITCH_B;
                at = FIRST_B + slot * PITCH_B + thread / DEPTH;
            } else if moves_a {
                let values = moved.first;
                of_first = sums(vec4(values[0], values[1].x));
                of_second = sums(vec4(values[1].yz, values[2].xy));
                pitch = PITCH_A;
                at = slot * PITCH_A + (thread - MOVE_B) / DEPTH;
            }
            if moves_a || moves_b {
#repeat a 3
#repeat d 3
                pairs[at + (3u * $au + $du) * DEPTH * pitch] = vec2(of_first[$a][$d], of_second[$a][$d]);
#end
#end
            }
        }
        workgroupBarrier();
    }
    for (var q = 0u; q < $PAIRS_Bu; q++) {
        let at = number * ROWS_OF_THREAD * TEAM + thread % TEAM;
#repeat q $PAIRS_B
        if q == $qu {
#repeat p $PAIRS_A
#repeat i 2
            pairs[at + (2u * $pu + $iu) * TEAM] = sum_$p_$i_$q;
#end
#end
        }
#end
        workgroupBarrier();
        store_results_of_pair(first_row, first_column, q, thread);
        workgroupBarrier();
    }
}
