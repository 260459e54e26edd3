// Points between and beyond codes: output_i = a z_i + (1 - a) z_next with a = low + (high - low)
// draws_i, where next is the following centre of the batch, and the first one for the last that
// counts.
//
// codes   [batch, group, features]: the centre of each group counts
// draws   [batch] uniform in [0, 1)
// loss_weights    [steps, columns]: column 0 is the number of centres that count
// state   [5]  word 0: the step within the block
// output  [batch, features]
// Grid: one thread an element of output.
// CPU kernel: src/cpu/interpolate.rs

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
@group(0) @binding(1) var<storage, read> codes: array<f32>;
@group(0) @binding(2) var<storage, read> draws: array<f32>;
@group(0) @binding(3) var<storage, read> loss_weights: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<u32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

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
        var next = b;
        if b < count {
            next = (b + 1u) % count;
        }
        let a = params.low + (params.high - params.low) * draws[b];
        let group_size = params.group * params.features;
        output[element] = a * codes[b * group_size + i] + (1.0 - a) * codes[next * group_size + i];
    }
}
