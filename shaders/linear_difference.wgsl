// The encoder's last linear layer, and the differences of its codes: linear.wgsl, then
// difference.wgsl on each tile of what it gives. For tiles in workgroup memory.
//
// input       [batch, ROWS_PER_JET, inputs]: a centre and its neighbours
// weight      [outputs, inputs]
// bias        [outputs]
// output      [batch, ROWS_PER_JET, outputs]: latents
// difference  [batch, ROWS_PER_JET, outputs]: that of the centre, and what the neighbours have more
// Grid: one workgroup a tile of output, columns along x, with whole groups of rows.
// CPU kernels: src/cpu/linear.rs, then src/cpu/difference.rs. In the table of src/gpu/fuse/mod.rs.

#import product
#import shared/operands/linear
#import shared/jets_of_tile

#vectors inputs outputs

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Values>;
@group(0) @binding(2) var<storage, read> weight: array<Values>;
@group(0) @binding(3) var<storage, read> bias: array<Values>;
@group(0) @binding(4) @coherent var<storage, read_write> output: array<Values>;
@group(0) @binding(5) var<storage, read_write> difference: array<Values>;

fn rows() -> u32 {
    return params.rows;
}

fn slots() -> u32 {
    return 1u;
}

fn finish(jet: u32, column: u32) {
    let centre = jet * ROWS_PER_JET * params.outputs + column;
    let z = output[nth(centre)];
    difference[nth(centre)] = z;
    for (var d = 1u; d < ROWS_PER_JET; d++) {
        let neighbour = nth(centre + d * params.outputs);
        difference[neighbour] = output[neighbour] - z;
    }
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product(group.xy, thread, 0u, params.inputs);
    finish_tile(group.xy, thread);
}
