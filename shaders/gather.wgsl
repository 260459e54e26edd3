// output[r, i] = (data[indices[step, r], i] - shift) / scale
//
// data     [samples, features]  f32 by their bits, or bytes packed four to a word, lowest first
// (BYTES)
// indices  [steps, rows]        samples
// state    [5]                  word 0: the step within the block
// output   [rows, features]
// Grid: one thread an element of output, or 4.
// CPU kernel: src/cpu/gather.rs

#import shared/flat

#vectors features

struct Params {
    rows: u32,
    features: u32,
    shift: f32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<Words>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<Values>;

override BYTES: u32 = 0u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = (flat_group(group, groups) * 256u + thread) * WIDTH;
    if element < params.rows * params.features {
        let row = element / params.features;
        let at = indices[state[0] * params.rows + row] * params.features + element % params.features;
        var raw: Values;
        if BYTES == 1u {
            let word = word_of(data[nth(at / 4u)], at / 4u);
            raw = Values((Words(word) >> (BYTES_OF_WORD + 8u * (at % 4u))) & Words(0xffu));
        } else {
            raw = bitcast<Values>(data[nth(at)]);
        }
        output[nth(element)] = (raw - params.shift) / params.scale;
    }
}
