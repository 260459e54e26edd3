// A matrix product C [rows, columns] = A [rows, inner] B [inner, columns] on cooperative matrices
// (tensor cores): operands of f16, sums of f32.
//
// The importing shader defines what product_tiled.wgsl asks for. The sides are the host's choice
// (src/gpu/tile.rs): a workgroup has 2 x 2 subgroups of $SUBGROUP lanes, each of which computes
// $QUADS x $QUADS matrices of $SIDE x $SIDE results, in steps of $DEPTH terms. While a step is
// computed, the next is on its way from memory into registers, in blocks of 4 lines x 4 terms.
//
// f16 ends at 65504 and loses digits below 6e-5, where many gradients are. So operands are
// multiplied by a power of two, one for A and one for B in a tile, that brings the largest of all
// terms so far to 2^14 (a block exponent); where a later term is larger, sums are brought to its
// unit, which rounds nothing. Operands are rounded to 11 bits, and what is lost is at most 2^-39 of
// the largest. Where operands are split ($LOW is 1), what the rounding leaves of each is a second
// f16, and a product is high high + low high + high low: 22 bits, and 2^-39 of the largest.
// Sums run over k in order.

enable f16;
enable wgpu_cooperative_matrix;

#import store

const PRODUCT_ROWS: u32 = $ROWSu;
const PRODUCT_COLUMNS: u32 = $COLUMNSu;
const PRODUCT_THREADS: u32 = 4u * $SUBGROUPu;
const SIDE: u32 = $SIDEu;
const DEPTH: u32 = $DEPTHu;
// Terms begin at multiples of 16 bytes and not in the same bank.
const PITCH_A: u32 = PRODUCT_ROWS + 8u;
const PITCH_B: u32 = PRODUCT_COLUMNS + 8u;
// Blocks of a step.
const BLOCKS_A: u32 = PRODUCT_ROWS / 4u * DEPTH / 4u;
const BLOCKS_B: u32 = PRODUCT_COLUMNS / 4u * DEPTH / 4u;
// The exponent, as f32 has it, of the largest operands; and the least and the largest exponent that
// an operand may have for its power of two and the reciprocal to be normal numbers.
const TOP: u32 = 14u;
const LEAST: u32 = 16u;
const MOST: u32 = 252u;

// [1 + $LOW, DEPTH, pitch]
var<workgroup> tile_a: array<f16, (1u + $LOWu) * DEPTH * PITCH_A>;
var<workgroup> tile_b: array<f16, (1u + $LOWu) * DEPTH * PITCH_B>;
var<workgroup> results: array<f32, 4u * SIDE * SIDE>; // [subgroups, SIDE, SIDE]
// Of A and B, the exponents of what each subgroup has fetched.
var<workgroup> exponents: array<vec2<u32>, 4>;

// The lines and the terms of a block, in fours: neighbours read neighbours.
fn block(i: u32, lines: u32, along_k: bool) -> vec2<u32> {
    if along_k {
        return vec2(i / (DEPTH / 4u), i % (DEPTH / 4u));
    }
    return vec2(i % (lines / 4u), i / (lines / 4u));
}

// The exponent of the largest of a block: of numbers that are not negative, bits are ordered as the
// numbers are.
fn exponent_of(values: mat4x4<f32>) -> u32 {
    let largest = max(max(abs(values[0]), abs(values[1])), max(abs(values[2]), abs(values[3])));
    return bitcast<u32>(max(max(largest.x, largest.y), max(largest.z, largest.w))) >> 23u;
}

// 2^(exponent - 127), of 1 to 254.
fn power(exponent: u32) -> f32 {
    return bitcast<f32>(exponent << 23u);
}

// What sums change by where the exponent of an operand rises.
fn change(before: u32, now: u32) -> f32 {
    return select(power(127u + before - now), 0.0, now - before > 126u);
}

// The 11 bits that f16 has room for. By bits, since drivers may take a conversion there and back for
// the number itself.
fn upper_bits(values: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(values) & vec4(0xffffe000u));
}

fn keep_a(own: vec2<u32>, values: mat4x4<f32>, factor: f32) {
#repeat j 4
    let scaled_$j = values[$j] * factor;
    var near_$j = scaled_$j;
#repeat l $LOW
    near_$j = upper_bits(scaled_$j);
#end
    let high_$j = vec4<f16>(near_$j);
    let at_$j = (4u * own.y + $ju) * PITCH_A + 4u * own.x;
#repeat i 4
    tile_a[at_$j + $iu] = high_$j[$i];
#end
#repeat l $LOW
    let low_$j = vec4<f16>(scaled_$j - near_$j);
#repeat i 4
    tile_a[DEPTH * PITCH_A + at_$j + $iu] = low_$j[$i];
#end
#end
#end
}

fn keep_b(own: vec2<u32>, values: mat4x4<f32>, factor: f32) {
#repeat j 4
    let scaled_$j = values[$j] * factor;
    var near_$j = scaled_$j;
#repeat l $LOW
    near_$j = upper_bits(scaled_$j);
#end
    let high_$j = vec4<f16>(near_$j);
    let at_$j = (4u * own.y + $ju) * PITCH_B + 4u * own.x;
#repeat i 4
    tile_b[at_$j + $iu] = high_$j[$i];
#end
#repeat l $LOW
    let low_$j = vec4<f16>(scaled_$j - near_$j);
#repeat i 4
    tile_b[DEPTH * PITCH_B + at_$j + $iu] = low_$j[$i];
#end
#end
#end
}

