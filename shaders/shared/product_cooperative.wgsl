// A matrix product C [rows, columns] = A [rows, inner] B [inner, columns] on cooperative matrices
// (tensor cores): operands of f16, sums of f32.
//
// The importing shader defines extent() = (rows, inner, columns); load_a(row, k) and
// load_b(column, k), which are only called inside those bounds; whether they are contiguous along k
// (A_ALONG_K, B_ALONG_K); and store(row, column, value). The import stands in front of all
// declarations. The sides are the host's choice (src/gpu/tile.rs): a workgroup has 2 x 2 subgroups
// of $SUBGROUP lanes, each of which computes $QUADS x $QUADS matrices of $DEPTH x $DEPTH results,
// in steps of $DEPTH along k.
//
// f16 ends at 65504 and loses digits below 6e-5, where many gradients are. So a step's operands are
// divided by a power of two near their largest, a block exponent for each of A and B, and its
// products are multiplied by both when they join the sums: operands are rounded to 11 bits, and
// what is lost is at most 2^-24 of the largest. Sums of steps run over k in order.

enable f16;
enable wgpu_cooperative_matrix;

const PRODUCT_ROWS: u32 = $ROWSu;
const PRODUCT_COLUMNS: u32 = $COLUMNSu;
const PRODUCT_THREADS: u32 = 4u * $SUBGROUPu;
const DEPTH: u32 = $DEPTHu;
// Operands that a thread moves in a step, at most.
const MOVES_A: u32 = (PRODUCT_ROWS * DEPTH + PRODUCT_THREADS - 1u) / PRODUCT_THREADS;
const MOVES_B: u32 = (PRODUCT_COLUMNS * DEPTH + PRODUCT_THREADS - 1u) / PRODUCT_THREADS;
// Rows begin at multiples of 16 bytes and not in the same bank.
const PITCH_A: u32 = DEPTH + 8u;
const PITCH_B: u32 = PRODUCT_COLUMNS + 8u;

var<workgroup> tile_a: array<f16, PRODUCT_ROWS * PITCH_A>; // [PRODUCT_ROWS, PITCH_A]
var<workgroup> tile_b: array<f16, DEPTH * PITCH_B>; // [DEPTH, PITCH_B]
var<workgroup> results: array<f32, 4u * DEPTH * DEPTH>; // [subgroups, DEPTH, DEPTH]
// The bits of the largest operands of a step and of the one after it: bits of positive numbers are
// ordered as the numbers are.
var<workgroup> largest_a: array<atomic<u32>, 2>;
var<workgroup> largest_b: array<atomic<u32>, 2>;

// Place of the i-th operand of a step, across k and along k: neighbours read neighbours.
fn moved(i: u32, side: u32, along_k: bool) -> vec2<u32> {
    if along_k {
        return vec2(i / DEPTH, i % DEPTH);
    }
    return vec2(i % side, i / side);
}

// The power of two that is at most a number whose bits are given: 1 for zero and whatever is too
// small for a reciprocal, and for what is no number, which must stay what it is.
fn power_below(bits: u32) -> f32 {
    let exponent = bits & 0x7f800000u;
    return select(bitcast<f32>(exponent), 1.0, exponent < (2u << 23u) || exponent > (252u << 23u));
}

