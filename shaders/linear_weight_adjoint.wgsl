// d_weight = d_output^T input: a sum over rows, that is over samples and slots, in order; where
// there are many rows, one sum for each stretch of them.
//
// d_output  [rows, outputs]
// input     [rows, inputs]
// d_weight  [ceil(rows / stretch), outputs, inputs]
// Grid: one workgroup a tile of d_weight, columns along x, stretches along z.
// CPU kernel: src/cpu/linear_weight_adjoint.rs

#import product
#import shared/operands/weight_of_linear

#vectors inputs outputs

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    stretch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<Values>;
@group(0) @binding(2) var<storage, read> input: array<Values>;
@group(0) @binding(3) var<storage, read_write> d_weight: array<Values>;

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product_of_part(group, thread);
}
