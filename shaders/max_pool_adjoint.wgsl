// Adjoint of max_pool.wgsl, for `count` gradients of every sample: each window gives to where its
// centre's largest value is.
//
// centres   [batch * group, channels, height, width]: row b * group is the centre of sample b
// d_output  [batch * count, channels, output_height, output_width]
// d_input   [batch * count, channels, height, width]
// Grid: one thread a (sample, channel, pixel).
// CPU kernel: src/cpu/max_pool_adjoint.rs

#import shared/flat
#import shared/largest

struct Params {
    batch: u32,
    group: u32,
    count: u32,
    channels: u32,
    height: u32,
    width: u32,
    output_height: u32,
    output_width: u32,
    kernel: u32,
    stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> centres: array<f32>;
@group(0) @binding(2) var<storage, read> d_output: array<f32>;
@group(0) @binding(3) var<storage, read_write> d_input: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    let size = params.height * params.width;
    if element < params.batch * params.channels * size {
        let windows = params.output_height * params.output_width;
        let sample = element / size / params.channels;
        let plane = element / size % params.channels;
        let at = element % size;
        let first = (sample * params.group * params.channels + plane) * size;
        for (var c = 0u; c < params.count; c++) {
            d_input[((sample * params.count + c) * params.channels + plane) * size + at] = 0.0;
        }
        // Windows that hold the pixel.
        let y = at / params.width;
        let x = at % params.width;
        let first_row = (max(y + 1u, params.kernel) - params.kernel + params.stride - 1u) / params.stride;
        let first_column = (max(x + 1u, params.kernel) - params.kernel + params.stride - 1u) / params.stride;
        for (var i = first_row; i < params.output_height && i * params.stride <= y; i++) {
            for (var j = first_column; j < params.output_width && j * params.stride <= x; j++) {
                let window = i * params.output_width + j;
                if largest(first, window) == at {
                    for (var c = 0u; c < params.count; c++) {
                        let channel = (sample * params.count + c) * params.channels + plane;
                        d_input[channel * size + at] += d_output[channel * windows + window];
                    }
                }
            }
        }
    }
}
