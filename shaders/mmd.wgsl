// Maximum mean discrepancy between latents and draws of the prior, by the unbiased estimate, pair by
// pair; and the slopes of the kernel that its gradient needs. The kernel of a squared distance r is
// the sum over scales s of C / (C + r) with C = 2 s features, or exp(-r / 2 h^2) with h^2 the mean
// of the two medians (GAUSSIAN).
//
// distances  [3, batch, batch]
// medians    [2]
// loss_weights       [steps, columns]: column 0 is the number of centres that count
// state      [5]  word 0: the step within the block
// values     [batch, batch]: their sum is the discrepancy
// slopes     [2, batch, batch]: among latents, and from latents to draws, with the factors of the
// estimate
// Grid: one thread a pair.
// CPU kernel: src/cpu/mmd.rs

#import shared/flat
#import shared/loss_term

struct Params {
    batch: u32,
    features: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> distances: array<f32>;
@group(0) @binding(2) var<storage, read> medians: array<f32>;
@group(0) @binding(3) var<storage, read> loss_weights: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<u32>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;
@group(0) @binding(6) var<storage, read_write> slopes: array<f32>;

override GAUSSIAN: u32 = 0u;

// (k, dk/dr) at the squared distance r.
fn kernel(r: f32) -> vec2<f32> {
    if GAUSSIAN == 1u {
        let bandwidth = max(0.5 * (medians[0] + medians[1]), 1e-12);
        let k = exp(-0.5 * r / bandwidth);
        return vec2(k, -0.5 * k / bandwidth);
    }
    var scales = array(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0);
    var sum = vec2(0.0);
    for (var s = 0u; s < 7u; s++) {
        let c = 2.0 * scales[s] * f32(params.features);
        sum += vec2(c / (c + r), -c / ((c + r) * (c + r)));
    }
    return sum;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    let pairs = params.batch * params.batch;
    if element < pairs {
        let count = valid_centres();
        let i = f32(element / params.batch);
        let j = f32(element % params.batch);
        let inside = i < count && j < count;
        var different = 0.0;
        if inside && i != j {
            different = 1.0 / (count * (count - 1.0));
        }
        var across = 0.0;
        if inside {
            across = -2.0 / (count * count);
        }
        let codes = kernel(distances[element]);
        let draws = kernel(distances[pairs + element]);
        let between = kernel(distances[2u * pairs + element]);
        values[element] = different * (codes.x + draws.x) + across * between.x;
        slopes[element] = different * codes.y;
        slopes[pairs + element] = across * between.y;
    }
}
