// Bilinear upsampling by 2, slot by slot, as PyTorch does it.
//
// input   [rows, channels, height, width]
// output  [rows, channels, 2 height, 2 width]
// Grid: one thread an element of output.
// CPU kernel: src/cpu/upsample.rs

#import shared/flat
#import shared/between

struct Params {
    planes: u32,
    height: u32,
    width: u32,
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
    let size = params.height * params.width;
    if element < params.planes * 4u * size {
        let first = element / (4u * size) * size;
        let row = between(element % (4u * size) / (2u * params.width), params.height);
        let column = between(element % (2u * params.width), params.width);
        let y0 = u32(row.x);
        let x0 = u32(column.x);
        let y1 = min(y0 + 1u, params.height - 1u);
        let x1 = min(x0 + 1u, params.width - 1u);
        let upper = mix(input[first + y0 * params.width + x0], input[first + y0 * params.width + x1], column.y);
        let lower = mix(input[first + y1 * params.width + x0], input[first + y1 * params.width + x1], column.y);
        output[element] = mix(upper, lower, row.y);
    }
}
