// What convolve_transpose.wgsl computes, for an image of 4 channels at most and for kernels 4 x 4 of
// stride 2 with padding 1: of a tile of a product such an image would fill a part of the rows. A
// thread computes the 2 x 2 pixels of a place in all channels, which see 3 x 3 values of an input
// channel.
//
// input   [rows, outputs, output_height, output_width]
// weight  [outputs, inputs, 4, 4]
// bias    [inputs]
// image   [rows, inputs, height, width]
// Grid: one thread a (row, place).
// CPU kernel: src/cpu/convolve_transpose.rs

#import shared/flat

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
@group(0) @binding(2) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> image: array<f32>;

const THREADS: u32 = 128u;
// Input channels whose weights lie in workgroup memory at once.
const CHUNK: u32 = 16u;

// [CHUNK, inputs, 4]: rows of kernels.
var<workgroup> kernels: array<vec4<f32>, CHUNK * 4u * 4u>;

// A value of the input; 0 beyond its sides, where rows and columns below zero wrap around.
fn input_value(plane: u32, y: u32, x: u32) -> f32 {
    let value = input[(plane * params.output_height + y) * params.output_width + x];
    return select(value, 0.0, (y >= params.output_height) | (x >= params.output_width));
}

// Stores the pixels of a place in one channel.
fn store_pixels(image_row: u32, channel: u32, y: u32, x: u32, pixels: vec4<f32>) {
    let plane = image_row * params.inputs + channel;
    var offset = 0.0;
    if image_row % params.slots == 0u {
        offset = bias[channel];
    }
    for (var i = 0u; i < 4u; i++) {
        let row = 2u * y + i / 2u;
        let column = 2u * x + i % 2u;
        if row < params.height && column < params.width {
            image[(plane * params.height + row) * params.width + column] = pixels[i] + offset;
        }
    }
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let across = (params.width + 1u) / 2u;
    let places = (params.height + 1u) / 2u * across;
    let element = flat_group(group, groups) * THREADS + thread;
    // Threads beyond the last place help with the weights.
    let place = min(element, params.rows * places - 1u);
    let image_row = place / places;
    let y = place % places / across;
    let x = place % across;
#repeat c 4
    var pixels_$c = vec4(0.0);
#end
    for (var first = 0u; first < params.outputs; first += CHUNK) {
        let chunk = min(CHUNK, params.outputs - first);
        workgroupBarrier();
        for (var i = thread; i < chunk * params.inputs * 4u; i += THREADS) {
            kernels[i] = weight[first * params.inputs * 4u + i];
        }
        workgroupBarrier();
        for (var o = 0u; o < chunk; o++) {
            let plane = image_row * params.outputs + first + o;
#repeat i 3
#repeat j 3
            let v$i$j = input_value(plane, y + $iu - 1u, x + $ju - 1u);
#end
#end
#repeat c 4
            if $cu < params.inputs {
                let k = (o * params.inputs + $cu) * 4u;
                let k0 = kernels[k];
                let k1 = kernels[k + 1u];
                let k2 = kernels[k + 2u];
                let k3 = kernels[k + 3u];
                pixels_$c += vec4(
                    fma(v11, k1.y, fma(v10, k1.w, fma(v01, k3.y, v00 * k3.w))),
                    fma(v12, k1.x, fma(v11, k1.z, fma(v02, k3.x, v01 * k3.z))),
                    fma(v21, k0.y, fma(v20, k0.w, fma(v11, k2.y, v10 * k2.w))),
                    fma(v22, k0.x, fma(v21, k0.z, fma(v12, k2.x, v11 * k2.z))),
                );
            }
#end
        }
    }
    if element < params.rows * places {
#repeat c 4
        if $cu < params.inputs {
            store_pixels(image_row, $cu, y, x, pixels_$c);
        }
#end
    }
}
