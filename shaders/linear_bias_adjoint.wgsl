// d_bias = sum of slot 0 of d_output over the jets, in order.
//
// d_output  [rows, outputs], slot 0 in rows 0, slots, 2 slots, ...
// d_bias    [outputs]
// Grid: one thread an output. Twin: src/cpu/linear_bias_adjoint.rs

#import shared/flat

struct Params {
    rows: u32,
    outputs: u32,
    slots: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> d_bias: array<f32>;

// Mesa 22.3 ends every loop after 65 535 iterations without a word.
const LONGEST_LOOP: u32 = 32768u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let column = flat_group(group, groups) * 64u + thread;
    if column < params.outputs {
        var sum = 0.0;
        for (var begin = 0u; begin < params.rows; begin += LONGEST_LOOP * params.slots) {
            let end = min(begin + LONGEST_LOOP * params.slots, params.rows);
            for (var row = begin; row < end; row += params.slots) {
                sum += d_output[row * params.outputs + column];
            }
        }
        d_bias[column] = sum;
    }
}
