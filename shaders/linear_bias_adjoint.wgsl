// d_bias = sum of slot 0 of d_output over jets, in order; where there are many jets, one sum for
// each stretch of them.
//
// d_output  [jets * slots, outputs], slot 0 in rows 0, slots, 2 slots, ...
// d_bias    [ceil(jets / stretch), outputs]
// Grid: one thread an element of d_bias.
// CPU kernel: src/cpu/linear_bias_adjoint.rs

#import shared/flat

struct Params {
    jets: u32,
    outputs: u32,
    slots: u32,
    stretch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> d_bias: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    let first = element / params.outputs * params.stretch;
    if first < params.jets {
        let column = element % params.outputs;
        let end = min(first + params.stretch, params.jets);
        var sum = 0.0;
        for (var jet = first; jet < end; jet++) {
            sum += d_output[jet * params.slots * params.outputs + column];
        }
        d_bias[element] = sum;
    }
}
