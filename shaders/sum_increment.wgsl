// The sum of a loss, then the next step: sum.wgsl, then increment_step.wgsl.
//
// input   [len]
// output  [steps, columns]
// state   [5]
// Grid: one workgroup.
// CPU kernels: src/cpu/sum.rs, then src/cpu/increment_step.rs. In the table of src/gpu/fuse/mod.rs.

#import shared/tree

struct Params {
    len: u32,
    columns: u32,
    column: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<storage, read_write> state: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) thread: u32) {
    var part = 0.0;
    for (var i = thread; i < params.len; i += 64u) {
        part += input[i];
    }
    let sum = sum_over_workgroup(thread, part);
    if thread == 0u {
        let step = state[0];
        output[step * params.columns + params.column] = sum;
        state[0] = step + 1u;
    }
}
