// Kullback-Leibler divergence of N(mean, variance) from N(0, I) at every centre, summed over latent
// dimensions, a mean over centres; and its gradient times the term's weight. Rows of a group beyond
// the centre have none.
//
// codes     [batch, group, 2 features]: means, then log variances
// loss_weights      [steps, columns]: the number of centres that count, then the weight of each term
// state     [5]  word 0: the step within the block
// values    [batch, features]
// d_codes   like codes
// Grid: one thread a (group, feature).
// CPU kernel: src/cpu/kl_divergence.rs

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
@group(0) @binding(2) var<storage, read> loss_weights: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> values: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_codes: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element < params.batch * params.features {
        let m = params.features;
        let first = element / m * params.group * 2u * m + element % m;
        for (var at = first; at < first + params.group * 2u * m; at += m) {
            d_codes[at] = 0.0;
        }
        let share = mean_factor(element / m);
        let mean = codes[first];
        let log_variance = codes[first + m];
        let variance = exp(log_variance);
        values[element] = 0.5 * share * (mean * mean + variance - log_variance - 1.0);
        let weight = share * term_weight(params.column);
        d_codes[first] = weight * mean;
        d_codes[first + m] = 0.5 * weight * (variance - 1.0);
    }
}
