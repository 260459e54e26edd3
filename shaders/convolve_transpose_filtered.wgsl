// What convolve_transpose.wgsl computes, by minimal filtering: 9 products for 16, for kernels that are
// wider than their stride, and at most twice as wide. Each phase of the image, the pixels whose places
// are alike modulo the stride, is a convolution of the input with filters of 2 x 2 taps.
//
// input   [rows, outputs, output_height, output_width]
// weight  [outputs, inputs, kernel_height, kernel_width]
// bias    [inputs]
// image   [rows, inputs, height, width]
// An epilogue may go on with each element of image (shared/epilogue/).
// Grid: one workgroup a tile of the products, (row, tile of 2 x 2 pixels of the phase) along x, image
// channels along y, phases along z. Terms are the channels of the input.
// CPU kernel: src/cpu/convolve_transpose.rs. Chosen by src/gpu/filtering.rs.

#import product
#import shared/tiles_of_image
#import shared/operands/taps
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
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> image: array<f32>;

// Row and column of the phase.
var<private> phase: vec2<u32>;
// How far the phase lies within the image and its padding.
var<private> shift: vec2<u32>;

// Rows and columns of the image in the phase that has most.
fn size() -> vec2<u32> {
    return (vec2(params.height, params.width) + params.stride - 1u) / params.stride;
}

fn extent() -> vec3<u32> {
    let tiles = tiles_of(size());
    return vec3(params.inputs, params.outputs, params.rows * tiles.x * tiles.y);
}

// Pixels see the last tap first.
fn reversed(taps: vec4<f32>) -> vec4<f32> {
    return taps.wzyx;
}

fn fetch_a(row: u32, k: u32, slot: u32, end_k: u32) -> mat2x4<f32> {
    let last = params.inputs - 1u;
    let channel = min(k + slot, end_k - 1u);
    return mat2x4(
#repeat i 2
        select(vec4(0.0), reversed(taps(channel, min(row + $iu, last), shift % params.stride)), k + slot < end_k),
#end
    );
}

// A value of the input; 0 beyond it, where rows and columns below zero wrap around.
fn pixel(plane: u32, at: vec2<u32>) -> f32 {
    let value = input[(plane * params.output_height + at.x) * params.output_width + at.y];
    return select(value, 0.0, (at.x >= params.output_height) | (at.y >= params.output_width));
}

fn fetch_b(column: u32, k: u32, slot: u32, end_k: u32) -> Pixels {
    let tile = tile_at(min(column, extent().z - 2u), size());
    // Beyond the last channel it is the last, times taps of 0.
    let plane = tile.x * params.outputs + min(k + slot, params.outputs - 1u);
    let first = tile.yz + shift / params.stride - 1u;
#repeat x 5
    let column_$x = vec3(
#repeat y 3
        pixel(plane, first + vec2($yu, $xu)),
#end
    );
#end
    return Pixels(mat3x3(column_0, column_1, column_2), mat3x3(column_2, column_3, column_4));
}

fn store(image_row: u32, channel: u32, at: vec2<u32>, value: f32) {
    if at.x >= params.height || at.y >= params.width {
        return;
    }
    var sum = value;
    if image_row % params.slots == 0u {
        sum += bias[channel];
    }
    let i = ((image_row * params.inputs + channel) * params.height + at.x) * params.width + at.y;
    image[i] = sum;
    epilogue(i, sum);
}

fn store_results(row: u32, column: u32, values: vec4<f32>) {
    let tile = tile_at(column, size());
#repeat y 2
#repeat x 2
    store(tile.x, row, (tile.yz + vec2($yu, $xu)) * params.stride + phase, values[2u * $yu + $xu]);
#end
#end
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    phase = vec2(group.z / params.stride, group.z % params.stride);
    shift = phase + vec2(params.padding_height, params.padding_width);
    product(group.xy, thread, 0u, extent().y);
}