// The terms from_k to end_k of the sums of one tile.
fn product(tile: vec2<u32>, thread: u32, from_k: u32, end_k: u32) {
    let first_row = tile.y * PRODUCT_ROWS;
    let first_column = tile.x * PRODUCT_COLUMNS;
    let end_row = extent().x;
    let subgroup = thread / $SUBGROUPu;
    let lane = thread % $SUBGROUPu;
    // First row and column of the subgroup's matrices within the tile.
    let across = subgroup % 2u * $QUADSu * SIDE;
    let down = subgroup / 2u * $QUADSu * SIDE;
#repeat t $TURNS
    let number_$t = $tu * PRODUCT_THREADS + thread;
    let own_a_$t = block(number_$t, PRODUCT_ROWS, A_ALONG_K);
    let own_b_$t = block(number_$t, PRODUCT_COLUMNS, B_ALONG_K);
    var a_$t = mat4x4<f32>();
    var b_$t = mat4x4<f32>();
#end
#repeat i $QUADS
#repeat j $QUADS
    var sum_$i_$j = coop_mat$SIDEx$SIDE<f32, C>();
#end
#end
    // Exponents of A and B that sums are in units of.
    var unit = vec2(LEAST);
#repeat t $TURNS
    if number_$t < BLOCKS_A {
        a_$t = fetch_a(first_row + 4u * own_a_$t.x, from_k + 4u * own_a_$t.y, end_k);
    }
    if number_$t < BLOCKS_B {
        b_$t = fetch_b(first_column + 4u * own_b_$t.x, from_k + 4u * own_b_$t.y, end_k);
    }
#end
    for (var begin = from_k; begin < end_k; begin += DEPTH) {
        var own = vec2(0u);
#repeat t $TURNS
        own = max(own, vec2(exponent_of(a_$t), exponent_of(b_$t)));
#end
        let of_subgroup = vec2(subgroupMax(own.x), subgroupMax(own.y));
        if lane == 0u {
            exponents[subgroup] = of_subgroup;
        }
        // All exponents are in, and nobody reads the tiles any more.
        workgroupBarrier();
        let fetched = max(max(exponents[0], exponents[1]), max(exponents[2], exponents[3]));
        let raised = max(unit, min(fetched, vec2(MOST)));
        let factor = change(unit.x, raised.x) * change(unit.y, raised.y);
        // Once or not at all, for all threads alike. WGSL wants matrices where control flow is
        // uniform, which it cannot know of an `if` by what lies in workgroup memory.
        for (var rises = any(raised != unit); rises; rises = false) {
#repeat i $QUADS
#repeat j $QUADS
            sum_$i_$j = sum_$i_$j * factor;
#end
#end
        }
        unit = raised;
        let factors = vec2(power(254u + TOP - unit.x), power(254u + TOP - unit.y));
#repeat t $TURNS
        if number_$t < BLOCKS_A {
            keep_a(own_a_$t, a_$t, factors.x);
        }
        if number_$t < BLOCKS_B {
            keep_b(own_b_$t, b_$t, factors.y);
        }
#end
        workgroupBarrier();
        let next = begin + DEPTH;
        if next < end_k {
#repeat t $TURNS
            if number_$t < BLOCKS_A {
                a_$t = fetch_a(first_row + 4u * own_a_$t.x, next + 4u * own_a_$t.y, end_k);
            }
            if number_$t < BLOCKS_B {
                b_$t = fetch_b(first_column + 4u * own_b_$t.x, next + 4u * own_b_$t.y, end_k);
            }
#end
        }
        for (var k = 0u; k < DEPTH; k += SIDE) {
#repeat i $QUADS
            let a_of_$i = coopLoad<coop_mat$SIDEx$SIDE<f16, A>>(&tile_a[k * PITCH_A + down + $iu * SIDE], PITCH_A);
#repeat l $LOW
            let low_a_$i = coopLoad<coop_mat$SIDEx$SIDE<f16, A>>(&tile_a[(DEPTH + k) * PITCH_A + down + $iu * SIDE], PITCH_A);
#end
#end
#repeat j $QUADS
            let b_of_$j = coopLoadT<coop_mat$SIDEx$SIDE<f16, B>>(&tile_b[k * PITCH_B + across + $ju * SIDE], PITCH_B);
#repeat l $LOW
            let low_b_$j = coopLoadT<coop_mat$SIDEx$SIDE<f16, B>>(&tile_b[(DEPTH + k) * PITCH_B + across + $ju * SIDE], PITCH_B);
#repeat i $QUADS
            sum_$i_$j = coopMultiplyAdd(low_a_$i, b_of_$j, sum_$i_$j);
            sum_$i_$j = coopMultiplyAdd(a_of_$i, low_b_$j, sum_$i_$j);
#end
#end
#repeat i $QUADS
            sum_$i_$j = coopMultiplyAdd(a_of_$i, b_of_$j, sum_$i_$j);
#end
#end
        }
    }

    // Through workgroup memory, a matrix a subgroup at a time, to threads that know their rows and
    // columns.
    let back = vec2(power(unit.x - TOP), power(unit.y - TOP));
#repeat i $QUADS
#repeat j $QUADS
    coopStoreT(sum_$i_$j, &results[subgroup * SIDE * SIDE], SIDE);
    workgroupBarrier();
    for (var at = lane; at < SIDE * SIDE / 4u; at += $SUBGROUPu) {
        let row = first_row + down + $iu * SIDE + at / (SIDE / 4u);
        let column = first_column + across + $ju * SIDE + at % (SIDE / 4u) * 4u;
        let first = subgroup * SIDE * SIDE + 4u * at;
        let sums = vec4(results[first], results[first + 1u], results[first + 2u], results[first + 3u]);
        store_inside(row, end_row, column, sums * back.x * back.y);
    }
    workgroupBarrier();
#end
#end
}
