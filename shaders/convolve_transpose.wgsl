// A transposed convolution of every slot, plus the bias in slot 0; also the gradient of a convolution to its image. Pixels of the image whose
// places differ by a multiple of the stride see the same part of the kernel, so each of these phases is a product over (output
// channel, its kernel rows, its kernel columns).
//
// input   [rows, outputs, output_height, output_width]
// weight  [outputs, inputs, kernel, kernel]
// bias    [inputs]
// image   [rows, inputs, height, width]
// Grid: one workgroup a tile of the product, (row, position within the phase) along x, image channels along y, phases along z. Twin: src/cpu/convolve_transpose.rs

#import product

struct Params {
    rows: u32,
    inputs: u32,
    height: u32,
    width: u32,
    outputs: u32,
    output_height: u32,
    output_width: u32,
    kernel: u32,
    stride: u32,
    padding: u32,
    slots: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> image: array<f32>;

const A_ALONG_K: bool = false;
const B_ALONG_K: bool = false;

// Row and column of the phase.
var<private> phase: vec2<u32>;

// Rows and columns of the image in the phase that has most.
fn phase_size() -> vec2<u32> {
    return (vec2(params.height, params.width) + params.stride - 1u) / params.stride;
}

// Kernel rows, and columns, that a phase sees, at most.
fn taps() -> u32 {
    return (params.kernel + params.stride - 1u) / params.stride;
}

fn extent() -> vec3<u32> {
    let size = phase_size();
    return vec3(params.inputs, params.outputs * taps() * taps(), params.rows * size.x * size.y);
}

// Row and column in the image of a position of the phase.
fn pixel(column: u32) -> vec2<u32> {
    let size = phase_size();
    let at = column % (size.x * size.y);
    return vec2(at / size.y, at % size.y) * params.stride + phase;
}

// Kernel row and column of a term.
fn tap(k: u32) -> vec2<u32> {
    let at = k % (taps() * taps());
    return (phase + params.padding) % params.stride + vec2(at / taps(), at % taps()) * params.stride;
}

fn load_a(row: u32, k: u32) -> f32 {
    let t = tap(k);
    if t.x >= params.kernel || t.y >= params.kernel {
        return 0.0;
    }
    let channel = k / (taps() * taps());
    return weight[((channel * params.inputs + row) * params.kernel + t.x) * params.kernel + t.y];
}

fn load_b(k: u32, column: u32) -> f32 {
    let size = phase_size();
    let t = tap(k);
    // A multiple of the stride; below zero it wraps around.
    let place = pixel(column) + params.padding - t;
    let y = place.x / params.stride;
    let x = place.y / params.stride;
    if t.x >= params.kernel || t.y >= params.kernel || y >= params.output_height || x >= params.output_width {
        return 0.0;
    }
    let channel = k / (taps() * taps());
    let plane = column / (size.x * size.y) * params.outputs + channel;
    return input[(plane * params.output_height + y) * params.output_width + x];
}

fn store(row: u32, column: u32, value: f32) {
    let size = phase_size();
    let at = pixel(column);
    if at.x < params.height && at.y < params.width {
        let image_row = column / (size.x * size.y);
        var sum = value;
        if image_row % params.slots == 0u {
            sum += bias[row];
        }
        image[((image_row * params.inputs + row) * params.height + at.x) * params.width + at.y] = sum;
    }
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    phase = vec2(group.z / params.stride, group.z % params.stride);
    product(group.xy, thread, 0u, extent().y);
}
