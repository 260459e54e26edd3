// Back through a linear layer and the activation in front of it: linear_input_adjoint.wgsl, then
// activate_adjoint.wgsl on each tile of what it gives. For tiles in workgroup memory.
//
// d_output     [batch, 1 + OUTPUT_ORDER directions, outputs]: at the linear layer's output
// weight       [outputs, inputs]
// d_activated  [batch, 1 + OUTPUT_ORDER directions, inputs]: at the linear layer's input
//              Where COMPARED, both are of rows that the loss compares, [batch, COMPARED, ...] with
//              the centre's where there are 2, and taylor_evaluate_adjoint.wgsl for one direction
//              stands between
// input        [batch, 1 + INPUT_ORDER directions, inputs]: what activate.wgsl read
// d_input      like input
// Grid: one workgroup a tile of d_activated, columns along x, with whole jets.
// CPU kernels: src/cpu/linear_input_adjoint.rs, then src/cpu/activate_adjoint.rs. In the table of
// src/gpu/fuse/mod.rs.

#import product
#import shared/operands/input_of_linear
#import shared/jets_of_tile
#import shared/activation
#import curve
#import shared/activate_jet_adjoint
#import shared/sine

#vectors inputs outputs

struct Params {
    batch: u32,
    directions: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<Values>;
@group(0) @binding(2) var<storage, read> weight: array<Values>;
@group(0) @binding(3) @coherent var<storage, read_write> d_activated: array<Values>;
@group(0) @binding(4) var<storage, read> input: array<Values>;
@group(0) @binding(5) var<storage, read_write> d_input: array<Values>;

override COMPARED: u32 = 0u;

fn rows() -> u32 {
    return params.batch * ROWS_PER_JET;
}

fn store(row: u32, column: u32, value: Values) {
    d_activated[nth(row * params.inputs + column)] = value;
}

fn load_u(i: u32) -> Values {
    return input[nth(i)];
}

fn load_dy(i: u32) -> Values {
    if COMPARED == 0u {
        return d_activated[nth(i)];
    }
    let n = params.inputs;
    let row = i / n;
    let slot = row % (1u + OUTPUT_ORDER);
    let first = row / (1u + OUTPUT_ORDER) * COMPARED * n + i % n;
    var value = d_activated[nth(first + (COMPARED - 1u) * n)];
    if slot == 0u && COMPARED == 2u {
        value = d_activated[nth(first)] + value;
    } else if slot == 2u {
        value *= 0.5;
    }
    return value;
}

fn store_du(i: u32, value: Values) {
    d_input[nth(i)] = value;
}

fn finish(jet: u32, column: u32) {
    let n = params.inputs;
    let u = jet * (1u + INPUT_ORDER * params.directions) * n + column;
    activate_jet_adjoint(curve(load_u(u)), u, jet * (1u + OUTPUT_ORDER * params.directions) * n + column, n);
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product(group.xy, thread, 0u, params.outputs);
    finish_tile(group.xy, thread);
}