// The terms from_k to end_k of the sums of one tile.
fn product(tile: vec2<u32>, thread: u32, from_k: u32, end_k: u32) {
    let first_row = tile.y * PRODUCT_ROWS;
    let first_column = tile.x * PRODUCT_COLUMNS;
    let size = extent();
    let subgroup = thread / $SUBGROUPu;
    let lane = thread % $SUBGROUPu;
    // First row and column of the subgroup's matrices within the tile.
    let across = subgroup % 2u * $QUADSu * DEPTH;
    let down = subgroup / 2u * $QUADSu * DEPTH;
    var a: array<f32, MOVES_A>;
    var b: array<f32, MOVES_B>;
    if thread == 0u {
        atomicStore(&largest_a[0], 0u);
        atomicStore(&largest_b[0], 0u);
    }
#repeat i $QUADS
#repeat j $QUADS
    var sum_$i_$j = coop_mat$DEPTHx$DEPTH<f32, C>();
#end
#end
    let zero = coop_mat$DEPTHx$DEPTH<f32, C>();
    workgroupBarrier();

    let steps = (end_k - from_k + DEPTH - 1u) / DEPTH;
    for (var step = 0u; step < steps; step++) {
        let begin = from_k + step * DEPTH;
        var own_a = 0.0;
        for (var turn = 0u; turn < MOVES_A; turn++) {
            let at = moved(turn * PRODUCT_THREADS + thread, PRODUCT_ROWS, A_ALONG_K);
            let row = first_row + at.x;
            let k = begin + at.y;
            a[turn] = 0.0;
            if row < size.x && k < end_k && max(at.x / PRODUCT_ROWS, at.y / DEPTH) == 0u {
                a[turn] = load_a(row, k);
            }
            own_a = max(own_a, abs(a[turn]));
        }
        var own_b = 0.0;
        for (var turn = 0u; turn < MOVES_B; turn++) {
            let at = moved(turn * PRODUCT_THREADS + thread, PRODUCT_COLUMNS, B_ALONG_K);
            let column = first_column + at.x;
            let k = begin + at.y;
            b[turn] = 0.0;
            if column < size.z && k < end_k && max(at.x / PRODUCT_COLUMNS, at.y / DEPTH) == 0u {
                b[turn] = load_b(column, k);
            }
            own_b = max(own_b, abs(b[turn]));
        }
        atomicMax(&largest_a[step % 2u], bitcast<u32>(own_a));
        atomicMax(&largest_b[step % 2u], bitcast<u32>(own_b));
        // All largest are in, and nobody reads the tiles of the step before any more.
        workgroupBarrier();
        let scale_a = power_below(atomicLoad(&largest_a[step % 2u]));
        let scale_b = power_below(atomicLoad(&largest_b[step % 2u]));
        if thread == 0u {
            atomicStore(&largest_a[(step + 1u) % 2u], 0u);
            atomicStore(&largest_b[(step + 1u) % 2u], 0u);
        }
        for (var turn = 0u; turn < MOVES_A; turn++) {
            let at = moved(turn * PRODUCT_THREADS + thread, PRODUCT_ROWS, A_ALONG_K);
            if max(at.x / PRODUCT_ROWS, at.y / DEPTH) == 0u {
                tile_a[at.x * PITCH_A + at.y] = f16(a[turn] / scale_a);
            }
        }
        for (var turn = 0u; turn < MOVES_B; turn++) {
            let at = moved(turn * PRODUCT_THREADS + thread, PRODUCT_COLUMNS, B_ALONG_K);
            if max(at.x / PRODUCT_COLUMNS, at.y / DEPTH) == 0u {
                tile_b[at.y * PITCH_B + at.x] = f16(b[turn] / scale_b);
            }
        }
        workgroupBarrier();
        let scale = scale_a * scale_b;
#repeat i $QUADS
        let a_$i = coopLoadT<coop_mat$DEPTHx$DEPTH<f16, A>>(&tile_a[(down + $iu * DEPTH) * PITCH_A], PITCH_A);
#end
#repeat j $QUADS
        let b_$j = coopLoadT<coop_mat$DEPTHx$DEPTH<f16, B>>(&tile_b[across + $ju * DEPTH], PITCH_B);
#repeat i $QUADS
        sum_$i_$j = sum_$i_$j + coopMultiplyAdd(a_$i, b_$j, zero) * scale;
#end
#end
    }

    // Through workgroup memory, a matrix a subgroup at a time, to threads that know their rows and
    // columns.
#repeat i $QUADS
#repeat j $QUADS
    coopStoreT(sum_$i_$j, &results[subgroup * DEPTH * DEPTH], DEPTH);
    workgroupBarrier();
    for (var at = lane; at < DEPTH * DEPTH; at += $SUBGROUPu) {
        let row = first_row + down + $iu * DEPTH + at / DEPTH;
        let column = first_column + across + $ju * DEPTH + at % DEPTH;
        if row < size.x && column < size.z {
            store(row, column, results[subgroup * DEPTH * DEPTH + at]);
        }
    }
    workgroupBarrier();
#end
#end
}
