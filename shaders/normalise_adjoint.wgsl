// Adjoint of normalise.wgsl. With a = d_output and dn = scale a, <x, y> a sum over the group, M its
// size (1 where UNIT), sums over directions as sum_d:
//   ds0 = <c0, dn0> + sum_d (<c1, dn1> + <c2, dn2>)
//   ds1 = <c0, dn1> + 2 <c1, dn2>
//   ds2 = <c0, dn2>
//   dv0 = -s^3 ds0 / 2 + sum_d (3/4 s^5 v1 ds1 + (3/4 s^5 v2 - 15/8 s^7 v1^2) ds2)
//   dv1 = -s^3 ds1 / 2 + 3/2 s^5 v1 ds2
//   dv2 = -s^3 ds2 / 2
//   dc0 = s dn0 + 2 c0 dv0 / M + sum_d (s1 dn1 + s2 dn2 + 2 (c1 dv1 + c2 dv2) / M)
//   dc1 = s dn1 + 2 s1 dn2 + 2 (c0 dv1 + 2 c1 dv2) / M
//   dc2 = s dn2 + 2 c0 dv2 / M
//   du  = dc - mean dc
// Where UNIT, c is u times a power of two, and so is du of the dc by these formulas.
// Several gradients of one sample (count) share the row that went forward; they have no slots
// beyond 0.
//
// input       [batch / count * group, channels, positions]: jet b begins at row b / count * group
// d_output    [batch, 1 + OUTPUT_ORDER directions, channels, positions]
// scale       [channels]
// d_input     [batch, 1 + INPUT_ORDER directions, channels, positions]
// scale_sums  [batch, channels]: sums of a n over slots and positions (SUMS)
// shift_sums  [batch, channels]: sums of a0 over positions (SUMS)
// Grid: one workgroup a (jet, group).
// CPU kernel: src/cpu/normalise_adjoint.rs

#import shared/flat
#import shared/tree

