// A corrupted copy of samples: with noise added, or with pixels set to 0 (MASK), the same pixels in
// all channels.
//
// input   [rows, features]
// noise   [rows, features] standard normal, or [rows, pixels] uniform
// output  [rows, features]
// Grid: one thread an element of output, or 4.
// CPU kernel: src/cpu/corrupt.rs

#import shared/flat

#vectors features pixels

struct Params {
    rows: u32,
    features: u32,
    pixels: u32,
    amount: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Values>;
@group(0) @binding(2) var<storage, read> noise: array<Values>;
@group(0) @binding(3) var<storage, read_write> output: array<Values>;

override MASK: u32 = 0u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = (flat_group(group, groups) * 256u + thread) * WIDTH;
    if element < params.rows * params.features {
        if MASK == 1u {
            let row = element / params.features;
            let draw = noise[nth(row * params.pixels + element % params.features % params.pixels)];
            output[nth(element)] = select(input[nth(element)], Values(0.0), draw < Values(params.amount));
        } else {
            output[nth(element)] = input[nth(element)] + params.amount * noise[nth(element)];
        }
    }
}
