// d_input = d_output weight
//
// d_output  [rows, outputs]
// weight    [outputs, inputs]
// d_input   [rows, inputs]
// Grid: one workgroup a tile of d_input, columns along x.
// CPU kernel: src/cpu/linear_input_adjoint.rs

#import product

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> d_input: array<f32>;

const A_ALONG_K: bool = true;
const B_ALONG_K: bool = false;

fn extent() -> vec3<u32> {
    return vec3(params.rows, params.outputs, params.inputs);
}

fn load_a(row: u32, k: u32) -> f32 {
    return d_output[row * params.outputs + k];
}

fn load_b(k: u32, column: u32) -> f32 {
    return weight[k * params.inputs + column];
}

fn store(row: u32, column: u32, value: f32) {
    d_input[row * params.inputs + column] = value;
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product(group.xy, thread, 0u, params.outputs);
}
