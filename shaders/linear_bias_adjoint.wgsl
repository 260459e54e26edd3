// d_bias = sum of slot 0 of d_output over jets, in order; where there are many jets, one sum for
// each stretch of them.
//
// d_output  [jets * slots, outputs], slot 0 in rows 0, slots, 2 slots, ...
// d_bias    [ceil(jets / stretch), outputs]
// Grid: one thread WIDTH elements of d_bias.
// CPU kernel: src/cpu/linear_bias_adjoint.rs

#import shared/flat
#import shared/bias_sum

#vectors outputs

struct Params {
    jets: u32,
    outputs: u32,
    slots: u32,
    stretch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_output: array<Values>;
@group(0) @binding(2) var<storage, read_write> d_bias: array<Values>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = (flat_group(group, groups) * 64u + thread) * WIDTH;
    if element < (params.jets + params.stretch - 1u) / params.stretch * params.outputs {
        d_bias[nth(element)] = bias_sum(element, params.jets, params.slots, params.outputs, params.stretch);
    }
}
