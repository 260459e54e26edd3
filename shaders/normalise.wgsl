// Group normalisation of jets, or z / |z| (UNIT: one group, no mean, no scale and shift). With c =
// u - mean u in every slot, v = mean c^2 + 1e-5 (or |u|^2) and s = v^(-1/2), of which v1 = 2 mean
// c0 c1, v2 = 2 mean (c1^2 + c0 c2), s1 = -v^(-3/2) v1 / 2 and s2 = 3/4 v^(-5/2) v1^2 - v^(-3/2) v2
// / 2:
//   n0 = c0 s, n1 = c1 s + c0 s1, n2 = c2 s + 2 c1 s1 + c0 s2; y = scale n, plus shift in slot 0.
//
// input   [batch, 1 + INPUT_ORDER directions, channels, positions]
// scale, shift  [channels]
// output  [batch, 1 + OUTPUT_ORDER directions, channels, positions]; OUTPUT_ORDER is INPUT_ORDER,
// or 2 from 1 with u2 = 0
// Grid: one workgroup a (jet, group).
// CPU kernel: src/cpu/normalise.rs

#import shared/flat
#import shared/tree

struct Params {
    batch: u32,
    directions: u32,
    channels: u32,
    groups: u32,
    positions: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> shift: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

override INPUT_ORDER: u32 = 0u;
override OUTPUT_ORDER: u32 = 0u;
override UNIT: u32 = 0u;

fn affine(n: f32, channel: u32, shifted: f32) -> f32 {
    if UNIT == 1u {
        return n;
    }
    return scale[channel] * n + shifted * shift[channel];
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

// The mean of `size` values from `first` on; 0 where values are not centred.
fn slot_mean(thread: u32, first: u32, size: u32) -> f32 {
    if UNIT == 1u {
        return 0.0;
    }
    var sum = 0.0;
    for (var i = thread; i < size; i += 64u) {
        sum += input[first + i];
    }
    workgroupBarrier();
    let mean = sum_over_workgroup(thread, sum) / f32(size);
    // What the rounding of that sum has left.
    var rest = 0.0;
    for (var i = thread; i < size; i += 64u) {
        rest += input[first + i] - mean;
    }
    workgroupBarrier();
    return mean + sum_over_workgroup(thread, rest) / f32(size);
}

// The mean of products of centred values; their sum where values are not centred.
fn dot_means(thread: u32, a: u32, mean_a: f32, b: u32, mean_b: f32, size: u32) -> f32 {
    var sum = 0.0;
    for (var i = thread; i < size; i += 64u) {
        sum = fma(value(a + i) - mean_a, value(b + i) - mean_b, sum);
    }
    workgroupBarrier();
    return sum_over_workgroup(thread, sum) / select(f32(size), 1.0, UNIT == 1u);
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
        let u = jet * (1u + INPUT_ORDER * params.directions) * n + within;
        let y = jet * (1u + OUTPUT_ORDER * params.directions) * n + within;
        find_factor(thread, u, size);
        let mean0 = slot_mean(thread, u, size);
        let v = dot_means(thread, u, mean0, u, mean0, size) + select(1e-5, 0.0, UNIT == 1u);
        let s = inverseSqrt(v);
        for (var i = thread; i < size; i += 64u) {
            let n0 = (value(u + i) - mean0) * s;
            let channel = (within + i) / params.positions;
            output[y + i] = affine(n0, channel, 1.0);
        }
        if INPUT_ORDER >= 1u {
            for (var d = 1u; d <= params.directions; d++) {
                let u1 = u + d * n;
                let u2 = u + (params.directions + d) * n;
                let mean1 = slot_mean(thread, u1, size);
                let v1 = 2.0 * dot_means(thread, u, mean0, u1, mean1, size);
                let s1 = -0.5 * s * s * s * v1;
                for (var i = thread; i < size; i += 64u) {
                    let n1 = (value(u1 + i) - mean1) * s + (value(u + i) - mean0) * s1;
                    output[y + d * n + i] = affine(n1, (within + i) / params.positions, 0.0);
                }
                if OUTPUT_ORDER == 2u {
                    var mean2 = 0.0;
                    var v2 = 2.0 * dot_means(thread, u1, mean1, u1, mean1, size);
                    if INPUT_ORDER == 2u {
                        mean2 = slot_mean(thread, u2, size);
                        v2 += 2.0 * dot_means(thread, u, mean0, u2, mean2, size);
                    }
                    let s2 = s * s * s * (0.75 * s * s * v1 * v1 - 0.5 * v2);
                    for (var i = thread; i < size; i += 64u) {
                        var n2 = 2.0 * (value(u1 + i) - mean1) * s1 + (value(u + i) - mean0) * s2;
                        if INPUT_ORDER == 2u {
                            n2 += (value(u2 + i) - mean2) * s;
                        }
                        output[y + (params.directions + d) * n + i] = affine(n2, (within + i) / params.positions, 0.0);
                    }
                }
            }
        }
    }
}
