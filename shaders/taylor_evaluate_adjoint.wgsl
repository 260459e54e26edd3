// Adjoint of taylor_evaluate.wgsl: every f~_d gives to y0, to y1_d, and half to y2_d.
//
// d_output  [batch, centre + directions, features]
// d_input   [batch, 1 + order directions, features], order 1 or 2
// Grid: one thread a (jet, feature), or 4 features.
// CPU kernel: src/cpu/taylor_evaluate_adjoint.rs

#import shared/flat

#vectors features

struct Params {
    batch: u32,
    directions: u32,
    features: u32,
    order: u32,
    centre: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<Values>;
@group(0) @binding(2) var<storage, read_write> d_input: array<Values>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = (flat_group(group, groups) * 256u + thread) * WIDTH;
    if element < params.batch * params.features {
        let n = params.features;
        let jet = element / n;
        let y = jet * (1u + params.order * params.directions) * n + element % n;
        let row = jet * (params.centre + params.directions) * n + element % n;
        var d_y0 = Values(0.0);
        if params.centre == 1u {
            d_y0 = d_output[nth(row)];
        }
        for (var d = 1u; d <= params.directions; d++) {
            let d_row = d_output[nth(row + (params.centre + d - 1u) * n)];
            d_y0 += d_row;
            d_input[nth(y + d * n)] = d_row;
            if params.order == 2u {
                d_input[nth(y + (params.directions + d) * n)] = 0.5 * d_row;
            }
        }
        d_input[nth(y)] = d_y0;
    }
}
