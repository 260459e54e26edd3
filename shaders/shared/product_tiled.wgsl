// A matrix product C [rows, columns] = A [rows, inner] B [inner, columns] in tiles of workgroup
// memory: for real GPUs.
//
// The importing shader defines extent() = (rows, inner, columns); load_a(row, k) and load_b(k,
// column), which are only called inside those bounds; whether they are contiguous along k
// (A_ALONG_K, B_ALONG_K); and store(row, column, value). The sides of a tile are the host's choice
// (src/gpu/tile.rs), which stands here as $ROWS and so on. A workgroup computes $ROWS x $COLUMNS
// results over steps of $DEPTH along k, each thread $QUADS x $QUADS squares of 4 x 4. While one
// step is computed, the next is on its way from memory into registers and from there into the other
// half of the workgroup memory. Sums run over k in order.

// Rows that are not to be cut apart, such as the slots of a jet: of a tile, whole sets of them are
// stored.
override ROWS_PER_JET: u32 = 1u;

const PRODUCT_ROWS: u32 = $ROWSu;
const PRODUCT_COLUMNS: u32 = $COLUMNSu;
const PRODUCT_THREADS: u32 = $THREADS_ACROSSu * $THREADS_DOWNu;
const DEPTH: u32 = $DEPTHu;
// A quad is 4 consecutive rows of A, or columns of B, at one k. Quads of a step that a thread moves
// at most:
const MOVES_A: u32 = (PRODUCT_ROWS / 4u * DEPTH + PRODUCT_THREADS - 1u) / PRODUCT_THREADS;
const MOVES_B: u32 = (PRODUCT_COLUMNS / 4u * DEPTH + PRODUCT_THREADS - 1u) / PRODUCT_THREADS;
// Quads from one k to the next; see `place`.
const PITCH_A: u32 = max(PRODUCT_ROWS / 4u, DEPTH);
const PITCH_B: u32 = max(PRODUCT_COLUMNS / 4u, DEPTH);

var<workgroup> tile_a: array<vec4<f32>, 2u * DEPTH * PITCH_A>; // [2, DEPTH, PITCH_A]
var<workgroup> tile_b: array<vec4<f32>, 2u * DEPTH * PITCH_B>;

// The quad and the k of the i-th move: neighbours read neighbours.
fn moved(i: u32, quads: u32, along_k: bool) -> vec2<u32> {
    if along_k {
        return vec2(i / DEPTH, i % DEPTH);
    }
    return vec2(i % quads, i / quads);
}

// Where a quad lies in workgroup memory: rows of quads are permuted, so that neither threads along
// k nor threads along quads meet in a bank.
fn place(quad: u32, k: u32, half: u32, pitch: u32) -> u32 {
    return (half * DEPTH + k) * pitch + (quad ^ k);
}

fn element_a(row: u32, k: u32) -> f32 {
    if row < extent().x {
        return load_a(row, k);
    }
    return 0.0;
}

fn element_b(k: u32, column: u32) -> f32 {
    if column < extent().z {
        return load_b(k, column);
    }
    return 0.0;
}

// Rows of a tile that are stored.
fn rows_of_tile() -> u32 {
    return PRODUCT_ROWS / ROWS_PER_JET * ROWS_PER_JET;
}

// The terms from_k to end_k of the sums of one tile.
fn product(tile: vec2<u32>, thread: u32, from_k: u32, end_k: u32) {
    let first_row = tile.y * rows_of_tile();
    let end_row = min(first_row + rows_of_tile(), extent().x);
    let first_column = tile.x * PRODUCT_COLUMNS;
    let across = thread % $THREADS_ACROSSu;
    let down = thread / $THREADS_ACROSSu;
    var a: array<vec4<f32>, MOVES_A>;
    var b: array<vec4<f32>, MOVES_B>;
#repeat p $QUADS
#repeat i 4
#repeat q $QUADS
    var sum_$p_$i_$q = vec4(0.0);
#end
#end
#end
    // One turn more than there are steps: the first only fetches, the last only computes.
    let steps = (end_k - from_k + DEPTH - 1u) / DEPTH;
    for (var step = 0u; step <= steps; step++) {
        if step < steps {
            let begin = from_k + step * DEPTH;
            for (var turn = 0u; turn < MOVES_A; turn++) {
                let at = moved(turn * PRODUCT_THREADS + thread, PRODUCT_ROWS / 4u, A_ALONG_K);
                let r = first_row + 4u * at.x;
                let k = begin + at.y;
                a[turn] = vec4(0.0);
                if k < end_k && at.y < DEPTH {
                    a[turn] = vec4(element_a(r, k), element_a(r + 1u, k), element_a(r + 2u, k), element_a(r + 3u, k));
                }
            }
            for (var turn = 0u; turn < MOVES_B; turn++) {
                let at = moved(turn * PRODUCT_THREADS + thread, PRODUCT_COLUMNS / 4u, B_ALONG_K);
                let c = first_column + 4u * at.x;
                let k = begin + at.y;
                b[turn] = vec4(0.0);
                if k < end_k && at.y < DEPTH {
                    b[turn] = vec4(element_b(k, c), element_b(k, c + 1u), element_b(k, c + 2u), element_b(k, c + 3u));
                }
            }
        }
        if step > 0u {
            let half = (step - 1u) % 2u;
            for (var k = 0u; k < DEPTH; k++) {
#repeat p $QUADS
                let a_$p = tile_a[place($pu * $THREADS_DOWNu + down, k, half, PITCH_A)];
                let b_$p = tile_b[place($pu * $THREADS_ACROSSu + across, k, half, PITCH_B)];
#end
#repeat p $QUADS
#repeat i 4
#repeat q $QUADS
                sum_$p_$i_$q = fma(vec4(a_$p[$i]), b_$q, sum_$p_$i_$q);
#end
#end
#end
            }
        }
        if step < steps {
            for (var turn = 0u; turn < MOVES_A; turn++) {
                let at = moved(turn * PRODUCT_THREADS + thread, PRODUCT_ROWS / 4u, A_ALONG_K);
                if at.x < PRODUCT_ROWS / 4u && at.y < DEPTH {
                    tile_a[place(at.x, at.y, step % 2u, PITCH_A)] = a[turn];
                }
            }
            for (var turn = 0u; turn < MOVES_B; turn++) {
                let at = moved(turn * PRODUCT_THREADS + thread, PRODUCT_COLUMNS / 4u, B_ALONG_K);
                if at.x < PRODUCT_COLUMNS / 4u && at.y < DEPTH {
                    tile_b[place(at.x, at.y, step % 2u, PITCH_B)] = b[turn];
                }
            }
        }
        workgroupBarrier();
    }
#repeat p $QUADS
#repeat i 4
#repeat q $QUADS
    store_inside(first_row + ($pu * $THREADS_DOWNu + down) * 4u + $iu, end_row, first_column + ($qu * $THREADS_ACROSSu + across) * 4u, sum_$p_$i_$q);
#end
#end
#end
}

// Stores what lies inside of the results of 4 consecutive columns.
fn store_inside(row: u32, end_row: u32, column: u32, sums: vec4<f32>) {
    if row < end_row {
        for (var j = 0u; j < 4u && column + j < extent().z; j++) {
            store(row, column + j, sums[j]);
        }
    }
}
