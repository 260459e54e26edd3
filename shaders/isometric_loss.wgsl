// How far the decoder is from a scaled isometry: R = N / M^2 with N = mean |J^T J v|^2 and M = mean
// |J v|^2, which is least where J^T J is a multiple of the identity (Lee et al., IRVAE, ICLR 2022).
// With u = J^T J v held fixed, dN = 2 d(J u . J v) and dM = 2 J v . d(J v).
//
// jets       [batch, 3, features]: f, J v, J u
// crossed    [1]: N
// squared    [1]: M
// loss_weights       [steps, columns]: the number of centres that count, then the weight of each term
// state      [5]  word 0: the step within the block
// value      [1]: R
// d_jets     like jets
// Grid: one thread an element of jets.
// CPU kernel: src/cpu/isometric_loss.rs

#import shared/flat
#import shared/loss_term

struct Params {
    batch: u32,
    features: u32,
    columns: u32,
    column: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> jets: array<f32>;
@group(0) @binding(2) var<storage, read> crossed: array<f32>;
@group(0) @binding(3) var<storage, read> squared: array<f32>;
@group(0) @binding(4) var<storage, read> loss_weights: array<f32>;
@group(0) @binding(5) var<storage, read> state: array<u32>;
@group(0) @binding(6) var<storage, read_write> value: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_jets: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    let jet = 3u * params.features;
    if element < params.batch * jet {
        let n = crossed[0];
        let m = squared[0];
        let weight = mean_factor(element / jet) * term_weight(params.column);
        let slot = element / params.features % 3u;
        var slope = 0.0;
        if slot == 1u {
            slope = 2.0 * jets[element + params.features] / (m * m) - 4.0 * n * jets[element] / (m * m * m);
        } else if slot == 2u {
            slope = 2.0 * jets[element - params.features] / (m * m);
        }
        d_jets[element] = weight * slope;
        if element == 0u {
            value[0] = n / (m * m);
        }
    }
}
