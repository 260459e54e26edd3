// output[nth(i)] = sum of input[part, i] over the parts, in order.
//
// input   [parts, len]
// output  [len]
// Grid: one thread an element of output, or 4.
// CPU kernel: src/cpu/sum_partials.rs

#import shared/flat

#vectors len

struct Params {
    parts: u32,
    len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Values>;
@group(0) @binding(2) var<storage, read_write> output: array<Values>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = (flat_group(group, groups) * 256u + thread) * WIDTH;
    if i < params.len {
        var sum = Values(0.0);
        for (var part = 0u; part < params.parts; part++) {
            sum += input[nth(part * params.len + i)];
        }
        output[nth(i)] = sum;
    }
}
