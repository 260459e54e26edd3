// An activation pushed forward through jets: y0 = s(u0), y1 = s' u1, y2 = s'' u1^2 + s' u2, with
// derivatives of s at u0.
//
// input   [batch, 1 + INPUT_ORDER directions, features]
// output  [batch, 1 + OUTPUT_ORDER directions, features]; OUTPUT_ORDER is INPUT_ORDER, or 2 from 1
// with u2 = 0
// Grid: one thread a (jet, feature), or 4 features.
// CPU kernel: src/cpu/activate.rs

#import shared/flat
#import reads input 1
#import shared/activation
#import curve
#import shared/activate_jet
#import shared/sine

#vectors features

struct Params {
    batch: u32,
    directions: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> output: array<Values>;

fn load_u(i: u32) -> Values {
    return read_input(i);
}

fn store_y(i: u32, value: Values) {
    output[nth(i)] = value;
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let n = params.features;
    let element = (flat_group(group, groups) * 256u + thread) * WIDTH;
    // Loaded in front of the branch, from a place inside: within it, software drivers take longer
    // over every lane.
    let inside = min(element, params.batch * n - WIDTH);
    let jet = inside / n;
    let feature = inside - jet * n;
    let u = jet * (1u + INPUT_ORDER * params.directions) * n + feature;
    let y = jet * (1u + OUTPUT_ORDER * params.directions) * n + feature;
    let s = curve(load_u(u));
    if element < params.batch * n {
        activate_jet(s, u, y, n);
    }
}
