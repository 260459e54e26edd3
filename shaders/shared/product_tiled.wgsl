// A matrix product C [rows, columns] = A [rows, inner] B [inner, columns] in tiles of workgroup
// memory: for real GPUs.
//
// The importing shader defines extent() = (rows, inner, columns); whether operands are contiguous
// along k (A_ALONG_K, B_ALONG_K); load_a(row, k) and load_b(column, k), which are only called
// inside those bounds and give `Values`, along k or across it; store(row, column, values); and it
// imports fetch_a and fetch_b, or defines its own. The sides of a tile are the host's choice
// (src/gpu/tile.rs), which stands here as $ROWS and so on. In a step each slice computes $DEPTH
// terms, each thread of it $QUADS x $QUADS squares of 4 x 4 results. While one step is computed,
// the next is on its way from memory into registers, in blocks of 4 lines x 4 terms, and from there
// into the other half of the workgroup memory. The order of the sums is fixed.

#import product_sliced

const DEPTH: u32 = $DEPTHu;
// Quads, which are 4 consecutive lines at one k, from one slice to the next; see `place`.
const PITCH_A: u32 = $PITCH_Au;
const PITCH_B: u32 = $PITCH_Bu;
const FIRST_B: u32 = 2u * DEPTH * SLICES * PITCH_A;
// Blocks of a slice's step, of which a thread moves one at most.
const BLOCKS_A: u32 = PRODUCT_ROWS / 4u * DEPTH / 4u;
const BLOCKS_B: u32 = PRODUCT_COLUMNS / 4u * DEPTH / 4u;

// The lines and the terms of a block, in fours: neighbours read neighbours.
fn block(i: u32, lines: u32, along_k: bool) -> vec2<u32> {
    if along_k {
        return vec2(i / (DEPTH / 4u), i % (DEPTH / 4u));
    }
    return vec2(i % (lines / 4u), i / (lines / 4u));
}

// Where a quad lies among [2, DEPTH, SLICES, pitch]: rows of quads are permuted by the block of 4
// terms that they are of, so that neither threads along k nor threads along quads meet in a bank: 8
// threads at a time fetch or store 16 bytes each. The pitch is a power of two.
fn place(quad: u32, k: u32, half: u32, slice: u32, pitch: u32) -> u32 {
    let turned = k / 4u * (32u / DEPTH);
    return ((half * DEPTH + k) * SLICES + slice) * pitch + (quad ^ (turned & (pitch - 1u)));
}

// The terms from_k to end_k of the sums of one tile.
fn product(tile: vec2<u32>, thread: u32, from_k: u32, end_k: u32) {
    let first_row = tile.y * rows_of_tile();
    let first_column = tile.x * PRODUCT_COLUMNS;
    let slice = thread / SLICE_THREADS;
    let member = thread % SLICE_THREADS;
    let across = member % ACROSS;
    let down = member / ACROSS;
    let moves_a = member < BLOCKS_A;
    let moves_b = !moves_a && member < BLOCKS_A + BLOCKS_B;
    var own = block(member, PRODUCT_ROWS, A_ALONG_K);
    if moves_b {
        own = block(member - BLOCKS_A, PRODUCT_COLUMNS, B_ALONG_K);
    }
    var moved = mat4x4<f32>();
#repeat p $QUADS
#repeat i 4
#repeat q $QUADS
    var sum_$p_$i_$q = vec4(0.0);
#end
#end
#end
    // One turn more than there are steps: the first only fetches, the last only computes.
    let steps = (end_k - from_k + DEPTH * SLICES - 1u) / (DEPTH * SLICES);
    for (var step = 0u; step <= steps; step++) {
        if step < steps {
            let k = from_k + (step * SLICES + slice) * DEPTH + 4u * own.y;
            if moves_a {
                moved = fetch_a(first_row + 4u * own.x, k, end_k);
            } else if moves_b {
                moved = fetch_b(first_column + 4u * own.x, k, end_k);
            }
        }
        if step > 0u {
            let half = (step - 1u) % 2u;
            for (var k = 0u; k < DEPTH; k++) {
#repeat p $QUADS
                let a_$p = quads[place($pu * DOWN + down, k, half, slice, PITCH_A)];
                let b_$p = quads[FIRST_B + place($pu * ACROSS + across, k, half, slice, PITCH_B)];
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
            if moves_a {
#repeat j 4
                quads[place(own.x, 4u * own.y + $ju, step % 2u, slice, PITCH_A)] = moved[$j];
#end
            } else if moves_b {
#repeat j 4
                quads[FIRST_B + place(own.x, 4u * own.y + $ju, step % 2u, slice, PITCH_B)] = moved[$j];
#end
            }
        }
        workgroupBarrier();
    }
    if SLICES > 1u {
        store_sums_of_slices(tile, thread, mat4x4(sum_0_0_0, sum_0_1_0, sum_0_2_0, sum_0_3_0));
    } else {
#repeat p $QUADS
#repeat i 4
#repeat q $QUADS
        store_inside(first_row + ($pu * DOWN + down) * 4u + $iu, end_of_rows(tile), first_column + ($qu * ACROSS + across) * 4u, sum_$p_$i_$q);
#end
#end
#end
    }
}
