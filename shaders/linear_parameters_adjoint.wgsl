// Gradients of a linear layer to its weights and its biases: linear_weight_adjoint.wgsl, and beside
// its tiles linear_bias_adjoint.wgsl.
//
// d_output  [rows, outputs], slot 0 in rows 0, slots, 2 slots, ...
// input     [rows, inputs]
// d_weight  [ceil(rows / stretch), outputs, inputs]
// d_bias    [ceil(rows / slots / bias_stretch), outputs]
// Grid: one workgroup a tile of d_weight, columns along x, stretches along z; behind the last
// column of tiles one of workgroups that share d_bias, one thread WIDTH elements.
// CPU kernels: src/cpu/linear_weight_adjoint.rs and src/cpu/linear_bias_adjoint.rs. In the table of
// src/gpu/fuse/mod.rs.

#import product
#import shared/operands/weight_of_linear
#import shared/bias_sum

#vectors inputs outputs

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    stretch: u32,
    slots: u32,
    bias_stretch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<Values>;
@group(0) @binding(2) var<storage, read> input: array<Values>;
@group(0) @binding(3) var<storage, read_write> d_weight: array<Values>;
@group(0) @binding(4) var<storage, read_write> d_bias: array<Values>;

@compute @workgroup_size(PRODUCT_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    if group.x + 1u < groups.x {
        product_of_part(group, thread);
    } else {
        let first = (group.z * groups.y + group.y) * PRODUCT_THREADS + thread;
        let jets = params.rows / params.slots;
        let elements = (jets + params.bias_stretch - 1u) / params.bias_stretch * params.outputs;
        for (var element = first * WIDTH; element < elements; element += groups.y * groups.z * PRODUCT_THREADS * WIDTH) {
            d_bias[nth(element)] = bias_sum(element, jets, params.slots, params.outputs, params.bias_stretch);
        }
    }
}
