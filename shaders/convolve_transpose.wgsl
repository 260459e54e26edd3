// A transposed convolution of every slot, plus the bias in slot 0; also the gradient of a
// convolution to its image. Pixels of the image whose places differ by a multiple of the stride see
// the same part of the kernel, so each of these phases is a product over (output channel, its
// kernel rows, its kernel columns).
//
// input   [rows, outputs, output_height, output_width]
// weight  [outputs, inputs, kernel_height, kernel_width]
// bias    [inputs]
// image   [rows, inputs, height, width]
// An epilogue may go on with each element of image (shared/epilogue/).
// Grid: one workgroup a tile of the product, (row, position within the phase) along x, image
// channels along y, phases along z.
// CPU kernel: src/cpu/convolve_transpose.rs

#import product
#import fetch_a
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

const A_ALONG_K: bool = false;
const B_ALONG_K: bool = false;

// Row and column of the phase.
var<private> phase: vec2<u32>;
// Rows and columns of the image in the phase that has most.
var<private> size: vec2<u32>;
// Kernel rows, and columns, that a phase sees, at most.
var<private> taps: vec2<u32>;
// How far the phase lies within the image and its padding.
var<private> shift: vec2<u32>;

fn extent() -> vec3<u32> {
    return vec3(params.inputs, params.outputs * taps.x * taps.y, params.rows * size.x * size.y);
}

// Row and column within the phase of a position.
fn position(column: u32) -> vec2<u32> {
    let at = column % (size.x * size.y);
    return vec2(at / size.y, at % size.y);
}

// Which of the kernel rows, and of the columns, that the phase sees a term is.
fn tap(k: u32) -> vec2<u32> {
    let at = k % (taps.x * taps.y);
    return vec2(at / taps.y, at % taps.y);
}

// Row and column in the kernel of a tap; the last tap of a phase may be beyond.
fn in_kernel(tap: vec2<u32>) -> vec2<u32> {
    return shift % params.stride + tap * params.stride;
}

fn load_a(row: u32, k: u32) -> f32 {
    let at = in_kernel(tap(k));
    let value = weight[((k / (taps.x * taps.y) * params.inputs + row) * params.kernel_height + at.x) * params.kernel_width + at.y];
    return select(value, 0.0, (at.x >= params.kernel_height) | (at.y >= params.kernel_width));
}

// The input that a position sees in a channel at a tap; beyond the kernel some value, times 0.
fn input_value(column: u32, channel: u32, tap: vec2<u32>) -> f32 {
    // Below zero it wraps around, to numbers that are larger than any side.
    let at = position(column) + shift / params.stride - tap;
    let plane = column / (size.x * size.y) * params.outputs + channel;
    let value = input[(plane * params.output_height + at.x) * params.output_width + at.y];
    return select(value, 0.0, (at.x >= params.output_height) | (at.y >= params.output_width));
}

fn load_b(column: u32, k: u32) -> f32 {
    return input_value(column, k / (taps.x * taps.y), tap(k));
}

// What a position sees at 4 terms: 2 x 2 taps of a channel, where a phase sees as many.
fn input_values(column: u32, k: u32, end_k: u32) -> vec4<f32> {
    let at = min(column, extent().z - 1u);
    let terms = vec4(k) + vec4(0u, 1u, 2u, 3u);
    let inside = min(terms, vec4(end_k - 1u));
    var values: vec4<f32>;
    if all(taps == vec2(2u)) {
        let channel = inside.x / 4u;
        values = vec4(
#repeat y 2
#repeat x 2
            input_value(at, channel, vec2($yu, $xu)),
#end
#end
        );
    } else {
        values = vec4(
#repeat i 4
            load_b(at, inside[$i]),
#end
        );
    }
    return select(vec4(0.0), values, terms < vec4(end_k));
}

fn fetch_b(column: u32, k: u32, end_k: u32) -> mat4x4<f32> {
    return transpose(mat4x4(
#repeat i 4
        input_values(column + $iu, k, end_k),
#end
    ));
}

fn store(row: u32, column: u32, value: f32) {
    let at = position(column) * params.stride + phase;
    if at.x < params.height && at.y < params.width {
        let image_row = column / (size.x * size.y);
        var sum = value;
        if image_row % params.slots == 0u {
            sum += bias[row];
        }
        let i = ((image_row * params.inputs + row) * params.height + at.x) * params.width + at.y;
        image[i] = sum;
        epilogue(i, sum);
    }
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    phase = vec2(group.z / params.stride, group.z % params.stride);
    size = (vec2(params.height, params.width) + params.stride - 1u) / params.stride;
    taps = (vec2(params.kernel_height, params.kernel_width) + params.stride - 1u) / params.stride;
    shift = phase + vec2(params.padding_height, params.padding_width);
    product(group.xy, thread, 0u, extent().y);
}
