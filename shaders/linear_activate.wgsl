// A linear layer and the activation behind it: linear.wgsl, then activate.wgsl on each tile of what
// it gives. For tiles in workgroup memory.
//
// input      [batch, 1 + INPUT_ORDER directions, inputs]
// weight     [outputs, inputs]
// bias       [outputs]
// output     [batch, 1 + INPUT_ORDER directions, outputs]: what the linear layer gives, which the
// adjoint of the activation needs
// activated  [batch, 1 + OUTPUT_ORDER directions, outputs]; where COMPARED, the rows that the loss
//            compares (taylor_evaluate.wgsl for one direction): [batch, COMPARED, outputs], with the
//            centre's where there are 2
// Grid: one workgroup a tile of output, columns along x, with whole jets.
// CPU kernels: src/cpu/linear.rs, then src/cpu/activate.rs. In the table of src/gpu/fuse/mod.rs.

#import product
#import shared/operands/linear
#import shared/jets_of_tile
#import shared/activation
#import curve
#import shared/activate_jet
#import shared/sine

#vectors inputs outputs

struct Params {
    batch: u32,
    directions: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Values>;
@group(0) @binding(2) var<storage, read> weight: array<Values>;
@group(0) @binding(3) var<storage, read> bias: array<Values>;
@group(0) @binding(4) @coherent var<storage, read_write> output: array<Values>;
@group(0) @binding(5) var<storage, read_write> activated: array<Values>;

override COMPARED: u32 = 0u;

// The Taylor expansion of a feature, as far as its slots have come.
var<private> expansion: Values;

fn rows() -> u32 {
    return params.batch * ROWS_PER_JET;
}

fn slots() -> u32 {
    return ROWS_PER_JET;
}

fn load_u(i: u32) -> Values {
    return output[nth(i)];
}

fn store_y(i: u32, value: Values) {
    if COMPARED == 0u {
        activated[nth(i)] = value;
        return;
    }
    // Slots come in their order.
    let n = params.outputs;
    let row = i / n;
    let slot = row % (1u + OUTPUT_ORDER);
    let first = row / (1u + OUTPUT_ORDER) * COMPARED * n + i % n;
    if slot == 0u {
        expansion = value;
        if COMPARED == 2u {
            activated[nth(first)] = value;
        }
    } else if slot == 1u {
        expansion += value;
    } else {
        expansion += 0.5 * value;
    }
    if slot == OUTPUT_ORDER {
        activated[nth(first + (COMPARED - 1u) * n)] = expansion;
    }
}

fn finish(jet: u32, column: u32) {
    let n = params.outputs;
    let u = jet * ROWS_PER_JET * n + column;
    activate_jet(curve(load_u(u)), u, jet * (1u + OUTPUT_ORDER * params.directions) * n + column, n);
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    product(group.xy, thread, 0u, params.inputs);
    finish_tile(group.xy, thread);
}