struct Params {
    batch: u32,
    directions: u32,
    channels: u32,
    groups: u32,
    positions: u32,
    count: u32,
    group: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> d_output: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_input: array<f32>;
@group(0) @binding(5) var<storage, read_write> scale_sums: array<f32>;
@group(0) @binding(6) var<storage, read_write> shift_sums: array<f32>;

override INPUT_ORDER: u32 = 0u;
override OUTPUT_ORDER: u32 = 0u;
override UNIT: u32 = 0u;
override SUMS: u32 = 0u;

fn total(thread: u32, value: f32) -> f32 {
    workgroupBarrier();
    return sum_over_workgroup(thread, value);
}

// What values are multiplied by where UNIT: the power of two that brings the largest of slot 0 near
// 1. z / |z| is that of any multiple of z, and squares of such values neither overflow nor vanish.
var<private> factor: f32 = 1.0;

fn find_factor(thread: u32, first: u32, size: u32) {
    if UNIT == 1u {
        var largest = 0.0;
        for (var i = thread; i < size; i += 64u) {
            largest = max(largest, abs(input[first + i]));
        }
        workgroupBarrier();
        let exponent = bitcast<u32>(max_over_workgroup(thread, largest)) >> 23u;
        factor = bitcast<f32>((254u - clamp(exponent, 1u, 253u)) << 23u);
    }
}

fn value(at: u32) -> f32 {
    return input[at] * factor;
}

// A slot of the input: where its group begins, and its mean there.
struct Slot {
    first: u32,
    mean: f32,
}

fn centred(slot: Slot, i: u32) -> f32 {
    return value(slot.first + i) - slot.mean;
}

fn slot_at(thread: u32, first: u32, size: u32) -> Slot {
    if UNIT == 1u {
        return Slot(first, 0.0);
    }
    var sum = 0.0;
    for (var i = thread; i < size; i += 64u) {
        sum += input[first + i];
    }
    let mean = total(thread, sum) / f32(size);
    // What the rounding of that sum has left.
    var rest = 0.0;
    for (var i = thread; i < size; i += 64u) {
        rest += input[first + i] - mean;
    }
    return Slot(first, mean + total(thread, rest) / f32(size));
}

fn product(thread: u32, a: Slot, b: Slot, size: u32) -> f32 {
    var sum = 0.0;
    for (var i = thread; i < size; i += 64u) {
        sum = fma(centred(a, i), centred(b, i), sum);
    }
    return total(thread, sum);
}

// dn of a slot of the output that begins at `first`.
fn gradient(first: u32, i: u32, within: u32) -> f32 {
    if UNIT == 1u {
        return d_output[first + i];
    }
    return scale[(within + i) / params.positions] * d_output[first + i];
}

fn paired(thread: u32, c: Slot, first: u32, within: u32, size: u32) -> f32 {
    var sum = 0.0;
    for (var i = thread; i < size; i += 64u) {
        sum = fma(centred(c, i), gradient(first, i, within), sum);
    }
    return total(thread, sum);
}

// The mean of dn, which centring takes out; 0 where values are not centred.
fn gradient_mean(thread: u32, first: u32, within: u32, size: u32) -> f32 {
    if UNIT == 1u {
        return 0.0;
    }
    var sum = 0.0;
    for (var i = thread; i < size; i += 64u) {
        sum += gradient(first, i, within);
    }
    return total(thread, sum) / f32(size);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let item = flat_group(group, groups);
    if item < params.batch * params.groups {
        let jet = item / params.groups;
        let n = params.channels * params.positions;
        let size = n / params.groups;
        let within = item % params.groups * size;
        let a = jet * (1u + OUTPUT_ORDER * params.directions) * n + within;
        let to = jet * (1u + INPUT_ORDER * params.directions) * n + within;
        let first0 = jet / params.count * params.group * n + within;
        find_factor(thread, first0, size);
        let c0 = slot_at(thread, first0, size);
        let m = select(f32(size), 1.0, UNIT == 1u);
        let v = product(thread, c0, c0, size) / m + select(1e-5, 0.0, UNIT == 1u);
        let s = inverseSqrt(v);
        let s3 = s * s * s;
        let s5 = s3 * s * s;

        let mean_a0 = gradient_mean(thread, a, within, size);
        var d_v0 = -0.5 * s3 * paired(thread, c0, a, within, size);
        for (var i = thread; i < size; i += 64u) {
            d_input[to + i] = s * (gradient(a, i, within) - mean_a0);
        }
        if SUMS == 1u {
            let channels = params.channels / params.groups;
            for (var channel = 0u; channel < channels; channel++) {
                var sums = vec2(0.0);
                for (var i = thread; i < params.positions; i += 64u) {
                    let at = channel * params.positions + i;
                    sums += d_output[a + at] * vec2(centred(c0, at) * s, 1.0);
                }
                let scale_sum = total(thread, sums.x);
                let shift_sum = total(thread, sums.y);
                if thread == 0u {
                    let at = jet * params.channels + within / params.positions + channel;
                    scale_sums[at] = scale_sum;
                    shift_sums[at] = shift_sum;
                }
            }
        }
        if INPUT_ORDER >= 1u {
            for (var d = 1u; d <= params.directions; d++) {
                let c1 = slot_at(thread, c0.first + d * n, size);
                let a1 = a + d * n;
                let v1 = 2.0 * product(thread, c0, c1, size) / m;
                let s1 = -0.5 * s3 * v1;
                let mean_a1 = gradient_mean(thread, a1, within, size);
                var d_s1 = paired(thread, c0, a1, within, size);
                d_v0 -= 0.5 * s3 * paired(thread, c1, a1, within, size);
                var c2 = Slot(c0.first, 0.0);
                var a2 = a;
                var s2 = 0.0;
                var v2 = 0.0;
                var d_s2 = 0.0;
                var mean_a2 = 0.0;
                if OUTPUT_ORDER == 2u {
                    a2 = a + (params.directions + d) * n;
                    v2 = 2.0 * product(thread, c1, c1, size) / m;
                    if INPUT_ORDER == 2u {
                        c2 = slot_at(thread, c0.first + (params.directions + d) * n, size);
                        v2 += 2.0 * product(thread, c0, c2, size) / m;
                        d_v0 -= 0.5 * s3 * paired(thread, c2, a2, within, size);
                    }
                    s2 = 0.75 * s5 * v1 * v1 - 0.5 * s3 * v2;
                    mean_a2 = gradient_mean(thread, a2, within, size);
                    d_s1 += 2.0 * paired(thread, c1, a2, within, size);
                    d_s2 = paired(thread, c0, a2, within, size);
                }
                d_v0 += 0.75 * s5 * v1 * d_s1 + (0.75 * s5 * v2 - 1.875 * s5 * s * s * v1 * v1) * d_s2;
                let d_v1 = -0.5 * s3 * d_s1 + 1.5 * s5 * v1 * d_s2;
                let d_v2 = -0.5 * s3 * d_s2;
                for (var i = thread; i < size; i += 64u) {
                    let first = gradient(a1, i, within) - mean_a1;
                    var d_c0 = s1 * first + 2.0 * centred(c1, i) * d_v1 / m;
                    var d_c1 = s * first + 2.0 * centred(c0, i) * d_v1 / m;
                    if OUTPUT_ORDER == 2u {
                        let second = gradient(a2, i, within) - mean_a2;
                        d_c0 += s2 * second;
                        d_c1 += 2.0 * s1 * second + 4.0 * centred(c1, i) * d_v2 / m;
                        if INPUT_ORDER == 2u {
                            d_c0 += 2.0 * centred(c2, i) * d_v2 / m;
                            d_input[to + (params.directions + d) * n + i] = factor * (s * second + 2.0 * centred(c0, i) * d_v2 / m);
                        }
                    }
                    d_input[to + i] += d_c0;
                    d_input[to + d * n + i] = factor * d_c1;
                }
                if SUMS == 1u {
                    let channels = params.channels / params.groups;
                    for (var channel = 0u; channel < channels; channel++) {
                        var sum = 0.0;
                        for (var i = thread; i < params.positions; i += 64u) {
                            let at = channel * params.positions + i;
                            sum += d_output[a1 + at] * (centred(c1, at) * s + centred(c0, at) * s1);
                            if OUTPUT_ORDER == 2u {
                                var n2 = 2.0 * centred(c1, at) * s1 + centred(c0, at) * s2;
                                if INPUT_ORDER == 2u {
                                    n2 += centred(c2, at) * s;
                                }
                                sum += d_output[a2 + at] * n2;
                            }
                        }
                        let scale_sum = total(thread, sum);
                        if thread == 0u {
                            scale_sums[jet * params.channels + within / params.positions + channel] += scale_sum;
                        }
                    }
                }
            }
        }
        for (var i = thread; i < size; i += 64u) {
            d_input[to + i] = factor * (d_input[to + i] + 2.0 * centred(c0, i) * d_v0 / m);
        }
    }
}
