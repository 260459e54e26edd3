// Latents drawn from what a variational encoder gives: z_r = mean_r + exp(log variance_0 / 2)
// noise for every row r of a group. All rows of a group are moved by the centre's noise, so
// differences of latents are differences of means.
//
// input   [batch, group, 2 features]: means, then log variances
// noise   [batch, features]
// output  [batch, group, features]
// Grid: one thread a (group, feature).
// CPU kernel: src/cpu/reparametrise.rs

#import shared/flat

struct Params {
    batch: u32,
    group: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> noise: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element < params.batch * params.features {
        let m = params.features;
        let first = element / m * params.group;
        let i = element % m;
        let offset = exp(0.5 * input[first * 2u * m + m + i]) * noise[element];
        for (var r = 0u; r < params.group; r++) {
            output[(first + r) * m + i] = input[(first + r) * 2u * m + i] + offset;
        }
    }
}
