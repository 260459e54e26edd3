// d_input = d_output weight
//
// d_output  [rows, outputs]
// weight    [outputs, inputs]
// d_input   [rows, inputs], or a part of the sums of STRETCH terms each behind the other
// Grid: one workgroup a tile of d_input, columns along x, parts along z.
// CPU kernel: src/cpu/linear_input_adjoint.rs

#import product
#import shared/operands/input_of_linear
#import shared/parts

#vectors inputs outputs

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<Values>;
@group(0) @binding(2) var<storage, read> weight: array<Values>;
@group(0) @binding(3) var<storage, read_write> d_input: array<Values>;

fn rows() -> u32 {
    return params.rows;
}

fn store(row: u32, column: u32, value: Values) {
    d_input[nth((part * params.rows + row) * params.inputs + column)] = value;
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product_of_part(group, thread, params.outputs);
}
