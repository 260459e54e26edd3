// Products of first derivatives J r with the cotangents u that r = J^T u came from: their sum is
// |J^T u|^2, a mean over centres. The gradient is that of 2 J r . u with r and u held fixed, times
// the term's weight: d|J^T u|^2 = 2 (J^T u) . d(J^T u) = 2 r . dJ^T u = 2 (dJ r) . u.
//
// jets        [batch, 1 + count, features]: slot 1 + c is J r_c
// cotangents  [batch, count, features]
// loss_weights        [steps, columns]: the number of centres that count, then the weight of each term
// state       [5]  word 0: the step within the block
// values      [batch, count, features]
// d_jets      like jets
// Grid: one thread an element of jets.
// CPU kernel: src/cpu/jacobian_norm.rs

#import shared/flat
#import shared/loss_term

struct Params {
    batch: u32,
    count: u32,
    features: u32,
    columns: u32,
    column: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> jets: array<f32>;
@group(0) @binding(2) var<storage, read> cotangents: array<f32>;
@group(0) @binding(3) var<storage, read> loss_weights: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<u32>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_jets: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    let jet = (1u + params.count) * params.features;
    if element < params.batch * jet {
        let b = element / jet;
        let within = element % jet;
        d_jets[element] = 0.0;
        if within >= params.features {
            let at = b * params.count * params.features + within - params.features;
            let share = mean_factor(b);
            values[at] = share * jets[element] * cotangents[at];
            d_jets[element] = 2.0 * share * term_weight(params.column) * cotangents[at];
        }
    }
}
