// Adjoint of upsample.wgsl: every output pixel gives to the pixels that it lies between.
//
// d_output  [rows, channels, 2 height, 2 width]
// d_input   [rows, channels, height, width]
// Grid: one thread an element of d_input.
// CPU kernel: src/cpu/upsample_adjoint.rs

#import shared/flat
#import shared/between

struct Params {
    planes: u32,
    height: u32,
    width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> d_input: array<f32>;

// The share of input pixel `to` in output pixel `at`.
fn share(at: u32, to: u32, size: u32) -> f32 {
    let place = between(at, size);
    let lower = u32(place.x);
    let upper = min(lower + 1u, size - 1u);
    return select(0.0, 1.0 - place.y, to == lower) + select(0.0, place.y, to == upper);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    let size = params.height * params.width;
    if element < params.planes * size {
        let first = element / size * 4u * size;
        let y = element % size / params.width;
        let x = element % params.width;
        var sum = 0.0;
        // Output pixels that lie next to this one are at most three away from twice its place.
        for (var i = max(2u * y, 3u) - 3u; i < min(2u * y + 4u, 2u * params.height); i++) {
            let row_share = share(i, y, params.height);
            for (var j = max(2u * x, 3u) - 3u; j < min(2u * x + 4u, 2u * params.width); j++) {
                sum += row_share * share(j, x, params.width) * d_output[first + i * 2u * params.width + j];
            }
        }
        d_input[element] = sum;
    }
}
