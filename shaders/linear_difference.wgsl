// The encoder's last linear layer, and the differences of its codes: linear.wgsl, then
// difference.wgsl on each tile of what it gives. For tiles in workgroup memory.
//
// input       [batch, ROWS_PER_JET, inputs]: a centre and its neighbours
// weight      [outputs, inputs]
// bias        [outputs]
// output      [batch, ROWS_PER_JET, outputs]: codes
// difference  [batch, ROWS_PER_JET, outputs]: that of the centre, and what the neighbours have more
// Grid: one workgroup a tile of output, columns along x, with whole groups of rows.
// CPU kernels: src/cpu/linear.rs, then src/cpu/difference.rs. In the table of src/gpu/fuse/mod.rs.

#import product
#import fetch_a
#import fetch_b
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

const A_ALONG_K: bool = true;
const B_ALONG_K: bool = true;

fn extent() -> vec3<u32> {
    return vec3(params.rows, params.inputs, params.outputs);
}

fn load_a(row: u32, k: u32) -> Values {
    return input[nth(row * params.inputs + k)];
}

fn load_b(column: u32, k: u32) -> Values {
    return weight[nth(column * params.inputs + k)];
}

fn store(row: u32, column: u32, value: Values) {
    output[nth(row * params.outputs + column)] = value + bias[nth(column)];
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
