// What convolve.wgsl computes, by minimal filtering: 9 products for 16, for kernels that are wider than
// their stride of 1 or 2, and at most twice as wide. Such a kernel is a filter with 2 x 2 taps on each
// phase of the image, the pixels whose places are alike modulo the stride.
//
// image   [rows, inputs, height, width]
// weight  [outputs, inputs, kernel_height, kernel_width]
// bias    [outputs]
// output  [rows, outputs, output_height, output_width]
// An epilogue may go on with each element of output (shared/epilogue/).
// Grid: one workgroup a tile of the products, (row, tile of 2 x 2 outputs) along x, output channels
// along y. Terms are (channel, phase).
// CPU kernel: src/cpu/convolve.rs. Chosen by src/gpu/filtering.rs.

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
@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

fn size() -> vec2<u32> {
    return vec2(params.output_height, params.output_width);
}

fn extent() -> vec3<u32> {
    let tiles = tiles_of(size());
    return vec3(params.outputs, params.inputs * params.stride * params.stride, params.rows * tiles.x * tiles.y);
}

// Image channel of a term; beyond the last it is the last, times taps of 0. The phases of an image
// channel, 1 or 4, divide the terms of a step.
fn channel_of(k: u32, slot: u32) -> u32 {
    let phases = params.stride * params.stride;
    return min(k / phases + slot / phases, params.inputs - 1u);
}

fn phase_of(slot: u32) -> vec2<u32> {
    return vec2(slot / params.stride, slot) % params.stride;
}

fn fetch_a(row: u32, k: u32, slot: u32, end_k: u32) -> mat2x4<f32> {
    let last = params.outputs - 1u;
    let channel = channel_of(k, slot);
    return mat2x4(
#repeat i 2
        select(vec4(0.0), taps(min(row + $iu, last), channel, phase_of(slot)), k + slot < end_k),
#end
    );
}

// A pixel of a channel; 0 beyond the image, where rows and columns below zero wrap around.
fn pixel(plane: u32, at: vec2<u32>) -> f32 {
    let value = image[(plane * params.height + at.x) * params.width + at.y];
    return select(value, 0.0, (at.x >= params.height) | (at.y >= params.width));
}

fn fetch_b(column: u32, k: u32, slot: u32, end_k: u32) -> Pixels {
    let tile = tile_at(min(column, extent().z - 2u), size());
    let plane = tile.x * params.inputs + channel_of(k, slot);
    let first = tile.yz * params.stride + phase_of(slot) - vec2(params.padding_height, params.padding_width);
#repeat x 5
    let column_$x = vec3(
#repeat y 3
        pixel(plane, first + vec2($yu, $xu) * params.stride),
#end
    );
#end
    return Pixels(mat3x3(column_0, column_1, column_2), mat3x3(column_2, column_3, column_4));
}

fn store(image_row: u32, channel: u32, at: vec2<u32>, value: f32) {
    if at.x >= params.output_height || at.y >= params.output_width {
        return;
    }
    var sum = value;
    if image_row % params.slots == 0u {
        sum += bias[channel];
    }
    let i = ((image_row * params.outputs + channel) * params.output_height + at.x) * params.output_width + at.y;
    output[i] = sum;
    epilogue(i, sum);
}

fn store_results(row: u32, column: u32, values: vec4<f32>) {
    let tile = tile_at(column, size());
#repeat y 2
#repeat x 2
    store(tile.x, row, tile.yz + vec2($yu, $xu), values[2u * $yu + $xu]);
#end
#end
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product(group.xy, thread, 0u, extent().y);
}
