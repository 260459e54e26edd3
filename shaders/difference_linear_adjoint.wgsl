// Back through the decoder's first linear layer and the differences of latents in front of it:
// linear_input_adjoint.wgsl, then difference_adjoint.wgsl on each tile of what it gives. For tiles in
// workgroup memory.
//
// d_output      [batch, ROWS_PER_JET, outputs]: at the linear layer's output
// weight        [outputs, inputs]
// d_difference  [batch, ROWS_PER_JET, inputs]: at the linear layer's input
// d_input       [batch, ROWS_PER_JET, inputs]: at the latents
// Grid: one workgroup a tile of d_difference, columns along x, with whole jets.
// CPU kernels: src/cpu/linear_input_adjoint.rs, then src/cpu/difference_adjoint.rs. In the table of
// src/gpu/fuse/mod.rs.

#import product
#import shared/operands/input_of_linear
#import shared/jets_of_tile

#vectors inputs outputs

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<Values>;
@group(0) @binding(2) var<storage, read> weight: array<Values>;
@group(0) @binding(3) @coherent var<storage, read_write> d_difference: array<Values>;
@group(0) @binding(4) var<storage, read_write> d_input: array<Values>;

fn rows() -> u32 {
    return params.rows;
}

fn store(row: u32, column: u32, value: Values) {
    d_difference[nth(row * params.inputs + column)] = value;
}

fn finish(jet: u32, column: u32) {
    let centre = jet * ROWS_PER_JET * params.inputs + column;
    var d_centre = d_difference[nth(centre)];
    for (var d = 1u; d < ROWS_PER_JET; d++) {
        let neighbour = nth(centre + d * params.inputs);
        let d_neighbour = d_difference[neighbour];
        d_input[neighbour] = d_neighbour;
        d_centre -= d_neighbour;
    }
    d_input[nth(centre)] = d_centre;
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product(group.xy, thread, 0u, params.outputs);
    finish_tile(group.xy, thread);
}
