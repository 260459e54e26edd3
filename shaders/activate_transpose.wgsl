// output[b, c] = s'(u) rows[b, c]: cotangents through an activation, with u the row b * group of
// what went forward.
//
// input   [batch * group, features]
// rows    [batch, count, features]
// output  [batch, count, features]
// Grid: one thread a (sample, feature), or 4 features.
// CPU kernel: src/cpu/activate_transpose.rs

#import shared/flat
#import shared/activation
#import curve
#import shared/sine

#vectors features

struct Params {
    batch: u32,
    count: u32,
    group: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Values>;
@group(0) @binding(2) var<storage, read> rows: array<Values>;
@group(0) @binding(3) var<storage, read_write> output: array<Values>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = (flat_group(group, groups) * 256u + thread) * WIDTH;
    if element < params.batch * params.features {
        let n = params.features;
        let sample = element / n;
        let slope = curve(input[nth(sample * params.group * n + element % n)]).y;
        for (var c = 0u; c < params.count; c++) {
            let at = (sample * params.count + c) * n + element % n;
            output[nth(at)] = slope * rows[nth(at)];
        }
    }
}
