// partials[i] = sum of squares of the i-th chunk of 4096 values, by a fixed tree.
//
// input     [len], len a multiple of 4
// partials  [ceil(len / 4096)]
// Grid: one workgroup a chunk.
// CPU kernel: src/cpu/sum_of_squares.rs

#import shared/flat
#import shared/tree

struct Params {
    len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let chunk = flat_group(group, groups);
    if chunk * 4096u < params.len {
        var squares = vec4(0.0);
        let end = min((chunk + 1u) * 1024u, params.len / 4u);
        for (var i = chunk * 1024u + thread; i < end; i += 64u) {
            let value = input[i];
            squares = fma(value, value, squares);
        }
        let sum = sum_over_workgroup(thread, squares.x + squares.y + squares.z + squares.w);
        if thread == 0u {
            partials[chunk] = sum;
        }
    }
}
