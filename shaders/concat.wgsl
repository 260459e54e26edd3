// Rows of two tensors side by side: output[b] = (head[b * head_group ... + head_rows], tail[b]).
//
// head    [batch, head_group, features]: the first head_rows of each group count
// tail    [batch, tail_rows, features]
// output  [batch, head_rows + tail_rows, features]
// Grid: one thread an element of output, or 4.
// CPU kernel: src/cpu/concat.rs

#import shared/flat

#vectors features

struct Params {
    batch: u32,
    head_rows: u32,
    head_group: u32,
    tail_rows: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> head: array<Values>;
@group(0) @binding(2) var<storage, read> tail: array<Values>;
@group(0) @binding(3) var<storage, read_write> output: array<Values>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = (flat_group(group, groups) * 256u + thread) * WIDTH;
    let rows = params.head_rows + params.tail_rows;
    if element < params.batch * rows * params.features {
        let b = element / (rows * params.features);
        let row = element / params.features % rows;
        let i = element % params.features;
        if row < params.head_rows {
            output[nth(element)] = head[nth((b * params.head_group + row) * params.features + i)];
        } else {
            output[nth(element)] = tail[nth((b * params.tail_rows + row - params.head_rows) * params.features + i)];
        }
    }
}
