// Gradient of the discrepancy to the latents, times the term's weight. Rows of a group beyond the
// centre have none.
//
// codes    [batch, group, features]
// prior    [batch, features]
// slopes   [2, batch, batch]
// loss_weights     [steps, columns]: the number of centres that count, then the weight of each term
// state    [5]  word 0: the step within the block
// d_codes  like codes
// Grid: one thread a (group, feature).
// CPU kernel: src/cpu/mmd_adjoint.rs

#import shared/flat
#import shared/loss_term

struct Params {
    batch: u32,
    group: u32,
    features: u32,
    columns: u32,
    column: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> codes: array<f32>;
@group(0) @binding(2) var<storage, read> prior: array<f32>;
@group(0) @binding(3) var<storage, read> slopes: array<f32>;
@group(0) @binding(4) var<storage, read> loss_weights: array<f32>;
@group(0) @binding(5) var<storage, read> state: array<u32>;
@group(0) @binding(6) var<storage, read_write> d_codes: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element < params.batch * params.features {
        let m = params.features;
        let i = element / m;
        let k = element % m;
        let z = codes[i * params.group * m + k];
        let pairs = params.batch * params.batch;
        var sum = 0.0;
        for (var j = 0u; j < params.batch; j++) {
            let pair = i * params.batch + j;
            sum += 4.0 * slopes[pair] * (z - codes[j * params.group * m + k]);
            sum += 2.0 * slopes[pairs + pair] * (z - prior[j * m + k]);
        }
        for (var r = 1u; r < params.group; r++) {
            d_codes[(i * params.group + r) * m + k] = 0.0;
        }
        d_codes[i * params.group * m + k] = term_weight(params.column) * sum;
    }
}
