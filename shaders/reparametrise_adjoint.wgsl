// Adjoint of reparametrise.wgsl: d_mean_r = a_r, and d_log_variance_0 = exp(log variance_0 / 2)
// noise / 2 times the sum of a over the group.
//
// input     [batch, group, 2 features]
// noise     [batch, features]
// d_output  [batch, group, features]
// d_input   [batch, group, 2 features]
// Grid: one thread a (group, feature).
// CPU kernel: src/cpu/reparametrise_adjoint.rs

#import shared/flat

struct Params {
    batch: u32,
    group: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> noise: array<f32>;
@group(0) @binding(3) var<storage, read> d_output: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_input: array<f32>;

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
        var sum = 0.0;
        for (var r = 0u; r < params.group; r++) {
            let a = d_output[(first + r) * m + i];
            sum += a;
            d_input[(first + r) * 2u * m + i] = a;
            d_input[(first + r) * 2u * m + m + i] = 0.0;
        }
        let at = first * 2u * m + m + i;
        d_input[at] = 0.5 * exp(0.5 * input[at]) * noise[element] * sum;
    }
}
