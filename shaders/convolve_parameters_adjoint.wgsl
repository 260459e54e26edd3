// Gradients of a convolution to its weight and its bias: convolve_weight_adjoint.wgsl, and beside its
// tiles channel_sums.wgsl. The bias belongs to the channels of d_output, or to those of the image
// where BIAS_OF_IMAGE, as in a transposed convolution.
//
// d_output  [rows, outputs, output_height, output_width]
// image     [rows, inputs, height, width]
// d_weight  [ceil(rows / stretch), outputs, inputs, kernel_height, kernel_width]
// d_bias    [ceil(rows / slots / bias_stretch), outputs or inputs]: sums over slot 0
// Grid: one workgroup a tile of d_weight, (channel, kernel row, kernel column) along x, stretches
// along z; behind the last column of tiles at least one an element of d_bias.
// CPU kernels: src/cpu/convolve_weight_adjoint.rs and src/cpu/channel_sums.rs. In the table of
// src/gpu/fuse/mod.rs.

#import product
#import shared/operands/weight_of_convolution

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
    slots: u32,
    bias_stretch: u32,
}

override BIAS_OF_IMAGE: u32 = 0u;

#params
@group(0) @binding(1) var<storage, read> d_output: array<f32>;
@group(0) @binding(2) var<storage, read> image: array<f32>;
@group(0) @binding(3) var<storage, read_write> d_weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_bias: array<f32>;

// Value i of slot 0 of a channel, counted from jet `first`.
fn channel_value(channel: u32, first: u32, i: u32) -> f32 {
    if BIAS_OF_IMAGE == 1u {
        let positions = params.height * params.width;
        let plane = (first + i / positions) * params.slots * params.inputs + channel;
        return image[plane * positions + i % positions];
    }
    let positions = params.output_height * params.output_width;
    let plane = (first + i / positions) * params.slots * params.outputs + channel;
    return d_output[plane * positions + i % positions];
}

// An element of d_bias by the whole workgroup, always in the same order: 16 loads of a thread wait
// together, then 16 threads add up what 16 or fewer have each, then one adds up those.
fn channel_sum(element: u32, channels: u32, positions: u32, thread: u32) {
    let first = element / channels * params.bias_stretch;
    let jets = min(params.bias_stretch, params.rows / params.slots - first);
    let channel = element % channels;
    let values = jets * positions;
    var sum = 0.0;
    for (var i = thread; i < values; i += 16u * PRODUCT_THREADS) {
#repeat j 16
        let value_$j = channel_value(channel, first, min(i + $ju * PRODUCT_THREADS, values - 1u));
#end
#repeat j 16
        sum += select(0.0, value_$j, i + $ju * PRODUCT_THREADS < values);
#end
    }
    workgroupBarrier();
    quads[thread].x = sum;
    workgroupBarrier();
    if thread < 16u {
        var of_some = 0.0;
        for (var i = thread; i < PRODUCT_THREADS; i += 16u) {
            of_some += quads[i].x;
        }
        quads[thread].y = of_some;
    }
    workgroupBarrier();
    if thread == 0u {
        var whole = 0.0;
        for (var i = 0u; i < min(16u, PRODUCT_THREADS); i++) {
            whole += quads[i].y;
        }
        d_bias[element] = whole;
    }
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let tiles = (extent().z + PRODUCT_COLUMNS - 1u) / PRODUCT_COLUMNS;
    if group.x < tiles {
        product_of_part(group, thread);
    } else {
        var channels = params.outputs;
        var positions = params.output_height * params.output_width;
        if BIAS_OF_IMAGE == 1u {
            channels = params.inputs;
            positions = params.height * params.width;
        }
        let element = ((group.x - tiles) * groups.y + group.y) * groups.z + group.z;
        let parts = (params.rows / params.slots + params.bias_stretch - 1u) / params.bias_stretch;
        if element < parts * channels {
            channel_sum(element, channels, positions, thread);
        }
    }
}
