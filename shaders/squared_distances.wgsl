// Squared distances among latents, among draws of the prior, and between the two.
//
// codes      [batch, group, features]: the centre of each group counts
// prior      [batch, features]
// distances  [3, batch, batch]: code to code, draw to draw, code to draw
// Grid: one thread a pair.
// CPU kernel: src/cpu/squared_distances.rs

#import shared/flat

struct Params {
    batch: u32,
    group: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> codes: array<f32>;
@group(0) @binding(2) var<storage, read> prior: array<f32>;
@group(0) @binding(3) var<storage, read_write> distances: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    let pairs = params.batch * params.batch;
    if element < pairs {
        let i = element / params.batch;
        let j = element % params.batch;
        var sums = vec3(0.0);
        for (var k = 0u; k < params.features; k++) {
            let z = codes[i * params.group * params.features + k];
            let p = prior[j * params.features + k];
            let differences = vec3(
                z - codes[j * params.group * params.features + k],
                prior[i * params.features + k] - p,
                z - p,
            );
            sums = fma(differences, differences, sums);
        }
        distances[element] = sums.x;
        distances[pairs + element] = sums.y;
        distances[2u * pairs + element] = sums.z;
    }
}
