// Adjoint of average_pool.wgsl: each window gives to all of its pixels alike.
//
// d_output  [rows, channels, output_height, output_width]
// d_input   [rows, channels, height, width]
// Grid: one thread an element of d_input.
// CPU kernel: src/cpu/average_pool_adjoint.rs

#import shared/flat

struct Params {
    rows: u32,
    channels: u32,
    height: u32,
    width: u32,
    output_height: u32,
    output_width: u32,
    kernel: u32,
    stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> d_input: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    let size = params.height * params.width;
    if element < params.rows * params.channels * size {
        let first = element / size * params.output_height * params.output_width;
        let y = element % size / params.width;
        let x = element % params.width;
        let first_row = (max(y + 1u, params.kernel) - params.kernel + params.stride - 1u) / params.stride;
        let first_column = (max(x + 1u, params.kernel) - params.kernel + params.stride - 1u) / params.stride;
        var sum = 0.0;
        for (var i = first_row; i < params.output_height && i * params.stride <= y; i++) {
            for (var j = first_column; j < params.output_width && j * params.stride <= x; j++) {
                sum += d_output[first + i * params.output_width + j];
            }
        }
        d_input[element] = sum / f32(params.kernel * params.kernel);
    }
}
