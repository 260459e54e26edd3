// The rows that the loss compares: (y0, f~_1, ..., f~_D) with f~_d = y0 + y1_d + y2_d / 2, or
// without y0 where centre = 0.
//
// input   [batch, 1 + order directions, features], order 1 or 2
// output  [batch, centre + directions, features]
// Grid: one thread a (jet, feature).
// CPU kernel: src/cpu/taylor_evaluate.rs

#import shared/flat

struct Params {
    batch: u32,
    directions: u32,
    features: u32,
    order: u32,
    centre: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element < params.batch * params.features {
        let n = params.features;
        let jet = element / n;
        let y = jet * (1u + params.order * params.directions) * n + element % n;
        let row = jet * (params.centre + params.directions) * n + element % n;
        let y0 = input[y];
        if params.centre == 1u {
            output[row] = y0;
        }
        for (var d = 1u; d <= params.directions; d++) {
            var sum = y0 + input[y + d * n];
            if params.order == 2u {
                sum += 0.5 * input[y + (params.directions + d) * n];
            }
            output[row + (params.centre + d - 1u) * n] = sum;
        }
    }
}
