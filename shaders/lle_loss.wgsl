// How far the code of every centre is from the combination of its neighbours' latents that its sample
// is of its neighbours' samples: the squared distance |z - sum_j w_j z_j|^2, a mean over centres;
// and its gradient times the term's weight.
//
// codes         [batch, group, features]: centre, other rows, then k neighbours from row `first` on
// coefficients  [samples, k]
// indices       [steps, batch, group] samples
// loss_weights          [steps, columns]: the number of centres that count, then the weight of each term
// state         [5]  word 0: the step within the block
// values        [batch, features]
// d_codes       like codes
// Grid: one thread a (group, feature).
// CPU kernel: src/cpu/lle_loss.rs

#import shared/flat
#import shared/loss_term

struct Params {
    batch: u32,
    group: u32,
    first: u32,
    k: u32,
    features: u32,
    columns: u32,
    column: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> codes: array<f32>;
@group(0) @binding(2) var<storage, read> coefficients: array<f32>;
@group(0) @binding(3) var<storage, read> indices: array<u32>;
@group(0) @binding(4) var<storage, read> loss_weights: array<f32>;
@group(0) @binding(5) var<storage, read> state: array<u32>;
@group(0) @binding(6) var<storage, read_write> values: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_codes: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element < params.batch * params.features {
        let b = element / params.features;
        let i = element % params.features;
        for (var r = 0u; r < params.group; r++) {
            d_codes[(b * params.group + r) * params.features + i] = 0.0;
        }
        let share = mean_factor(b);
        let row = b * params.group;
        let sample = indices[state[0] * params.batch * params.group + row];
        var difference = codes[row * params.features + i];
        for (var j = 0u; j < params.k; j++) {
            difference -= coefficients[sample * params.k + j] * codes[(row + params.first + j) * params.features + i];
        }
        values[element] = share * difference * difference;
        let slope = 2.0 * share * term_weight(params.column) * difference;
        d_codes[row * params.features + i] = slope;
        for (var j = 0u; j < params.k; j++) {
            d_codes[(row + params.first + j) * params.features + i] = -slope * coefficients[sample * params.k + j];
        }
    }
}
