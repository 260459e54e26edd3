// output[step * columns + column] = sum of input, by a fixed tree.
//
// input   [len]
// state   [5]              word 0: the step within the block
// output  [steps, columns], or one value for all steps where columns = 0
// Grid: one workgroup.
// CPU kernel: src/cpu/sum.rs

#import shared/tree

struct Params {
    len: u32,
    columns: u32,
    column: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> state: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) thread: u32) {
    var part = 0.0;
    for (var i = thread; i < params.len; i += 64u) {
        part += input[i];
    }
    let sum = sum_over_workgroup(thread, part);
    if thread == 0u {
        output[state[0] * params.columns + params.column] = sum;
    }
}
