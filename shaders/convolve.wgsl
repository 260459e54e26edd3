// A convolution of every slot, plus the bias in slot 0: an implicit product over (channel, kernel
// row, kernel column), without a copy of the windows.
//
// image   [rows, inputs, height, width]
// weight  [outputs, inputs, kernel_height, kernel_width]
// bias    [outputs]
// output  [rows, outputs, output_height, output_width]
// An epilogue may go on with each element of output (shared/epilogue/).
// Grid: one workgroup a tile of the product, (row, position) along x, output channels along y.
// CPU kernel: src/cpu/convolve.rs

#import product
#import fetch_a
#import shared/window
#import epilogue

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
    slots: u32,
}

#params
@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

const A_ALONG_K: bool = true;
const B_ALONG_K: bool = false;

fn extent() -> vec3<u32> {
    let positions = params.output_height * params.output_width;
    return vec3(params.outputs, params.inputs * params.kernel_height * params.kernel_width, params.rows * positions);
}

fn load_a(row: u32, k: u32) -> f32 {
    return weight[row * params.inputs * params.kernel_height * params.kernel_width + k];
}

fn load_b(column: u32, k: u32) -> f32 {
    return window_value(column, k, 0u);
}

fn fetch_b(column: u32, k: u32, end_k: u32) -> mat4x4<f32> {
    return transpose(window_block(column, k, vec2(extent().z, end_k)));
}

fn store(row: u32, column: u32, value: f32) {
    let positions = params.output_height * params.output_width;
    let image_row = column / positions;
    var sum = value;
    if image_row % params.slots == 0u {
        sum += bias[row];
    }
    let i = (image_row * params.outputs + row) * positions + column % positions;
    output[i] = sum;
    epilogue(i, sum);
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product(group.xy, thread, 0u, extent().y);
}
