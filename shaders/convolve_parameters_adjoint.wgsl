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
#import shared/channel_sum

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
        channel_sum_beside(((group.x - tiles) * groups.y + group.y) * groups.z + group.z, thread);
    }
}
