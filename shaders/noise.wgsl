// Random numbers of one step: standard normal, or uniform in [0, 1) (UNIFORM). A pure function of
// (seed, stream, step, element).
//
// state   [5]    word 0: the step within the block; words 2 and 4: the block's first step
// output  [len]
// Grid: one thread 4 elements.
// CPU kernel: src/cpu/noise.rs

#import shared/flat
#import shared/philox
#import shared/sine

struct Params {
    len: u32,
    seed_low: u32,
    seed_high: u32,
    stream: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

override UNIFORM: u32 = 0u;

// Box and Muller's transform. -ln(1 - v) by its series where v is small: drivers promise an
// absolute error of log alone.
fn pair_of_normals(v: f32, turn: f32) -> vec2<f32> {
    var exponent = -log(1.0 - v);
    if v < 0.02 {
        exponent = v * (1.0 + v * (0.5 + v * (0.33333334 + v * 0.25)));
    }
    return -sqrt(2.0 * exponent) * sine_and_cosine(6.2831855 * (turn - 0.5)).yx;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element * 4u < params.len {
        let low = state[2] + state[0];
        let high = state[4] + u32(low < state[2]);
        let words = philox(vec2(params.seed_low, params.seed_high), vec4(element, params.stream, low, high));
        // Multiples of 2^-24 in [0, 1), which f32 holds exactly.
        let draws = vec4<f32>(words >> vec4(8u)) * 5.9604645e-8;
        var values = draws;
        if UNIFORM == 0u {
            let a = pair_of_normals(draws.x, draws.y);
            let b = pair_of_normals(draws.z, draws.w);
            values = vec4(a, b);
        }
        for (var i = 0u; i < 4u && element * 4u + i < params.len; i++) {
            output[element * 4u + i] = values[i];
        }
    }
}
