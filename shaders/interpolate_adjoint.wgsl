// Adjoint of interpolate.wgsl: each code gets from its own point and from that of the centre before it.
// Centres that do not count get nothing.
//
// d_output  [batch, features]
// draws     [batch]
// loss_weights      [steps, columns]: column 0 is the number of centres that count
// state     [5]  word 0: the step within the block
// d_codes   [batch, group, features]
// Grid: one thread a (group, feature).
// CPU kernel: src/cpu/interpolate_adjoint.rs

#import shared/flat
#import shared/loss_term

struct Params {
    batch: u32,
    group: u32,
    features: u32,
    columns: u32,
    low: f32,
    high: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<f32>;
@group(0) @binding(2) var<storage, read> draws: array<f32>;
@group(0) @binding(3) var<storage, read> loss_weights: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<u32>;
@group(0) @binding(5) var<storage, read_write> d_codes: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element < params.batch * params.features {
        let count = u32(valid_centres());
        let b = element / params.features;
        let i = element % params.features;
        let first = b * params.group * params.features + i;
        for (var r = 1u; r < params.group; r++) {
            d_codes[first + r * params.features] = 0.0;
        }
        var sum = 0.0;
        if b < count {
            let before = (b + count - 1u) % count;
            let a = params.low + (params.high - params.low) * draws[b];
            let a_before = params.low + (params.high - params.low) * draws[before];
            sum = a * d_output[element] + (1.0 - a_before) * d_output[before * params.features + i];
        }
        d_codes[first] = sum;
    }
}
