// Gradient of a convolution to its weight: a sum over rows and positions, in order; one sum for
// each stretch of rows.
//
// d_output  [rows, outputs, output_height, output_width]
// image     [rows, inputs, height, width]
// d_weight  [ceil(rows / stretch), outputs, inputs, kernel_height, kernel_width]
// Grid: one workgroup a tile of d_weight, (channel, kernel row, kernel column) along x, stretches
// along z.
// CPU kernel: src/cpu/convolve_weight_adjoint.rs

#import product
#import fetch_a
#import shared/window

struct Params {
    rows: u32,
    inputs: u32,
    height: u32,
    width: u32,
    outputs: u32,
    output_height: u32,
    output_width: u32,
    kernel_height: u32,
    kernel_width: u32,
    stride: u32,
    padding_height: u32,
    padding_width: u32,
    stretch: u32,
}

#params
@group(0) @binding(1) var<storage, read> d_output: array<f32>;
@group(0) @binding(2) var<storage, read> image: array<f32>;
@group(0) @binding(3) var<storage, read_write> d_weight: array<f32>;

const A_ALONG_K: bool = true;
const B_ALONG_K: bool = true;

var<private> part: u32;

fn extent() -> vec3<u32> {
    let positions = params.output_height * params.output_width;
    return vec3(params.outputs, params.rows * positions, params.inputs * params.kernel_height * params.kernel_width);
}

fn load_a(row: u32, k: u32) -> f32 {
    let positions = params.output_height * params.output_width;
    return d_output[(k / positions * params.outputs + row) * positions + k % positions];
}

fn load_b(column: u32, k: u32) -> f32 {
    return window_value(k, column, 0u);
}

fn fetch_b(column: u32, k: u32, end_k: u32) -> mat4x4<f32> {
    return window_block(k, column, vec2(end_k, extent().z));
}

fn store(row: u32, column: u32, value: f32) {
    d_weight[(part * params.outputs + row) * params.inputs * params.kernel_height * params.kernel_width + column] = value;
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    part = group.z;
    let positions = params.output_height * params.output_width;
    product(group.xy, thread, part * params.stretch * positions, min((part + 1u) * params.stretch, params.rows) * positions);
}
