// Adjoint of difference.wgsl: to every neighbour its own, to the centre its own less the sum over
// the neighbours.
//
// d_output  [batch, 1 + directions, features]
// d_input   [batch, group, features]: 0 in rows beyond 1 + directions
// Grid: one thread a (jet, feature).
// CPU kernel: src/cpu/difference_adjoint.rs

#import shared/flat
#import values
#import reads d_output 1

struct Params {
    batch: u32,
    directions: u32,
    group: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> d_input: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element < params.batch * params.features {
        let jet = element / params.features;
        let centre = jet * (1u + params.directions) * params.features + element % params.features;
        let to_centre = jet * params.group * params.features + element % params.features;
        var d_centre = read_d_output(centre);
        for (var row = 1u; row < params.group; row++) {
            var d_neighbour = 0.0;
            if row <= params.directions {
                d_neighbour = read_d_output(centre + row * params.features);
            }
            d_input[to_centre + row * params.features] = d_neighbour;
            d_centre -= d_neighbour;
        }
        d_input[to_centre] = d_centre;
    }
}
