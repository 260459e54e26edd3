// The mean of every window, slot by slot.
//
// input   [rows, channels, height, width]
// output  [rows, channels, output_height, output_width]
// Grid: one thread an element of output.
// CPU kernel: src/cpu/average_pool.rs

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
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    let windows = params.output_height * params.output_width;
    if element < params.rows * params.channels * windows {
        let window = element % windows;
        let first = element / windows * params.height * params.width;
        let y = window / params.output_width * params.stride;
        let x = window % params.output_width * params.stride;
        var sum = 0.0;
        for (var i = 0u; i < params.kernel * params.kernel; i++) {
            sum += input[first + (y + i / params.kernel) * params.width + x + i % params.kernel];
        }
        output[element] = sum / f32(params.kernel * params.kernel);
    }
}
