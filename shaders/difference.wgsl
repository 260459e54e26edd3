// (z, z'_1, ..., z'_D) -> (z, z'_1 - z, ..., z'_D - z): latents become the first-order jets that the
// decoder starts from.
//
// input   [batch, group, features]: the first 1 + directions rows of each group count
// output  [batch, 1 + directions, features]
// Grid: one thread a (jet, feature).
// CPU kernel: src/cpu/difference.rs

#import shared/flat
#import values
#import reads input 1

struct Params {
    batch: u32,
    directions: u32,
    group: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element < params.batch * params.features {
        let jet = element / params.features;
        let from_centre = jet * params.group * params.features + element % params.features;
        let centre = jet * (1u + params.directions) * params.features + element % params.features;
        let z = read_input(from_centre);
        output[centre] = z;
        for (var d = 1u; d <= params.directions; d++) {
            output[centre + d * params.features] = read_input(from_centre + d * params.features) - z;
        }
    }
}
