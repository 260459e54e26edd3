// output = input weight^T, plus the bias in slot 0 of every jet: rows 0, slots, 2 slots, ...
//
// input   [rows, inputs]
// weight  [outputs, inputs]
// bias    [outputs]
// output  [rows, outputs], or a part of the sums of STRETCH terms each behind the other
// Grid: one workgroup a tile of output, columns along x, parts along z.
// CPU kernel: src/cpu/linear.rs

#import product
#import shared/operands/linear

#vectors inputs outputs

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    slots: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Values>;
@group(0) @binding(2) var<storage, read> weight: array<Values>;
@group(0) @binding(3) var<storage, read> bias: array<Values>;
@group(0) @binding(4) var<storage, read_write> output: array<Values>;

fn rows() -> u32 {
    return params.rows;
}

fn slots() -> u32 {
    return params.slots;
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product_of_part(group, thread, params.inputs);
}
