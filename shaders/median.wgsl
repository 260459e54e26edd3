// The lower median of the distances between different samples, of latents and of draws: by bisection
// over the bits, which are in the order of the values where these are not negative.
//
// distances  [3, batch, batch]
// loss_weights       [steps, columns]: column 0 is the number of centres that count
// state      [5]  word 0: the step within the block
// medians    [2]: of code to code, of draw to draw
// Grid: one workgroup a median.
// CPU kernel: src/cpu/median.rs

#import shared/loss_term

struct Params {
    batch: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> distances: array<f32>;
@group(0) @binding(2) var<storage, read> loss_weights: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> medians: array<f32>;

var<workgroup> counts: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let count = u32(valid_centres());
    let first = group.x * params.batch * params.batch;
    // Below how many others the lower median is not: each pair is counted twice.
    let wanted = (count * (count - 1u) + 1u) / 2u;
    var low = 0u;
    var high = 0x7f800000u;
    for (var round = 0u; round < 31u; round++) {
        let middle = low + (high - low) / 2u;
        var within = 0u;
        for (var pair = thread; pair < count * count; pair += 256u) {
            let i = pair / count;
            let j = pair % count;
            let bits = bitcast<u32>(distances[first + i * params.batch + j]);
            within += select(0u, 1u, i != j && bits <= middle);
        }
        counts[thread] = within;
        workgroupBarrier();
        for (var half = 128u; half > 0u; half /= 2u) {
            if thread < half {
                counts[thread] += counts[thread + half];
            }
            workgroupBarrier();
        }
        if counts[0] >= wanted {
            high = middle;
        } else {
            low = middle + 1u;
        }
        workgroupBarrier();
    }
    if thread == 0u {
        medians[group.x] = bitcast<f32>(high);
    }
}
