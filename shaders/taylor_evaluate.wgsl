// The rows that the loss compares: (y0, f~_1, ..., f~_D) with f~_d = y0 + y1_d + y2_d / 2, or
// without y0 where centre = 0.
//
// input   [batch, 1 + order directions, features], order 1 or 2
// output  [batch, centre + directions, features]
// Grid: one thread a (jet, feature), or 4 features.
// CPU kernel: src/cpu/taylor_evaluate.rs

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
@group(0) @binding(1) var<storage, read> input: array<Values>;
@group(0) @binding(2) var<storage, read_write> output: array<Values>;

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
        let y0 = input[nth(y)];
        if params.centre == 1u {
            output[nth(row)] = y0;
        }
        for (var d = 1u; d <= params.directions; d++) {
            var sum = y0 + input[nth(y + d * n)];
            if params.order == 2u {
                sum += 0.5 * input[nth(y + (params.directions + d) * n)];
            }
            output[nth(row + (params.centre + d - 1u) * n)] = sum;
        }
    }
}
