// What convolve_weight_adjoint.wgsl computes, by minimal filtering: 9 products for 16, for the kernels
// that convolve_filtered.wgsl takes.
//
// d_output  [rows, outputs, output_height, output_width]
// image     [rows, inputs, height, width]
// d_weight  [ceil(rows / stretch), outputs, inputs, kernel_height, kernel_width]
// Grid: one workgroup a tile of the products, (channel, phase) along x, output channels along y,
// stretches along z. Terms are (row, tile of 2 x 2 outputs), in order.
// CPU kernel: src/cpu/convolve_weight_adjoint.rs. Chosen by src/gpu/filtering.rs.

#import product
#import shared/operands/weight_of_filtered

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

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product_of_part(group, thread);
}
